import type { Clock } from 'loadline/base';
import type { Readings, ReadingsPort, ScalingDriver, ScalingReading, WantedMetric } from 'loadline/scaling';
import type { Latest, Store } from 'loadline/store';
import { createStoreHistory } from './store-history.ts';
import { instanceMetrics, watchedMetricOf } from './watched-metrics.ts';

/** Older values are left to the policy's own limit; this one only bounds what is read. */
const ageMsMax = 600_000;
/** Of so much time a percentile is made. */
const latencyStepMs = 30_000;

/**
 * What a scaler goes by, from what was measured: of the instances that take requests the mean, or of the group the sum
 * or the worst. A metric that nobody measures is left out.
 */
export function createStoreReadings(options: {
  readonly metrics: Store['metrics'];
  readonly driver: ScalingDriver;
  readonly clock: Clock;
}): ReadingsPort {
  const { metrics, driver, clock } = options;

  async function readLatency(group: string): Promise<ScalingReading | undefined> {
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

  async function readLatest(
    group: string,
    wanted: WantedMetric,
    ready: ReadonlySet<string>,
  ): Promise<ScalingReading | undefined> {
    const { metric: name, perUnit = 1, merge } = watchedMetricOf(wanted);
    const found = await metrics.latest({ metric: name, service: group, sinceMs: clock.now() - ageMsMax });
    const isOfGroup = wanted.of === 'of the group';
    return merged(
      found.filter(({ series }) => isOfGroup || ready.has(series.instance ?? '')),
      merge,
      perUnit,
    );
  }

  return {
    history: createStoreHistory({ metrics, clock }),
    async read(group, wanted, signal) {
      const fleet = await driver.observe(group, signal);
      const instances = fleet.kind === 'seen' ? fleet.instances : [];
      const ready = new Set(instances.filter(({ state }) => state === 'ready').map(({ id }) => id));
      const quota = fleet.kind === 'seen' ? fleet.quota : undefined;
      const cores = quota?.by === 'control group' ? quota.cores : 1;
      const read = await Promise.all(
        wanted.map(async (each) => {
          const { metric } = each;
          const reading =
            metric === 'latencyMsP95' ? await readLatency(group) : await readLatest(group, each, ready);
          return [metric, metric === 'cpuRatio' ? shareOf(reading, cores) : reading] as const;
        }),
      );
      return Object.fromEntries(read.filter(([, reading]) => reading !== undefined)) as Readings;
    },
  };
}

/** What is measured is a share of one core; who may have less than one has none left long before. Pure. */
function shareOf(reading: ScalingReading | undefined, cores: number): ScalingReading | undefined {
  return reading && { ...reading, value: reading.value / cores };
}

/** One value of many, as old as the oldest of them. Pure. */
function merged(
  found: readonly Latest[],
  how: 'mean' | 'sum' | 'max',
  perUnit: number,
): ScalingReading | undefined {
  if (found.length === 0) return undefined;
  const values = found.map(({ value }) => value * perUnit);
  const sum = values.reduce((total, value) => total + value, 0);
  const value = how === 'max' ? Math.max(...values) : how === 'sum' ? sum : sum / values.length;
  return { value, atMs: Math.min(...found.map(({ atMs }) => atMs)), count: values.length };
}
