import type { CacheSeen, ServiceSeen } from 'loadline/advice';
import { isLoadlineError } from 'loadline/base';
import type { TimeWindow } from 'loadline/metrics';
import type { Latest, Store } from 'loadline/store';
import { readEndpoints } from './endpoints-seen.ts';
import type { LeaksSeen } from './leaks-seen.ts';
import { servicePlace } from './places.ts';
import { readPools } from './pools-seen.ts';
import { createServiceFigures } from './service-figures.ts';

/** Who has not said anything for so long is not there any more. */
const presentMs = 120_000;
/** Of the food-sharing platform's targets. */
const cacheHitRatioTarget = 0.85;

/** What was measured of every service that is watched, or says anything of itself. */
export async function readServices(
  metrics: Store['metrics'],
  window: TimeWindow,
  {
    watched,
    leaks,
  }: { readonly watched: readonly { readonly service: string }[]; readonly leaks: LeaksSeen },
): Promise<readonly ServiceSeen[]> {
  const figures = createServiceFigures(metrics, window);
  const { meansOf } = figures;
  const latestOf = (metric: string): Promise<readonly Latest[]> =>
    metrics.latest({ metric, sinceMs: window.toMs - presentMs });
  const [cpu, loop, hits, lookups, present, heap, memory, pools, endpoints] = await Promise.all([
    meansOf('cpu_ratio', 'ratio'),
    meansOf('event_loop_ratio', 'ratio'),
    meansOf('cache_hits', 'per second'),
    meansOf('cache_lookups', 'per second'),
    latestOf('cpu_ratio'),
    Promise.all([latestOf('heap_bytes'), latestOf('heap_limit_bytes')]),
    Promise.all([latestOf('memory_bytes'), latestOf('memory_limit_bytes')]),
    orNone(readPools(figures)),
    orNone(readEndpoints(figures)),
  ]);
  const reporting = countBy(present.map(({ series }) => series.service));
  const known = countBy(watched.map(({ service }) => service));
  const services = [...new Set([...reporting.keys(), ...known.keys()])].toSorted();
  const found = await Promise.all(services.map((service) => orAbsent(leaks(service))));
  return services.map((service, index): ServiceSeen => {
    const leak = found[index];
    const pool = pools.get(service);
    const ownEndpoints = endpoints.get(service);
    const eventLoopRatio = loop.get(service);
    const cpuRatio = cpu.get(service);
    const least = fuller(fullest(service, ...heap), fullest(service, ...memory));
    const cache = cacheOf(hits.get(service), lookups.get(service), window);
    return {
      component: `service ${service}`,
      window,
      source: servicePlace(service),
      // The means are of those that report.
      instances: reporting.get(service) ?? known.get(service) ?? 0,
      ...(eventLoopRatio === undefined ? {} : { eventLoopRatio }),
      ...(cpuRatio === undefined ? {} : { cpuRatio }),
      ...(least === undefined ? {} : { memory: least }),
      ...(leak === undefined ? {} : { leak }),
      ...(pool === undefined ? {} : { pool }),
      ...(cache === undefined ? {} : { cache }),
      ...(ownEndpoints === undefined ? {} : { endpoints: ownEndpoints }),
    };
  });
}

function countBy(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]));
}

/** What is too much to be read is told as not measured. */
async function orAbsent<Value>(read: Promise<Value>): Promise<Value | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isLoadlineError(error, 'STORE_QUERY_TOO_LARGE')) return undefined;
    throw error;
  }
}

async function orNone<Value>(read: Promise<ReadonlyMap<string, Value>>): Promise<ReadonlyMap<string, Value>> {
  return (await orAbsent(read)) ?? new Map();
}

type MemorySeen = NonNullable<ServiceSeen['memory']>;

/** Of heap and RAM what is nearer to its limit: either of them ends the process. */
function fuller(heap: MemorySeen | undefined, memory: MemorySeen | undefined): MemorySeen | undefined {
  if (heap === undefined || memory === undefined) return heap ?? memory;
  return ratioOf(memory) > ratioOf(heap) ? memory : heap;
}

/** The memory of the instance that has least left. */
function fullest(
  service: string,
  used: readonly Latest[],
  limits: readonly Latest[],
): MemorySeen | undefined {
  const found = used
    .filter(({ series }) => series.service === service)
    .flatMap(({ series, value: usedBytes }) => {
      const limit = limits.find(
        (each) => each.series.service === service && each.series.instance === series.instance,
      );
      return limit === undefined || limit.value <= 0 ? [] : [{ usedBytes, limitBytes: limit.value }];
    });
  return found.toSorted((a, b) => ratioOf(b) - ratioOf(a))[0];
}

function ratioOf({ usedBytes, limitBytes }: MemorySeen): number {
  return usedBytes / limitBytes;
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
