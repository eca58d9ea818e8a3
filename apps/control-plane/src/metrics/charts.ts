/** One of the figures of a chart. */
export type Figure = MeasuredFigure | RatioFigure;

/** What was measured under a name. */
export interface MeasuredFigure {
  readonly name: string;
  readonly metric: string;
  /** Absent: whatever it is measured in. */
  readonly unit?: string | undefined;
  /** How a line is made of several series. */
  readonly combine: 'merge' | 'sum';
  /** Whether histograms are kept of it, which quantiles are made of. */
  readonly isDistribution?: true;
}

/** One sum in relation to another. */
export interface RatioFigure {
  readonly name: string;
  readonly part: string;
  readonly whole: string;
  /** Of both. */
  readonly unit: string;
}

export type ChartName =
  | 'cpu'
  | 'memory'
  | 'network'
  | 'database'
  | 'cache'
  | 'event-loop'
  | 'requests'
  | 'web-vitals';

/** Figures that are looked at together. */
export const charts: Readonly<Record<ChartName, readonly Figure[]>> = {
  cpu: [merged('cpuRatio', 'cpu_ratio', 'ratio')],
  memory: [
    added('memoryBytes', 'memory_bytes', 'bytes'),
    added('heapBytes', 'heap_bytes', 'bytes'),
    added('heapLimitBytes', 'heap_limit_bytes', 'bytes'),
    added('heapAfterCollectionBytes', 'heap_after_collection_bytes', 'bytes'),
    merged('memoryRatio', 'memory_ratio', 'ratio'),
  ],
  network: [
    added('receivedBytesPerSecond', 'network_received', 'bytes/s'),
    added('sentBytesPerSecond', 'network_sent', 'bytes/s'),
    added('connections', 'connections', 'count'),
    // Instances on one machine see the same: in all they would count it again and again.
    merged('machineReceivedBytesPerSecond', 'system_network_received', 'bytes/s'),
    merged('machineSentBytesPerSecond', 'system_network_sent', 'bytes/s'),
  ],
  database: [
    distributed('queryMs', 'database_query_ms'),
    added('connections', 'database_connections', 'count'),
    added('connectionsMax', 'database_connections_max', 'count'),
    added('activeConnections', 'database_connections_active', 'count'),
    added('idleInTransactionConnections', 'database_connections_idle_in_transaction', 'count'),
    added('lockWaits', 'database_lock_waits', 'count'),
    added('transactionsPerSecond', 'database_transactions', 'per second'),
    merged('rollbackRatio', 'database_rollback_ratio', 'ratio'),
    merged('hitRatio', 'database_hit_ratio', 'ratio'),
    added('deadlocks', 'database_deadlocks', 'count'),
    added('temporaryBytesPerSecond', 'database_temporary_bytes', 'bytes/s'),
    added('databaseBytes', 'database_bytes', 'bytes'),
    merged('longestTransactionMs', 'database_longest_transaction_ms', 'ms'),
    merged('replicaLagMs', 'database_replica_lag_ms', 'ms'),
  ],
  cache: [
    { name: 'hitRatio', part: 'cache_hits', whole: 'cache_lookups', unit: 'per second' },
    added('hitsPerSecond', 'cache_hits', 'per second'),
    added('lookupsPerSecond', 'cache_lookups', 'per second'),
    added('evictionsPerSecond', 'cache_evictions', 'per second'),
    added('expirationsPerSecond', 'cache_expirations', 'per second'),
    added('commandsPerSecond', 'cache_commands', 'per second'),
  ],
  'event-loop': [
    merged('activeRatio', 'event_loop_ratio', 'ratio'),
    distributed('lagMs', 'event_loop_lag_ms'),
    distributed('collectionPauseMs', 'collection_pause_ms'),
  ],
  requests: [
    distributed('latencyMs', 'latency_ms'),
    added('requestsPerSecond', 'requests', 'rps'),
    added('errorsPerSecond', 'errors', 'rps'),
    { name: 'errorRatio', part: 'errors', whole: 'requests', unit: 'rps' },
    added('requestsInFlight', 'requests_in_flight', 'count'),
    merged('activeUsers', 'active_users', 'count'),
  ],
  'web-vitals': [
    distributed('lcpMs', 'web_vital_lcp'),
    distributed('inpMs', 'web_vital_inp'),
    distributed('fidMs', 'web_vital_fid'),
    distributed('fcpMs', 'web_vital_fcp'),
    distributed('ttfbMs', 'web_vital_ttfb'),
    distributed('cls', 'web_vital_cls', 'ratio'),
    { name: 'fastRatio', part: 'web_speed_fast', whole: 'web_speed_ratings', unit: 'per second' },
  ],
};

function merged(name: string, metric: string, unit: string): MeasuredFigure {
  return { name, metric, unit, combine: 'merge' };
}

function added(name: string, metric: string, unit: string): MeasuredFigure {
  return { name, metric, unit, combine: 'sum' };
}

function distributed(name: string, metric: string, unit = 'ms'): MeasuredFigure {
  return { name, metric, unit, combine: 'merge', isDistribution: true };
}
