/**
 * One of several generators that make a load between them. Of everything that is numbered (users, arrivals,
 * rows) it has every `count`-th from `index` on, so that together they make just what one alone would have.
 */
export interface Share {
  /** From 0, below `count`. */
  readonly index: number;
  readonly count: number;
}

export const wholeShare: Share = { index: 0, count: 1 };

/** How many of the first `total` numbers are this share's. */
export function partOf({ index, count }: Share, total: number): number {
  return Math.max(0, Math.ceil((total - index) / count));
}
