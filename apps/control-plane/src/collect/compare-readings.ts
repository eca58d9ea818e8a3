import { Histogram } from 'loadline/metrics';
import { type Sample, type Series, scaleOf } from 'loadline/store';
import { growthOf, type WantedUnit } from './histogram-growth.ts';
import { type KnownMetric, metricsOf, rateUnitOf, unitOf } from './known-metrics.ts';
import type { ReadFamily, ReadHistogram, Reading, ReadSeries } from './reading.ts';

/** What two readings of an instance say of the time between them. */
export interface Growth {
  readonly samples: readonly Sample[];
  /** Series whose counter had fallen: the process began anew. */
  readonly resets: number;
  /** Beyond the limit. */
  readonly leftOut: number;
}

export interface CompareOptions {
  readonly service: string;
  /** Absent where there is but one. */
  readonly instance?: string | undefined;
  readonly samplesMax: number;
  /** Gives the same object for the same series again and again; the store finds it quickest so. */
  readonly seriesOf: (series: Series) => Series;
}

/**
 * Turns two readings into samples: counters become what they grew a second, histograms what was recorded in between,
 * gauges stay as they are. A counter that has fallen began anew, and what it shows is what it grew since. Without a
 * reading before there are gauges alone. Pure, but for `seriesOf`.
 */
export function compareReadings(
  before: Reading | undefined,
  after: Reading,
  { service, instance, samplesMax, seriesOf }: CompareOptions,
): Growth {
  const comparison = new Comparison(before, after);
  const custom: ReadFamily[] = [];
  for (const family of after.families.values()) {
    const metrics = family.isOfQuantiles ? 'custom' : metricsOf(family.name);
    if (metrics === 'custom') custom.push(family);
    else for (const metric of metrics) comparison.add(family, metric);
  }
  comparison.addMemoryRatio();
  comparison.addDiskRatio(after);
  // A service may have metrics of its own by the names that ours have: they come second, and are added to none.
  for (const family of custom) comparison.addCustom(family);
  const all = comparison.found;
  const samples = all.slice(0, samplesMax).map(({ value, ...series }): Sample => {
    const kept = value instanceof Histogram ? value.encode() : value;
    const whose = instance === undefined ? { service } : { service, instance };
    return { series: seriesOf({ ...series, ...whose }), atMs: after.atMs, value: kept };
  });
  return { samples, resets: comparison.resets, leftOut: all.length - samples.length };
}

interface Found extends Pick<Series, 'metric' | 'unit' | 'endpoint' | 'labels'> {
  value: number | Histogram;
}

class Comparison {
  readonly found: Found[] = [];
  /** Those that others may be added to. A service's own with labels are none: a reading has each of them once. */
  readonly #open = new Map<string, Found>();
  readonly #growths = new Map<
    ReadHistogram,
    { readonly grain: number; readonly grown: Histogram | undefined }
  >();
  resets = 0;
  readonly #before: Reading | undefined;
  readonly #elapsedS: number;

  constructor(before: Reading | undefined, after: Reading) {
    this.#before = before;
    this.#elapsedS = before === undefined ? 0 : (after.monotonicMs - before.monotonicMs) / 1000;
  }

