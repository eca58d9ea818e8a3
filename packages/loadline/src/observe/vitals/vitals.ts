import { type Parsed, parse } from '../../base/index.ts';
import type { Histogram } from '../../metrics/index.ts';

/**
 * What a browser measures of a page, each with where "good" ends and "poor" begins: the thresholds of the Web Vitals
 * (web.dev/articles/vitals), judged at the 75th percentile as there. FID is superseded by INP, and still asked for.
 */
export const vitals = {
  lcp: { field: 'lcpMs', help: 'When the largest part of a page was there.', good: 2500, poor: 4000 },
  inp: {
    field: 'inpMs',
    help: 'How long a page took to show a reaction, at its slowest.',
    good: 200,
    poor: 500,
  },
  fid: { field: 'fidMs', help: 'How long the first input had to wait.', good: 100, poor: 300 },
  fcp: { field: 'fcpMs', help: 'When the first part of a page was there.', good: 1800, poor: 3000 },
  ttfb: { field: 'ttfbMs', help: 'When the first byte of a page was there.', good: 800, poor: 1800 },
  cls: {
    field: 'cls',
    help: 'How much of a page moved unexpectedly, as layout shift scores.',
    good: 0.1,
    poor: 0.25,
  },
} as const;

/** One of the figures that a browser measures: a key of `vitals`. */
export type VitalName = keyof typeof vitals;
/** All of them: `lcp`, `inp`, `fid`, `fcp`, `ttfb` and `cls`. */
export const vitalNames: readonly VitalName[] = Object.keys(vitals) as VitalName[];

/** How fast a page felt: 1 very slow, 2 slow, 3 neither, 4 fast, 5 very fast. */
export type SpeedRating = 1 | 2 | 3 | 4 | 5;

/** One message of a browser. */
export interface Beacon {
  /** The path of the page, or its pattern. */
  readonly page: string;
  readonly values: ReadonlyMap<VitalName, number>;
  readonly rating: SpeedRating | undefined;
}

/** Shifts are kept in ten thousandths, since a histogram holds whole numbers. */
export const clsScale = 0.0001;

const fields = ['page', 'lcpMs', 'inpMs', 'fidMs', 'fcpMs', 'ttfbMs', 'cls', 'rating'] as const;
const pageLengthMax = 300;
/** A page that took longer was asleep in a tab. */
const valueMsMax = 600_000;
const clsMax = 100;

/** Reads what came from any browser: known fields within their limits, at least one of them besides the page. */
export function parseBeacon(input: unknown): Parsed<Beacon> {
  return parse(input, (root) => {
    const beacon = root.object(fields);
    const page = beacon.required('page').string();
    if (!/^\/[^\s?#]*$/.test(page) || page.length > pageLengthMax) {
      beacon.required('page').problem(`must be a path of at most ${pageLengthMax} characters`);
    }
    const values = new Map<VitalName, number>();
    for (const name of vitalNames) {
      const field = beacon.optional(vitals[name].field);
      if (field === undefined) continue;
      values.set(name, field.number({ atLeast: 0, atMost: name === 'cls' ? clsMax : valueMsMax }));
    }
    const rating = beacon.optional('rating')?.number({ atLeast: 1, atMost: 5, whole: true });
    if (values.size === 0 && rating === undefined) root.problem('must have a value or a rating');
    return { page, values, rating: rating as SpeedRating | undefined };
  });
}

/** What the values of one vital say, over all pages or one. */
export interface VitalVerdict {
  readonly count: number;
  /** In milliseconds; for `cls` a score. */
  readonly p75: number;
  /** Of the page views, within "good"; 0 to 1. */
  readonly goodShare: number;
  readonly verdict: 'good' | 'needs improvement' | 'poor';
}

/**
 * Judges the values of one vital; undefined where there are none. Pure.
 *
 * @param unit what one recorded whole number is, in milliseconds or for `cls` as a score; default as `observe` records them.
 */
export function judgeVital(
  name: VitalName,
  histogram: Histogram,
  unit: number = name === 'cls' ? clsScale : 1 / 1000,
): VitalVerdict | undefined {
  if (histogram.count === 0) return undefined;
  const { good, poor } = vitals[name];
  const p75 = histogram.quantile(0.75) * unit;
  return {
    count: histogram.count,
    p75,
    goodShare: histogram.countAtOrBelow(Math.round(good / unit)) / histogram.count,
    verdict: p75 <= good ? 'good' : p75 <= poor ? 'needs improvement' : 'poor',
  };
}

/** How many said "fast" or "very fast"; undefined where nobody said anything. @param ratings how often 1 to 5 was given. Pure. */
export function fastShare(ratings: Readonly<Record<SpeedRating, number>>): number | undefined {
  const all = ratings[1] + ratings[2] + ratings[3] + ratings[4] + ratings[5];
  return all === 0 ? undefined : (ratings[4] + ratings[5]) / all;
}
