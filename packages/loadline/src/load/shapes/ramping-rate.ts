import { noUsers, type Shape, wholeFrom } from './shape.ts';

/**
 * Arrivals whose rate goes evenly from one level to another. They are spaced by the integral of the rate: the
 * k-th is due when `k` arrivals' worth of rate has passed.
 *
 * @param from,to arrivals a second, from 0.
 * @param untilFirst how much of an arrival has to pass before the first, 0 to 1.
 */
export function rampingRate(from: number, to: number, durationMs: number, untilFirst: number): Shape {
  const count = (((from + to) / 2) * durationMs) / 1000;
  const arrivals = Math.max(0, wholeFrom(count - untilFirst));
  return {
    ...noUsers,
    arrivals,
    arrivalAt: (index) => whenPassed(from, to, durationMs, index + untilFirst),
    untilNext: Math.max(0, untilFirst + arrivals - count),
  };
}

/**
 * When so many arrivals' worth of rate has passed, in milliseconds. With rate r(t) = a + b·t the count is
 * N(t) = a·t + b·t²/2; solved for t in the form 2N / (a + √(a² + 2·b·N)), which stays exact as b goes to 0.
 */
export function whenPassed(from: number, to: number, durationMs: number, count: number): number {
  if (count === 0) return 0;
  const slope = ((to - from) / durationMs) * 1000;
  const root = Math.sqrt(Math.max(0, from * from + 2 * slope * count));
  return Math.min(durationMs, (2000 * count) / (from + root));
}
