import type { Clock } from 'loadline/base';
import {
  mergeReadings,
  type NoReading,
  type Readings,
  type ReadingsPort,
  type ScalingDriver,
  type ScalingReading,
  type WantedMetric,
} from 'loadline/scaling';
import { type Latest, type Store, scaleOf } from 'loadline/store';
import type { Lately, QuickLooks } from '../collect/index.ts';
import { GoneInstances } from './gone-instances.ts';
import { ProcessorShares } from './processor-shares.ts';
import { createStoreHistory } from './store-history.ts';
import { instanceMetrics, type WatchedMetric, watchedMetricOf } from './watched-metrics.ts';

/** Older values are left to the policy's own limit; this one only bounds what is read. */
const ageMsMax = 600_000;
/** A percentile is of the time between two rounds, but of at least so much, for more than a few requests, and at most. */
const latencyMsMin = 5000;
const latencyMsMax = 30_000;
/** Where the store alone knows it. */
const latencyStepMs = 30_000;

export interface StoreReadingsOptions {
  readonly metrics: Store['metrics'];
  /** What was seen so lately that the store need not know it yet. */
  readonly lately: Pick<Lately, 'figures' | 'latency' | 'whySilent'>;
  /** Looks once more before a round of those that are decided upon often. */
  readonly quick: Pick<QuickLooks, 'look'>;
  /** From one round of a group to its next. */
  readonly everyMs: (group: string) => number;
  /** From when on a value of a group is as good as none. */
  readonly staleAfterMs: (group: string) => number;
  readonly driver: ScalingDriver;
  readonly clock: Clock;
}

/** What was measured of one series. */
type Measured = ScalingReading & { readonly instance: string };

/**
 * What a scaler goes by, from what was measured: of the instances that take requests the mean, or of the group the sum
 * or the worst. A metric that nobody measures is left out, or has as a reason that no instance is ready, or why one of them told nothing. What was seen lately
 * comes before what the store has, and what the driver counts of the processor before both.
 */
