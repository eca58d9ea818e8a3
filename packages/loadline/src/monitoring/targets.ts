/** A number that a service promises, in the units of the code: milliseconds, bytes, ratios from 0 to 1, rates a second. */
export interface Target {
  readonly metric: TargetMetric;
  readonly limit: number;
  /** Throughput and hit ratio are bad when they fall; all else when it rises. */
  readonly direction: 'at most' | 'at least';
  /** From where on somebody should look, and from where on at once; in the same direction as the limit. */
  readonly thresholds?: { readonly warning: number; readonly critical: number };
}

/** What a service can promise. `ratePerSecond` is what it bears at its peak, `ratePerSecondSustained` for long. */
export type TargetMetric =
  | 'latencyMsP50'
  | 'latencyMsP95'
  | 'latencyMsP99'
  | 'latencyMsP999'
  | 'ratePerSecond'
  | 'ratePerSecondSustained'
  | 'errorRatio'
  | 'databaseQueryMsP95'
  | 'databaseConnectionRatio'
  | 'cacheHitRatio'
  | 'externalCallMsP95'
  | 'instanceMemoryBytes';

/** Targets under a name; the digits that the documents go by are not used in the project. */
export const targetPresets: {
  readonly foodshare: readonly Target[];
  readonly enterprise: readonly Target[];
  readonly wedding: readonly Target[];
  readonly guide: readonly Target[];
} = {
  /**
   * A food-sharing platform: 1,000 requests/s, half of them within half a second. Its thresholds for response times
   * name no percentile. The warning at one second lies beyond the median's target alone: at p95 or p99 it would warn
   * of a service that keeps its promise. So these two warn where they miss it. Connections have a target only; where
   * the last of them is near is for us to say.
   */
  foodshare: [
    {
      metric: 'latencyMsP50',
      limit: 500,
      direction: 'at most',
      thresholds: { warning: 1000, critical: 2500 },
    },
    {
      metric: 'latencyMsP95',
      limit: 1500,
      direction: 'at most',
      thresholds: { warning: 1500, critical: 2500 },
    },
    {
      metric: 'latencyMsP99',
      limit: 2000,
      direction: 'at most',
      thresholds: { warning: 2000, critical: 2500 },
    },
    {
      metric: 'errorRatio',
      limit: 0.001,
      direction: 'at most',
      thresholds: { warning: 0.01, critical: 0.05 },
    },
    {
      metric: 'ratePerSecond',
      limit: 1000,
      direction: 'at least',
      thresholds: { warning: 800, critical: 500 },
    },
    {
      metric: 'databaseQueryMsP95',
      limit: 100,
      direction: 'at most',
      thresholds: { warning: 200, critical: 500 },
    },
    {
      metric: 'databaseConnectionRatio',
      limit: 0.8,
      direction: 'at most',
      thresholds: { warning: 0.8, critical: 0.95 },
    },
    {
      metric: 'cacheHitRatio',
      limit: 0.85,
      direction: 'at least',
      thresholds: { warning: 0.7, critical: 0.5 },
    },
  ],
  /** An enterprise system: 10,000 requests/s, 95 of 100 within 50 ms. */
  enterprise: [
    { metric: 'latencyMsP95', limit: 50, direction: 'at most' },
    { metric: 'ratePerSecond', limit: 10_000, direction: 'at least' },
    { metric: 'databaseQueryMsP95', limit: 10, direction: 'at most' },
    { metric: 'instanceMemoryBytes', limit: 512_000_000, direction: 'at most' },
  ],
  /** A wedding platform on a Saturday in June. */
  wedding: [
    { metric: 'latencyMsP95', limit: 200, direction: 'at most' },
    { metric: 'ratePerSecond', limit: 1000, direction: 'at least' },
    { metric: 'errorRatio', limit: 0.001, direction: 'at most' },
    { metric: 'databaseQueryMsP95', limit: 50, direction: 'at most' },
  ],
  /** A design guide: four percentiles, and a peak of twice what must be held for long. */
  guide: [
    { metric: 'latencyMsP50', limit: 100, direction: 'at most' },
    { metric: 'latencyMsP95', limit: 200, direction: 'at most' },
    { metric: 'latencyMsP99', limit: 500, direction: 'at most' },
    { metric: 'latencyMsP999', limit: 1000, direction: 'at most' },
    { metric: 'ratePerSecond', limit: 10_000, direction: 'at least' },
    { metric: 'ratePerSecondSustained', limit: 5000, direction: 'at least' },
    { metric: 'databaseQueryMsP95', limit: 50, direction: 'at most' },
    { metric: 'externalCallMsP95', limit: 500, direction: 'at most' },
  ],
};

/** What was measured, and what it cannot say: a metric is either a number or the reason why there is none. */
export type Observed = Readonly<Partial<Record<TargetMetric, number | { readonly notApplicable: string }>>>;

/** What became of one target. `measured` is in the unit of its metric; undefined where it is not applicable. */
export interface JudgedTarget {
  readonly target: Target;
  readonly verdict: 'met' | 'missed' | 'not applicable';
  readonly measured: number | undefined;
  /** Why it is not applicable. */
  readonly reason: string | undefined;
}

/** Holds what was observed against targets. Pure; what was not observed is not applicable, never met. */
export function judgeTargets(targets: readonly Target[], observed: Observed): JudgedTarget[] {
  return targets.map((target) => {
    const found = observed[target.metric];
    if (typeof found !== 'number' || Number.isNaN(found)) {
      return { target, verdict: 'not applicable', measured: undefined, reason: reasonOf(found) };
    }
    const isMet = target.direction === 'at most' ? found <= target.limit : found >= target.limit;
    return { target, verdict: isMet ? 'met' : 'missed', measured: found, reason: undefined };
  });
}

function reasonOf(found: Observed[TargetMetric]): string {
  if (typeof found === 'number') return 'the measurement is not a number';
  return found?.notApplicable ?? 'not measured here';
}
