import { createHistogram, type Histogram } from 'loadline/metrics';
import { apdex, judgeVital, vitalNames } from 'loadline/observe';
import { scaleOf } from 'loadline/store';
import type { ServiceNow } from '../contract/index.ts';
import { type Figures, present, ratioOf } from './figures-now.ts';
import type { Recent } from './seen.ts';

/** Of times in milliseconds. */
export function distributionOf(histogram: Histogram | undefined): ServiceNow['latencyMs'] {
  if (histogram === undefined) return undefined;
  const at = (quantile: number): number => histogram.quantile(quantile) * scaleOf('ms');
  return { count: histogram.count, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

export function networkOf(figures: Figures): ServiceNow['network'] {
  return orNone({
    receivedBytesPerSecond: figures.sum('network_received'),
    sentBytesPerSecond: figures.sum('network_sent'),
    connections: figures.sum('connections'),
    // Instances on one machine see the same: in all they would count it again and again.
    machineReceivedBytesPerSecond: figures.mean('system_network_received'),
    machineSentBytesPerSecond: figures.mean('system_network_sent'),
  });
}

export function databaseOf(figures: Figures, recent: Recent): ServiceNow['database'] {
  return orNone({
    queryMs: distributionOf(recent.histogram('database_query_ms')),
    connections: figures.sum('database_connections'),
    connectionsMax: figures.sum('database_connections_max'),
    activeConnections: figures.sum('database_connections_active'),
    transactionsPerSecond: figures.sum('database_transactions'),
    hitRatio: figures.mean('database_hit_ratio'),
    bytes: figures.sum('database_bytes'),
  });
}

export function cacheOf(recent: Recent): ServiceNow['cache'] {
  const lookupsPerSecond = recent.perSecond('cache_lookups');
  const hitsPerSecond = lookupsPerSecond === undefined ? undefined : (recent.perSecond('cache_hits') ?? 0);
  return orNone({ hitRatio: ratioOf(hitsPerSecond, lookupsPerSecond), hitsPerSecond, lookupsPerSecond });
}

/** Each by its 75th percentile, as the Web Vitals are. */
export function vitalsOf(recent: Recent): ServiceNow['webVitals'] {
  const judged = vitalNames.flatMap((name) => {
    const histogram = recent.histogram(`web_vital_${name}`);
    const verdict =
      histogram === undefined
        ? undefined
        : judgeVital(name, histogram, scaleOf(name === 'cls' ? 'ratio' : 'ms'));
    if (verdict === undefined) return [];
    const { goodShare: goodRatio, ...rest } = verdict;
    return [[name, { ...rest, goodRatio }] as const];
  });
  return judged.length === 0 ? undefined : Object.fromEntries(judged);
}

export function ratingsOf(recent: Recent): ServiceNow['speedRatings'] {
  // Counted as rates, which are seldom whole when they are counts again.
  const [count, fast] = [recent.total('web_speed_ratings'), recent.total('web_speed_fast')].map(Math.round);
  return count ? { count, fastRatio: (fast ?? 0) / count } : undefined;
}

/**
 * Who got a failure is frustrated, however quick it was. Where durations do not tell failures apart, there are more of them and
 * failures together than requests: those count as the quickest, so that the score never flatters.
 */
export function apdexOf(recent: Recent, targetMs: number): ServiceNow['apdex'] {
  const answered = recent.histogram('answered_ms') ?? createHistogram();
  const failed = Math.round(recent.total('errors'));
  const requests = Math.round(recent.total('requests'));
  const twice = requests === 0 ? 0 : Math.min(failed, Math.max(0, answered.count + failed - requests));
  const target = Math.round(targetMs / scaleOf('ms'));
  const told = apdex(answered, { target, failed: failed - twice });
  const all = told.satisfied + told.tolerating + told.frustrated;
  if (all === 0) return undefined;
  const satisfied = Math.max(0, told.satisfied - twice);
  const tolerating = Math.max(0, told.tolerating - Math.max(0, twice - told.satisfied));
  const frustrated = all - satisfied - tolerating;
  return { score: (satisfied + tolerating / 2) / all, targetMs, satisfied, tolerating, frustrated };
}

function orNone<Values extends object>(values: Values): ReturnType<typeof present<Values>> | undefined {
  const known = present(values);
  return Object.keys(known).length === 0 ? undefined : known;
}