export function createStoreReadings({
  metrics,
  lately,
  quick,
  everyMs,
  staleAfterMs,
  driver,
  clock,
}: StoreReadingsOptions): Required<ReadingsPort> {
  const shares = new ProcessorShares();
  const leavers = new GoneInstances(ageMsMax);

  async function readLatency(group: string): Promise<ScalingReading | undefined> {
    const windowMs = Math.min(latencyMsMax, Math.max(latencyMsMin, everyMs(group)));
    const seen = lately.latency(group, windowMs);
    if (seen === 'silent') return readStoredLatency(group);
    if (seen === undefined) return undefined;
    return { value: seen.histogram.quantile(0.95) * scaleOf('ms'), atMs: seen.atMs };
  }

  async function readStoredLatency(group: string): Promise<ScalingReading | undefined> {
    const nowMs = clock.now();
    const stepStartMs = Math.floor(nowMs / latencyStepMs) * latencyStepMs;
    const { metric, unit } = instanceMetrics.latencyMsP95;
    const { lines } = await metrics.series({
      metric,
      unit,
      service: group,
      fromMs: stepStartMs - latencyStepMs,
      // The window ends before its last moment.
      toMs: nowMs + 1,
      stepMs: latencyStepMs,
      quantiles: [0.95],
    });
    // The last whole step; where nothing was asked for then, what there is of this one.
    const point = lines[0]?.points[0];
    const value = point?.quantiles[0];
    if (point === undefined || value === undefined || Number.isNaN(value)) return undefined;
    return { value, atMs: Math.min(nowMs, point.atMs + latencyStepMs) };
  }

  /** Of each instance that is asked about, or of everybody who is not gone; the store is not asked for what was seen of all of them. */
  async function measure(
    group: string,
    { metric }: WatchedMetric,
    { only, gone }: { readonly only?: ReadonlySet<string>; readonly gone?: ReadonlySet<string> },
  ): Promise<readonly Measured[]> {
    const counted = metric === instanceMetrics.cpuRatio.metric ? shares.figures(group) : [];
    const late = [...new Map([...lately.figures(group, metric), ...counted])].map(
      ([instance, figure]): Measured => ({ ...figure, instance }),
    );
    const seen = new Map(late.map((each) => [each.instance, each]));
    if (only !== undefined && only.size > 0 && [...only].every((id) => seen.has(id)))
      return late.filter(({ instance }) => only.has(instance));
    const found = await metrics.latest({ metric, service: group, sinceMs: clock.now() - ageMsMax });
    const further = found.filter(({ series }) => !isPlain(series) || !seen.has(series.instance ?? ''));
    return [...late, ...further.map(measuredOf)].filter(
      ({ instance }) => (only === undefined || only.has(instance)) && gone?.has(instance) !== true,
    );
  }

  async function lookAt(group: string, signal: AbortSignal): Promise<Looked> {
    const fleet = await driver.observe(group, signal);
    if (fleet.kind !== 'seen') return { all: new Set(), ready: new Set(), gone: new Set(), cores: 1 };
    const { instances, quota } = fleet;
    shares.see(group, instances, { nowMs: clock.monotonicMs(), epochMs: clock.now() });
    const ready = instances.filter(({ state }) => state === 'ready');
    const running = ready.flatMap(({ id, url }) => (url === undefined ? [] : [{ instance: id, url }]));
    await quick.look(group, running, everyMs(group));
    const all = new Set(instances.map(({ id }) => id));
    return {
      all,
      gone: leavers.see(group, all, clock.now()),
      ready: new Set(ready.map(({ id }) => id)),
      cores: quota?.by === 'control group' ? quota.cores : 1,
    };
  }

  return {
    history: createStoreHistory({ metrics, clock }),
    async read(group, wanted, signal) {
      const { all, ready, gone, cores } = await lookAt(group, signal);
      const because = ready.size === 0 ? undefined : lately.whySilent(group, ready);
      const silent: NoReading | undefined = because === undefined ? undefined : { because };
      const nobody = ready.size === 0 && all.size > 0 ? noneReady : silent;
      const read = await Promise.all(
        wanted.map(async (each) => {
          const { metric, of } = each;
          if (metric === 'latencyMsP95') return [metric, (await readLatency(group)) ?? nobody] as const;
          const watched = watchedMetricOf(each);
          const isOfGroup = of === 'of the group';
          const found = await measure(group, watched, isOfGroup ? { gone } : { only: ready });
          const merged = isOfGroup
            ? mergeReadings(found, watched.merge)
            : mergeLively(found, watched.merge, clock.now() - staleAfterMs(group));
          const reading = sharesOf(metric, merged, cores);
          return [metric, reading ?? (isOfGroup ? undefined : nobody)] as const;
        }),
      );
      return Object.fromEntries(read.filter(([, reading]) => reading !== undefined)) as Readings;
    },
    async readEach(group, wanted, signal) {
      const { all, cores } = await lookAt(group, signal);
      const own = wanted.filter(({ of }) => of === 'per replica');
      const read = await Promise.all(
        own.map(async (each) => {
          const watched = watchedMetricOf(each);
          const found = await measure(group, watched, { only: all });
          return { ...each, watched, byInstance: Map.groupBy(found, ({ instance }) => instance) };
        }),
      );
      const readingsOf = (id: string): Readings => {
        const known = read.flatMap(({ metric, watched, byInstance }) => {
          const reading = sharesOf(metric, mergeReadings(byInstance.get(id) ?? [], watched.merge), cores);
          return reading === undefined ? [] : [[metric, reading] as const];
        });
        return Object.fromEntries(known);
      };
      return new Map([...all].map((id) => [id, readingsOf(id)]));
    },
  };
}

/** Without those that have said nothing for long, as long as others have: one that hangs would keep all from growing. */
function mergeLively(
  found: readonly Measured[],
  merge: WatchedMetric['merge'],
  sinceMs: number,
): ScalingReading | undefined {
  const lively = found.filter(({ atMs }) => atMs >= sinceMs);
  if (lively.length === 0 || lively.length === found.length) return mergeReadings(found, merge);
  const merged = mergeReadings(lively, merge);
  return merged && { ...merged, setAside: (merged.setAside ?? 0) + found.length - lively.length };
}

const noneReady: NoReading = { because: 'no instance is ready' };

interface Looked {
  readonly all: ReadonlySet<string>;
  readonly ready: ReadonlySet<string>;
  readonly gone: ReadonlySet<string>;
  readonly cores: number;
}

/** The one series of an instance that is made of its pages. */
function isPlain({ endpoint, labels }: Latest['series']): boolean {
  return endpoint === undefined && labels === undefined;
}

function measuredOf({ series, atMs, value }: Latest): Measured {
  return { instance: series.instance ?? '', atMs, value };
}

/** What is measured is a share of one core; who may have less than one has none left long before. Pure. */
function sharesOf(
  metric: WantedMetric['metric'],
  reading: ScalingReading | undefined,
  cores: number,
): ScalingReading | undefined {
  return metric === 'cpuRatio' ? reading && { ...reading, value: reading.value / cores } : reading;
}
