import {
  type AlertLimit,
  type AlertRule,
  type AlertStatistic,
  type AlertUnit,
  hysteresisDefault,
  resolveLimitOf,
  severities,
} from './rule.ts';
import { type Target, type TargetMetric, targetPresets } from './targets.ts';

interface Source {
  readonly name: string;
  readonly metric: string;
  readonly of: string | undefined;
  readonly statistic: AlertStatistic;
  readonly unit: AlertUnit;
  readonly says: string;
}

/** What is read for a target. */
const sources: Readonly<Partial<Record<TargetMetric, Source>>> = {
  latencyMsP50: latency(50, 'Half of the requests take longer than'),
  latencyMsP95: latency(95, 'One request in 20 takes longer than'),
  latencyMsP99: latency(99, 'One request in 100 takes longer than'),
  errorRatio: {
    name: 'errors',
    metric: 'errors',
    of: 'requests',
    statistic: 'ratio',
    unit: 'ratio',
    says: 'Of the requests there fail',
  },
  ratePerSecond: {
    name: 'throughput',
    metric: 'requests',
    of: undefined,
    statistic: 'rate',
    unit: 'number',
    says: 'Requests a second are',
  },
  databaseQueryMsP95: {
    name: 'database-query-p95',
    metric: 'database_query_ms',
    of: undefined,
    statistic: 'p95',
    unit: 'ms',
    says: 'One query in 20 takes longer than',
  },
  databaseConnectionRatio: {
    name: 'database-connections',
    metric: 'database_connections',
    of: 'database_connections_max',
    statistic: 'ratio',
    unit: 'ratio',
    says: 'Of the database’s connections there are in use',
  },
  cacheHitRatio: {
    name: 'cache-hits',
    metric: 'cache_hits',
    of: 'cache_lookups',
    statistic: 'ratio',
    unit: 'ratio',
    says: 'Of the look-ups the cache answers',
  },
};

/** Rules under a name, which an alert file takes in by `use`. */
export const alertRulePresets: { readonly foodshare: readonly AlertRule[] } = {
  /** A rule for each target of the food-sharing platform, with its thresholds: a minute beyond one of them. */
  foodshare: targetPresets.foodshare.flatMap(ruleOf),
};

function ruleOf({ metric, direction: good, thresholds }: Target): AlertRule[] {
  const source = sources[metric];
  if (source === undefined || thresholds === undefined) return [];
  const { says, ...what } = source;
  const direction = good === 'at most' ? 'above' : 'below';
  const limits = severities.map((severity): AlertLimit => {
    const limit = thresholds[severity];
    const resolveLimit = resolveLimitOf(limit, { direction, unit: what.unit, hysteresis: hysteresisDefault });
    return { severity, limit, resolveLimit };
  });
  return [
    {
      ...what,
      match: {},
      windowMs: 60_000,
      direction,
      limits,
      forMs: 60_000,
      missing: 'keep',
      labels: {},
      runbook: undefined,
      summary: `${says} {{value}}, {{direction}} {{limit}}`,
    },
  ];
}

function latency(percentile: number, says: string): Source {
  return {
    name: `latency-p${percentile}`,
    metric: 'latency_ms',
    of: undefined,
    statistic: `p${percentile}`,
    unit: 'ms',
    says,
  };
}
