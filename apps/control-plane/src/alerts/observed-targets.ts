import type { Clock } from 'loadline/base';
import { isLoadlineError } from 'loadline/base';
import { Histogram } from 'loadline/metrics';
import { judgeTargets, type Observed, targetPresets } from 'loadline/monitoring';
import { type Metrics, type Summary, scaleOf } from 'loadline/store';
import { type JudgedTargetsView, timeOf } from '../contract/index.ts';
import { tooMany } from '../problems/index.ts';

const minuteMs = 60_000;
const windowMs = 5 * minuteMs;
const metricsAsked = [
  'latency_ms',
  'requests',
  'errors',
  'database_query_ms',
  'database_connections',
  'database_connections_max',
  'cache_hits',
  'cache_lookups',
  'memory_bytes',
];

/** Holds services against targets, over the last five minutes and what is more to a whole one. */
export async function judgeServices(
  { metrics, clock }: { readonly metrics: Pick<Metrics, 'summaries'>; readonly clock: Clock },
  { preset, service }: { readonly preset: keyof typeof targetPresets; readonly service?: string | undefined },
): Promise<JudgedTargetsView> {
  const toMs = clock.now();
  const fromMs = Math.floor((toMs - windowMs) / minuteMs) * minuteMs;
  const window = { fromMs, toMs, hasWholeMinutes: true };
  const only = service === undefined ? {} : { service };
  const summaries = await orTooMuch(metrics.summaries({ metrics: metricsAsked, ...window, ...only }));
  const services = [...Map.groupBy(summaries, ({ series }) => series.service)];
  return {
    preset,
    from: timeOf(fromMs),
    to: timeOf(toMs),
    items: services
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, own]) => ({
        service: name,
        targets: judgeTargets(targetPresets[preset], observedOf(own)).map(
          ({ target: { metric, limit, direction }, verdict, measured, reason }) => ({
            metric,
            limit,
            direction,
            verdict,
            ...(measured === undefined ? {} : { measured }),
            ...(reason === undefined ? {} : { reason }),
          }),
        ),
      })),
  };
}

async function orTooMuch<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    if (!isLoadlineError(error, 'STORE_QUERY_TOO_LARGE')) throw error;
    throw tooMany('Too much was measured to be judged at once; name a service.', 60);
  }
}

/** What was seen of one service. What was not measured is left out. Pure. */
function observedOf(summaries: readonly Summary[]): Observed {
  const of = (metric: string): readonly Summary[] =>
    summaries.filter(({ series }) => series.metric === metric);
  const latency = quantilesOf(of('latency_ms'));
  const query = quantilesOf(of('database_query_ms'));
  const requests = sumOf(of('requests'));
  // Who counts its requests and shows no error has had none.
  const errors = requests === undefined ? undefined : (sumOf(of('errors')) ?? 0);
  const memory = of('memory_bytes').map(({ last }) => last);
  return withoutAbsent({
    latencyMsP50: latency?.(0.5),
    latencyMsP95: latency?.(0.95),
    latencyMsP99: latency?.(0.99),
    latencyMsP999: latency?.(0.999),
    ratePerSecond: requests,
    errorRatio: ratioOf(errors, requests),
    databaseQueryMsP95: query?.(0.95),
    databaseConnectionRatio: ratioOf(
      sumOf(of('database_connections')),
      sumOf(of('database_connections_max')),
    ),
    cacheHitRatio: ratioOf(sumOf(of('cache_hits')), sumOf(of('cache_lookups'))),
    instanceMemoryBytes: memory.length === 0 ? undefined : Math.max(...memory),
  });
}

function quantilesOf(summaries: readonly Summary[]): ((quantile: number) => number) | undefined {
  if (summaries.length === 0) return undefined;
  const merged = new Histogram();
  for (const { histogram } of summaries) merged.merge(histogram);
  const most = Math.max(...summaries.map(({ max }) => max));
  return (quantile) => Math.min(most, merged.quantile(quantile) * scaleOf('ms'));
}

/** Of each series the mean: rates and gauges of several instances add up to their service's. */
function sumOf(summaries: readonly Summary[]): number | undefined {
  return summaries.length === 0 ? undefined : summaries.reduce((sum, { mean }) => sum + mean, 0);
}

function ratioOf(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || whole === 0 ? undefined : part / whole;
}

function withoutAbsent<Values extends object>(values: Values): { [Key in keyof Values]: number } {
  const present = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as { [Key in keyof Values]: number };
}
