import { noUsers, type Shape, wholeFrom } from './shape.ts';

/**
 * Arrivals at even distances: 50/s is one every 20 ms, the first at the stage's start, or later where the
 * stage before has left a part of a distance.
 *
 * @param ratePerSecond from 0.
 * @param untilFirst how much of an arrival has to pass before the first, 0 to 1.
 */
export function constantRate(ratePerSecond: number, durationMs: number, untilFirst: number): Shape {
  const count = (ratePerSecond * durationMs) / 1000;
  const arrivals = Math.max(0, wholeFrom(count - untilFirst));
  return {
    ...noUsers,
    arrivals,
    arrivalAt: (index) => Math.min(durationMs, (1000 * (index + untilFirst)) / ratePerSecond),
    untilNext: Math.max(0, untilFirst + arrivals - count),
  };
}
