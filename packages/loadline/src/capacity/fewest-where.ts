/**
 * The fewest from `from` on, at most `most`, for which something holds that then holds for all beyond; undefined where there is none.
 * Doubles the stride until it holds, and then halves it: the answer is most often near. Pure.
 */
export function fewestWhere(
  holds: (count: number) => boolean,
  from: number,
  most: number,
): number | undefined {
  let low = from - 1;
  let stride = 1;
  while (!holds(Math.min(most, low + stride))) {
    if (low + stride >= most) return undefined;
    low += stride;
    stride *= 2;
  }
  let high = Math.min(most, low + stride);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}
