import type { Histogram } from '../../metrics/index.ts';

/** How satisfied users are with the time that answers take, and of whom that is said. */
export interface Apdex {
  /** 0 to 1; undefined where nobody was answered. */
  readonly score: number | undefined;
  readonly satisfied: number;
  readonly tolerating: number;
  readonly frustrated: number;
}

/**
 * The Application Performance Index by its specification (Apdex Alliance, Technical Specification 1.1, 2007):
 *
 *     (satisfied + tolerating / 2) / all
 *
 * Who was answered within the target is satisfied, within four times the target tolerating, and later, or with an
 * error, frustrated. A time up to 0.79 % above either limit may count below it. Pure.
 *
 * @param answered times of answers without those that were errors, as they were recorded: in microseconds for seconds.
 * @param target in the same unit.
 * @param failed answers that were errors.
 */
export function apdex(answered: Histogram, { target, failed = 0 }: ApdexOptions): Apdex {
  const [satisfied = 0, tolerated = 0] = answered.countsAtOrBelow([target, target * 4]);
  const tolerating = tolerated - satisfied;
  const all = answered.count + failed;
  return {
    score: all === 0 ? undefined : (satisfied + tolerating / 2) / all,
    satisfied,
    tolerating,
    frustrated: all - tolerated,
  };
}

/** What is judged by, and who got no time at all; see `apdex`. */
export interface ApdexOptions {
  /** In the unit in which the times were recorded: 500,000 for half a second in microseconds. */
  readonly target: number;
  /** Answers that were errors, which are not among the times. Default 0. */
  readonly failed?: number;
}
