import type { Series } from 'loadline/store';
import { rateUnitOf, unitOf } from '../../collect/index.ts';

/** What a series of Prometheus is here. Nothing is renamed but a counter, which loses its `_total`. */
export type NamedSeries = NumberSeries | BucketSeries;

export interface NumberSeries {
  readonly kind: 'number';
  /** As Prometheus has it. */
  readonly name: string;
  /** The name without `_sum` and `_count`. */
  readonly family: string;
  readonly plain: Series;
  /** The same as what it grows by the second. */
  readonly growing: Series;
}

export interface BucketSeries {
  readonly kind: 'bucket';
  readonly family: string;
  readonly bound: number;
  /** Of which it is a bucket. */
  readonly histogram: Series;
}

/**
 * Reads from the labels of a series whose it is and what it is: `service`, or else `job`, and `instance` are its own, the others
 * stay labels. Pure.
 *
 * @returns what is wrong, where it cannot be kept.
 */
export function seriesOfLabels(labels: ReadonlyMap<string, string>): NamedSeries | string {
  const name = labels.get('__name__');
  if (name === undefined) return 'has no label __name__';
  const service = labels.get('service') ?? labels.get('job');
  if (service === undefined) return 'has neither a label service nor a label job';
  const family = name.replace(/_(?:bucket|sum|count)$/, '');
  const bound = name.endsWith('_bucket') ? boundOf(labels.get('le')) : undefined;
  const own = new Set(['__name__', labels.has('service') ? 'service' : 'job', 'instance']);
  if (bound !== undefined) own.add('le');
  const rest = [...labels].filter(([label]) => !own.has(label));
  const instance = labels.get('instance');
  const seriesOf = (metric: string, unit: string): Series =>
    Object.freeze({
      metric,
      service,
      unit,
      ...(instance === undefined ? {} : { instance }),
      ...(rest.length === 0 ? {} : { labels: Object.freeze(Object.fromEntries(rest)) }),
    });
  if (bound !== undefined)
    return { kind: 'bucket', family, bound, histogram: seriesOf(family, unitOf(family)) };
  return {
    kind: 'number',
    name,
    family,
    plain: seriesOf(name, unitOf(name)),
    growing: seriesOf(name.replace(/_total$/, ''), rateUnitOf(name.replace(/_(?:total|sum)$/, ''))),
  };
}

function boundOf(text: string | undefined): number | undefined {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  const bound = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  return Number.isNaN(bound) ? undefined : bound;
}
