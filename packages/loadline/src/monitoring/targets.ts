/** A number that a service promises, in the units of the code: milliseconds, ratios from 0 to 1, rates a second. */
export interface Target {
  readonly metric: TargetMetric;
  readonly limit: number;
  /** Throughput and hit ratio are bad when they fall; all else when it rises. */
  readonly direction: 'at most' | 'at least';
}

export type TargetMetric =
  | 'latencyMsP50'
  | 'latencyMsP95'
  | 'latencyMsP99'
  | 'ratePerSecond'
  | 'errorRatio'
  | 'databaseQueryMsP95'
  | 'databaseConnectionRatio'
  | 'cacheHitRatio';

/** Targets under a name; the digits that the documents go by are not used in the project. */
export const targetPresets: { readonly foodshare: readonly Target[] } = {
  /** A food-sharing platform: 1,000 requests/s, half of them within half a second. */
  foodshare: [
    { metric: 'latencyMsP50', limit: 500, direction: 'at most' },
    { metric: 'latencyMsP95', limit: 1500, direction: 'at most' },
    { metric: 'latencyMsP99', limit: 2000, direction: 'at most' },
    { metric: 'errorRatio', limit: 0.001, direction: 'at most' },
    { metric: 'ratePerSecond', limit: 1000, direction: 'at least' },
    { metric: 'databaseQueryMsP95', limit: 100, direction: 'at most' },
    { metric: 'databaseConnectionRatio', limit: 0.8, direction: 'at most' },
    { metric: 'cacheHitRatio', limit: 0.85, direction: 'at least' },
  ],
};

/** What was measured, and what it cannot say: a metric is either a number or the reason why there is none. */
export type Observed = Readonly<Partial<Record<TargetMetric, number | { readonly notApplicable: string }>>>;

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