  add(
    family: ReadFamily,
    { metric, unit, perUnit = 1, where, endpointOf, isOccasional = false }: KnownMetric,
  ): void {
    const sum = isSum(family, unit);
    for (const [key, series] of family.series) {
      if (where !== undefined && !where(series.labels)) {
        // Nothing of it is something too: a ratio needs to know that there were none.
        if (family.kind === 'counter' && this.#elapsedS > 0 && !isOccasional)
          this.#put({ metric, unit, value: 0 }, sum);
        continue;
      }
      const grown = this.#valueOf(family, key, series, { unit, perUnit });
      const value = isOccasional && typeof grown === 'number' ? Math.round(grown * this.#elapsedS) : grown;
      if (value === undefined || (isOccasional && value === 0)) continue;
      const endpoint = endpointOf?.(series.labels);
      const isKnown = family.kind !== 'histogram' && typeof value === 'number';
      const named = endpoint === undefined ? {} : { endpoint: endpoint.slice(0, endpointLengthMax) };
      this.#put({ metric, unit, ...named, value: isKnown ? (value as number) / perUnit : value }, sum);
    }
  }

  addCustom(family: ReadFamily): void {
    const metric = family.name;
    const unit = family.kind === 'counter' ? rateUnitOf(metric) : unitOf(metric);
    for (const [key, series] of family.series) {
      const value = this.#valueOf(family, key, series, { unit, perUnit: 1 });
      if (value === undefined) continue;
      if (hasLabels(series)) this.found.push({ metric, unit, labels: series.labels, value });
      else this.#put({ metric, unit, value }, false);
    }
  }

  /** How near it is to its end: when the heap reaches its limit the process ends, and when its RAM does it is killed. */
  addMemoryRatio(): void {
    const ratios = [
      [this.#numberOf('heap_bytes'), this.#numberOf('heap_limit_bytes')],
      [this.#numberOf('memory_bytes'), this.#numberOf('memory_limit_bytes')],
    ].flatMap(([used, limit]) =>
      used === undefined || limit === undefined || limit <= 0 ? [] : [used / limit],
    );
    if (ratios.length > 0)
      this.#put({ metric: 'memory_ratio', unit: 'ratio', value: Math.max(...ratios) }, false);
  }

  /** How full the file system is that it works in; of a node exporter, the fullest of its machine. */
  addDiskRatio(after: Reading): void {
    const own = [this.#numberOf('disk_available_bytes'), this.#numberOf('disk_size_bytes')] as const;
    const ratios = [own, ...fileSystemsOf(after)].flatMap(([available, size]) =>
      available === undefined || size === undefined || !(size > 0) ? [] : [1 - available / size],
    );
    if (ratios.length > 0)
      this.#put({ metric: 'disk_ratio', unit: 'ratio', value: Math.max(0, ...ratios) }, false);
  }

  #numberOf(metric: string): number | undefined {
    const value = this.#open.get(keyOf({ metric }))?.value;
    return typeof value === 'number' ? value : undefined;
  }

  #valueOf(
    family: ReadFamily,
    key: string,
    { value }: ReadSeries,
    { unit, perUnit }: { readonly unit: string; readonly perUnit: number },
  ): number | Histogram | undefined {
    if (typeof value === 'number' && !(Math.abs(value) <= numberMax)) return undefined;
    if (family.kind === 'gauge') return value as number;
    if (this.#before === undefined || this.#elapsedS <= 0) return undefined;
    const known = this.#before.families.get(family.name);
    const earlier = known?.kind === family.kind ? known.series.get(key)?.value : undefined;
    if (typeof value !== 'number') {
      const before = typeof earlier === 'number' ? undefined : earlier;
      return this.#growthOf(before, value, { scale: scaleOf(unit), perUnit });
    }
    const start = typeof earlier === 'number' ? earlier : 0;
    const isReset = value < start;
    if (isReset) this.resets++;
    return (isReset ? value : value - start) / this.#elapsedS;
  }

  /** Of the same histograms several metrics are made: those of all requests, and of those that did not fail. */
  #growthOf(
    before: ReadHistogram | undefined,
    after: ReadHistogram,
    unit: WantedUnit,
  ): Histogram | undefined {
    const grain = unit.scale * unit.perUnit;
    const known = this.#growths.get(after);
    if (known?.grain === grain) return known.grown;
    const grown = growthOf(before, after, unit);
    this.#growths.set(after, { grain, grown });
    return grown;
  }

  #put(found: Found, isAddedUp: boolean): void {
    const key = keyOf(found);
    const known = this.#open.get(key);
    if (known === undefined) {
      this.#open.set(key, found);
      this.found.push(found);
    } else if (known.value instanceof Histogram && found.value instanceof Histogram)
      known.value = merged(known.value, found.value);
    else if (isAddedUp && typeof known.value === 'number' && typeof found.value === 'number')
      known.value += found.value;
  }
}

/** What is left and the size of each file system that a node exporter shows and that can fill: those in memory, and images, cannot. */
function fileSystemsOf({ families }: Reading): (readonly [number | undefined, number | undefined])[] {
  const sizes = families.get('node_filesystem_size_bytes')?.series;
  const numberIn = (series: ReadSeries | undefined): number | undefined =>
    typeof series?.value === 'number' ? series.value : undefined;
  return [...(families.get('node_filesystem_avail_bytes')?.series ?? [])].flatMap(([key, series]) => {
    const { fstype = '' } = series.labels;
    return cannotFill.test(fstype) ? [] : [[numberIn(series), numberIn(sizes?.get(key))] as const];
  });
}

const cannotFill = /^(?:tmpfs|ramfs|devtmpfs|squashfs|iso9660|overlay|nsfs|proc|sysfs|cgroup2?|fuse\.lxcfs)$/;

const endpointLengthMax = 255;
/** What is made of it, by the second and of all instances together, is still a number. NaN is none. */
const numberMax = 1e280;

function keyOf({ metric, endpoint = '' }: Pick<Found, 'metric' | 'endpoint'>): string {
  return `${metric} ${endpoint}`;
}

function hasLabels({ labels }: ReadSeries): boolean {
  for (const _ in labels) return true;
  return false;
}

/** Ratios cannot be added up; the first that comes stands. */
function isSum({ kind }: ReadFamily, unit: string): boolean {
  return kind !== 'gauge' || unit !== 'ratio';
}

/** The histograms of a reading stay as they are: the next one is compared with them. */
function merged(one: Histogram, other: Histogram): Histogram {
  const both = one.copy();
  both.merge(other);
  return both;
}
