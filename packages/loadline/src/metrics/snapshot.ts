import { metricsError } from './errors.ts';
import type { Exposure } from './exposure.ts';
import type { Family, HistogramSeries, NumberSeries } from './family.ts';
import type { FamilyNames } from './names.ts';

/** All metrics at one moment; nothing in it changes any more. */
export type Snapshot = readonly FamilySnapshot[];

/** One metric of a snapshot, with all its series. */
export type FamilySnapshot = NumberSnapshot | HistogramSnapshot;

/** A counter or a gauge as it was. */
export interface NumberSnapshot extends FamilyNames {
  readonly kind: 'counter' | 'gauge';
  readonly series: readonly NumberSeries[];
}

/** A histogram as it was: its series hold copies, into which nobody records. */
export interface HistogramSnapshot extends FamilyNames, Exposure {
  readonly kind: 'histogram';
  readonly series: readonly HistogramSeries[];
}

/** Copies what the families hold now, in one go. Those without a series are left out. */
export function takeSnapshot(families: readonly Family[]): Snapshot {
  return families
    .map((family): FamilySnapshot => {
      if (family.kind !== 'histogram') return { ...family, series: [...family.series()] };
      const copies = Array.from(family.series(), ({ labels, histogram }) => ({
        labels,
        histogram: histogram.copy(),
      }));
      return { ...family, series: copies };
    })
    .filter((family) => family.series.length > 0);
}

/**
 * The metrics of several processes as those of one: counters and gauges are added up by their labels,
 * histograms merged exactly. A gauge whose sum means nothing, such as a start time, is better given a label
 * that tells the processes apart.
 *
 * @throws LoadlineError METRICS_SHAPES_DIFFER where one name has different kinds, labels, scales or buckets.
 */
export function mergeSnapshots(snapshots: readonly Snapshot[]): Snapshot {
  const byName = new Map<string, FamilySnapshot[]>();
  for (const family of snapshots.flat()) {
    const same = byName.get(family.name);
    if (same === undefined) byName.set(family.name, [family]);
    else same.push(family);
  }
  return Array.from(byName.values(), mergeFamily);
}

function mergeFamily(families: readonly FamilySnapshot[]): FamilySnapshot {
  const first = families[0] as FamilySnapshot;
  const odd = families.find((family) => shapeOf(family) !== shapeOf(first));
  if (odd !== undefined) {
    throw metricsError(
      'METRICS_SHAPES_DIFFER',
      `Cannot merge the snapshots of ${first.name}: a ${first.kind} with labels [${first.labelNames.join(', ')}] and a ${odd.kind} with labels [${odd.labelNames.join(', ')}] differ in kind, labels, scale or buckets.`,
      { facts: { name: first.name } },
    );
  }
  if (first.kind === 'histogram') {
    const all = (families as readonly HistogramSnapshot[]).flatMap((family) => family.series);
    return { ...first, series: mergeHistograms(all) };
  }
  return {
    ...first,
    series: addNumbers((families as readonly NumberSnapshot[]).flatMap((each) => each.series)),
  };
}

function addNumbers(all: readonly NumberSeries[]): NumberSeries[] {
  return Array.from(Map.groupBy(all, keyOf).values(), (same) => ({
    labels: (same[0] as NumberSeries).labels,
    value: same.reduce((sum, { value }) => sum + value, 0),
  }));
}

function mergeHistograms(all: readonly HistogramSeries[]): HistogramSeries[] {
  return Array.from(Map.groupBy(all, keyOf).values(), (same) => {
    const [first, ...others] = same as [HistogramSeries, ...HistogramSeries[]];
    const histogram = first.histogram.copy();
    for (const other of others) histogram.merge(other.histogram);
    return { labels: first.labels, histogram };
  });
}

function keyOf({ labels }: { readonly labels: readonly string[] }): string {
  return JSON.stringify(labels);
}

function shapeOf(family: FamilySnapshot): string {
  const exposure = family.kind === 'histogram' ? [family.scale, family.buckets] : [];
  return JSON.stringify([family.kind, family.labelNames, exposure]);
}
