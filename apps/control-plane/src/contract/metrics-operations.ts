import { chartQuerySchema, seriesQuerySchema } from './metrics-schemas.ts';

/** What is measured now. */
export const metricsOperations = {
  getMetrics: {
    method: 'GET',
    path: '/performance/metrics',
    tag: 'Metrics',
    summary: 'What every service is doing now, and how well it is',
    description:
      'Of the last minute; web vitals and speed ratings of the last hour. What nobody measures is absent. Answered from memory.',
    query: {
      type: 'object',
      additionalProperties: false,
      properties: {
        service: { type: 'string', minLength: 1, maxLength: 100, description: 'Only this one.' },
        by: {
          type: 'string',
          enum: ['service', 'instance'],
          default: 'service',
          description: '`instance`: with each instance of a service besides.',
        },
        apdexTargetMs: {
          type: 'integer',
          minimum: 1,
          maximum: 60_000,
          default: 500,
          description: 'Who is answered within it is satisfied, within four times of it tolerating.',
        },
      },
    },
    responses: { 200: { description: 'By name.', schema: { $ref: 'MetricsNow' } } },
  },
  listMetricNames: {
    method: 'GET',
    path: '/performance/metrics/names',
    tag: 'Metrics',
    summary: 'List the metrics that something is remembered of, custom ones among them',
    query: {
      type: 'object',
      additionalProperties: false,
      properties: {
        limit: { type: 'integer', minimum: 1, maximum: 1000, default: 200 },
        // A name of 200 characters has up to 600 bytes.
        cursor: { type: 'string', maxLength: 800, description: 'The `nextCursor` of the page before.' },
        service: { type: 'string', minLength: 1, maxLength: 100, description: 'Only those that it has.' },
        prefix: { type: 'string', minLength: 1, maxLength: 200 },
      },
    },
    responses: { 200: { description: 'A page, by name.', schema: { $ref: 'MetricNamePage' } } },
  },
} as const;

/** What was measured over time: figures that are looked at together. */
export const chartOperations: {
  readonly getCpuMetrics: Chart<'/performance/metrics/cpu'>;
  readonly getMemoryMetrics: Chart<'/performance/metrics/memory'>;
  readonly getNetworkMetrics: Chart<'/performance/metrics/network'>;
  readonly getDatabaseMetrics: Chart<'/performance/metrics/database'>;
  readonly getCacheMetrics: Chart<'/performance/metrics/cache'>;
  readonly getEventLoopMetrics: Chart<'/performance/metrics/event-loop'>;
  readonly getRequestMetrics: Chart<'/performance/metrics/requests'>;
  readonly getWebVitalMetrics: Chart<'/performance/metrics/web-vitals'>;
  readonly getMetricSeries: Chart<'/performance/metrics/series', typeof seriesQuerySchema>;
} = {
  getCpuMetrics: chartOf(
    '/performance/metrics/cpu',
    'CPU over time',
    '`cpuRatio`, the mean of instances, of one core each.',
  ),
  getMemoryMetrics: chartOf(
    '/performance/metrics/memory',
    'Memory over time',
    'In all: `memoryBytes`, `heapBytes`, `heapLimitBytes`, `heapAfterCollectionBytes`; the mean of instances: `memoryRatio` of what each may take.',
  ),
  getNetworkMetrics: chartOf(
    '/performance/metrics/network',
    'Network over time',
    'In all, of the servers: `receivedBytesPerSecond`, `sentBytesPerSecond`, `connections`; of the machines that they run on, the mean of what instances see: `machineReceivedBytesPerSecond`, `machineSentBytesPerSecond`.',
  ),
  getDatabaseMetrics: chartOf(
    '/performance/metrics/database',
    'Databases over time',
    'As services see them: `queryMs`; `connections` and `connectionsMax` in all; as databases tell themselves: `activeConnections`, `idleInTransactionConnections`, `lockWaits`, `transactionsPerSecond`, `rollbackRatio`, `hitRatio`, `deadlocks`, `temporaryBytesPerSecond`, `databaseBytes`, `longestTransactionMs`, `replicaLagMs`.',
  ),
  getCacheMetrics: chartOf(
    '/performance/metrics/cache',
    'Caches over time',
    '`hitRatio`, and in all: `hitsPerSecond`, `lookupsPerSecond`, `evictionsPerSecond`, `expirationsPerSecond`, `commandsPerSecond`.',
  ),
  getEventLoopMetrics: chartOf(
    '/performance/metrics/event-loop',
    'Event loops over time',
    '`activeRatio`, the mean of instances; `lagMs`, how late the loop came by; `collectionPauseMs`.',
  ),
  getRequestMetrics: chartOf(
    '/performance/metrics/requests',
    'Requests over time',
    '`latencyMs`, also by endpoint; in all: `requestsPerSecond`, `errorsPerSecond`, `requestsInFlight`; `errorRatio`; `activeUsers`, signed in within the last five minutes.',
  ),
  getWebVitalMetrics: chartOf(
    '/performance/metrics/web-vitals',
    'What browsers saw over time',
    'By page where that is asked for, as `endpoint`: `lcpMs`, `inpMs`, `fidMs`, `fcpMs`, `ttfbMs`, `cls`; `fastRatio` of those who said how fast they found a page.',
  ),
  getMetricSeries: {
    ...chartOf('/performance/metrics/series', 'One metric over time, by its name', 'Also a custom one.'),
    query: seriesQuerySchema,
  },
};

interface Chart<Path extends string, Query = typeof chartQuerySchema> {
  readonly method: 'GET';
  readonly path: Path;
  readonly tag: 'Metrics';
  readonly summary: string;
  readonly description: string;
  readonly query: Query;
  readonly responses: {
    readonly 200: { readonly description: string; readonly schema: { readonly $ref: 'MetricsChart' } };
  };
}

function chartOf<Path extends string>(path: Path, summary: string, description: string): Chart<Path> {
  return {
    method: 'GET',
    path,
    tag: 'Metrics',
    summary,
    description,
    query: chartQuerySchema,
    responses: {
      200: {
        description: 'A point a step; a step without a value has none.',
        schema: { $ref: 'MetricsChart' },
      },
    },
  };
}
