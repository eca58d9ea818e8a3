import type { Clock } from '../../base/index.ts';
import type { RetryBudget } from '../../resilience/index.ts';
import type { Connections } from './connections.ts';
import type { ProxyLimits, RetryPolicy } from './options.ts';
import type { ProxyMetrics } from './proxy-metrics.ts';
import type { Sweep } from './sweep.ts';
import type { Upstreams } from './upstreams.ts';
import type { WaitingLine } from './waiting-line.ts';

/** What everything in one proxy shares. */
export interface ProxyParts {
  readonly clock: Clock;
  readonly limits: ProxyLimits;
  readonly retry: RetryPolicy;
  readonly hedgeAfterMs: number | undefined;
  readonly trustsForwarded: boolean;
  /** Infinity for no limit. */
  readonly deadlineMs: number;
  readonly budget: RetryBudget;
  readonly metrics: ProxyMetrics;
  readonly sweep: Sweep;
  readonly upstreams: Upstreams;
  readonly line: WaitingLine;
  readonly connections: Connections;
}
