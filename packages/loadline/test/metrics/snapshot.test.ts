import { createRegistry, mergeSnapshots, type Registry, type Snapshot } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';

const help = 'What it is.';

/** A process with one counter, one gauge and one histogram, each with this label value. */
function processOf(queue: string, values: readonly number[]): Registry {
  const registry = createRegistry();
  const labels = ['queue'] as const;
  const waits = registry.histogram({ name: 'wait_seconds', help, labels }).with({ queue });
  for (const value of values) {
    registry.counter({ name: 'jobs_total', help, labels }).with({ queue }).add();
    registry.gauge({ name: 'queue_jobs', help, labels }).with({ queue }).set(value);
    waits.record(value);
  }
  return registry;
}

/** A snapshot as plain data, with histograms as their bytes. */
function plain(snapshot: Snapshot): unknown {
  return snapshot.map(({ name, series }) => [
    name,
    series.map((each) => [...each.labels, 'value' in each ? each.value : [...each.histogram.encode()]]),
  ]);
}

describe('a snapshot', () => {
  it('holds what was recorded until then, and nothing later', () => {
    const registry = processOf('a', [10, 20]);
    const snapshot = registry.snapshot();
    const before = plain(snapshot);
    registry
      .counter({ name: 'jobs_total', help, labels: ['queue'] })
      .with({ queue: 'a' })
      .add();
    registry
      .histogram({ name: 'wait_seconds', help, labels: ['queue'] })
      .with({ queue: 'a' })
      .record(1);
    expect(plain(snapshot)).toEqual(before);
    expect(plain(registry.snapshot())).not.toEqual(before);
  });

  it('has the values of metrics that are read', () => {
    const registry = createRegistry();
    registry.gauge({ name: 'queue_jobs', help, read: () => 4 });
    expect(plain(registry.snapshot())).toEqual([['queue_jobs', [[4]]]]);
  });
});

describe('mergeSnapshots()', () => {
  it('adds up counters and gauges and merges histograms by their labels', () => {
    const parts = [processOf('a', [10, 20]), processOf('a', [5]), processOf('b', [7])];
    const merged = mergeSnapshots(parts.map((part) => part.snapshot()));
    const histogram = (values: number[]): number[] => {
      const [family] = processOf('a', values)
        .snapshot()
        .filter(({ kind }) => kind === 'histogram');
      return family?.kind === 'histogram' ? [...(family.series[0]?.histogram.encode() ?? [])] : [];
    };
    expect(plain(merged)).toEqual([
      [
        'wait_seconds',
        [
          ['a', histogram([5, 10, 20])],
          ['b', histogram([7])],
        ],
      ],
      [
        'jobs_total',
        [
          ['a', 3],
          ['b', 1],
        ],
      ],
      [
        'queue_jobs',
        [
          ['a', 25],
          ['b', 7],
        ],
      ],
    ]);
  });

  it('leaves the snapshots that it merges as they are', () => {
    const snapshots = [processOf('a', [10]).snapshot(), processOf('a', [20]).snapshot()];
    const before = snapshots.map(plain);
    mergeSnapshots(snapshots);
    expect(snapshots.map(plain)).toEqual(before);
  });

  it('refuses to merge metrics of different shapes', () => {
    const other = createRegistry();
    other
      .histogram({ name: 'wait_seconds', help, labels: ['queue'], buckets: [1] })
      .with({ queue: 'a' })
      .record(1);
    expect(() => mergeSnapshots([processOf('a', [1]).snapshot(), other.snapshot()])).toThrow(
      expect.objectContaining({ code: 'METRICS_SHAPES_DIFFER' }),
    );
  });
});
