import { createRandom, normal } from 'loadline/base';
import type { Series } from 'loadline/capacity';

export const minuteMs = 60_000;
export const dayMs = 86_400_000;

/** A series of a rule, with noise as a share. */
export function seriesOf(
  days: number,
  rule: (atMs: number) => number,
  { noise = 0, stepMs = 5 * minuteMs, seed = 1 }: { noise?: number; stepMs?: number; seed?: number } = {},
): Series {
  const random = createRandom(seed);
  const values = Float64Array.from({ length: Math.round((days * dayMs) / stepMs) }, (_, step) => {
    const value = rule(step * stepMs);
    return noise === 0 ? value : value * Math.exp(normal(random, 0, noise));
  });
  return { startMs: 0, stepMs, values };
}

/** 100 at night, 300 at noon. */
export function daily(atMs: number): number {
  return 200 - 100 * Math.cos((2 * Math.PI * atMs) / dayMs);
}

/** Half of it on days 5 and 6 of each seven. */
export function weekly(atMs: number): number {
  return daily(atMs) * (Math.floor(atMs / dayMs) % 7 >= 5 ? 0.5 : 1);
}

/** The first part of a series. */
export function until({ values, ...rest }: Series, endMs: number): Series {
  return { ...rest, values: Array.prototype.slice.call(values, 0, Math.round(endMs / rest.stepMs)) };
}
