import type { CacheSeen, ServiceSeen } from 'loadline/advice';
import type { TimeWindow } from 'loadline/metrics';
import type { Latest, Line, Store } from 'loadline/store';
import { servicePlace } from './places.ts';

/** Fewer values of a metric say nothing of a service. */
const valuesMin = 5;
const stepMs = 60_000;
/** Who has not said anything for so long is not there any more. */
const presentMs = 120_000;
/** Of the food-sharing platform's targets. */
const cacheHitRatioTarget = 0.85;

/** What was measured of every service that is watched, or says anything of itself. */
export async function readServices(
  metrics: Store['metrics'],
  window: TimeWindow,
  watched: readonly { readonly service: string }[],
): Promise<readonly ServiceSeen[]> {
  const meansOf = async (metric: string, unit: string): Promise<ReadonlyMap<string, number>> => {
    const { lines } = await metrics.series({ metric, unit, ...window, stepMs, by: 'service' });
    return new Map(lines.flatMap((line) => (countOf(line) < valuesMin ? [] : [[line.name, meanOf(line)]])));
  };
  const latestOf = (metric: string): Promise<readonly Latest[]> =>
    metrics.latest({ metric, sinceMs: window.toMs - presentMs });
  const [cpu, loop, hits, lookups, present, used, limits] = await Promise.all([
    meansOf('cpu_ratio', 'ratio'),
    meansOf('event_loop_ratio', 'ratio'),
    meansOf('cache_hits', 'per second'),
    meansOf('cache_lookups', 'per second'),
    latestOf('cpu_ratio'),
    latestOf('heap_bytes'),
    latestOf('heap_limit_bytes'),
  ]);
  const reporting = countBy(present.map(({ series }) => series.service));
  const known = countBy(watched.map(({ service }) => service));
  return [...new Set([...reporting.keys(), ...known.keys()])].toSorted().map((service): ServiceSeen => {
    const eventLoopRatio = loop.get(service);
    const cpuRatio = cpu.get(service);
    const memory = fullest(service, used, limits);
    const cache = cacheOf(hits.get(service), lookups.get(service), window);
    return {
      component: `service ${service}`,
      window,
      source: servicePlace(service),
      // The means are of those that report.
      instances: reporting.get(service) ?? known.get(service) ?? 0,
      ...(eventLoopRatio === undefined ? {} : { eventLoopRatio }),
      ...(cpuRatio === undefined ? {} : { cpuRatio }),
      ...(memory === undefined ? {} : { memory }),
      ...(cache === undefined ? {} : { cache }),
    };
  });
}

function countBy(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]));
}

function countOf({ points }: Line): number {
  return points.reduce((sum, { count }) => sum + count, 0);
}

function meanOf(line: Line): number {
  return line.points.reduce((sum, { mean, count }) => sum + mean * count, 0) / countOf(line);
}

/** The heap of the instance that has least left. */
function fullest(
  service: string,
  used: readonly Latest[],
  limits: readonly Latest[],
): ServiceSeen['memory'] | undefined {
  const found = used
    .filter(({ series }) => series.service === service)
    .flatMap(({ series, value: usedBytes }) => {
      const limit = limits.find(
        (each) => each.series.service === service && each.series.instance === series.instance,
      );
      return limit === undefined || limit.value <= 0 ? [] : [{ usedBytes, limitBytes: limit.value }];
    });
  return found.toSorted((a, b) => b.usedBytes / b.limitBytes - a.usedBytes / a.limitBytes)[0];
}

/** Rates over the window, as counts of it. */
function cacheOf(
  hitsPerSecond: number | undefined,
  lookupsPerSecond: number | undefined,
  { fromMs, toMs }: TimeWindow,
): CacheSeen | undefined {
  if (lookupsPerSecond === undefined || lookupsPerSecond === 0) return undefined;
  const seconds = (toMs - fromMs) / 1000;
  const hits = Math.min(lookupsPerSecond, hitsPerSecond ?? 0) * seconds;
  return { hits, misses: lookupsPerSecond * seconds - hits, hitRatioTarget: cacheHitRatioTarget };
}
