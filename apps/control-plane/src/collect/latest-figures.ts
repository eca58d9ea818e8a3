import type { Sample } from 'loadline/store';

/** What an instance said last, by metric; distributions and what is told by endpoint are left out. Pure. */
export function latestFiguresOf(samples: readonly Sample[]): ReadonlyMap<string, number> {
  const figures = new Map<string, number>();
  for (const { series, value } of samples) {
    if (typeof value !== 'number' || series.endpoint !== undefined || !keptMetrics.has(series.metric))
      continue;
    figures.set(series.metric, value);
  }
  return figures;
}

/** Names come from strangers: only what is asked for is kept. */
const keptMetrics: ReadonlySet<string> = new Set([
  'cpu_ratio',
  'memory_bytes',
  'memory_ratio',
  'heap_bytes',
  'heap_limit_bytes',
  'event_loop_ratio',
  'network_received',
  'network_sent',
  'system_network_received',
  'system_network_sent',
  'connections',
  'requests_in_flight',
  'requests',
  'errors',
  'database_connections',
  'database_connections_max',
  'database_connections_active',
  'database_transactions',
  'database_hit_ratio',
  'database_bytes',
  'cache_hits',
  'cache_lookups',
  'queue_depth',
]);
