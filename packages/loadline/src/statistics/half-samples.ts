/**
 * How much figures of a series would vary if it were observed anew, told from the series itself: neighbours
 * are paired, one of each pair goes to one half and the other to the other half, and the halves' figures are
 * compared; in so many ways that every two pairs are divided alike as often as not.
 *
 * Of a mean this is exactly Σ (x₂ − x₁)² / (2p)² over p pairs; other figures, such as quantiles, need no formula
 * of their own. Neighbours share what changes slowly, so a planned ramp is not taken for noise. Items must be
 * long enough that neighbours hardly depend on each other: of a time series, take blocks of it.
 *
 * P. J. McCarthy, Replication: an approach to the analysis of data from complex surveys (1966): balanced half
 * samples. J. Shao, D. Tu, The Jackknife and Bootstrap (1995), 6.2: right for quantiles too.
 *
 * @param items in the order of time, at least 4; past 30, and of an odd number, the last are left out.
 * @param measure the figures of some of the items, always as many; NaN where there is none.
 * @returns for each figure the variance that it has over all items; NaN where too few halves had the figure.
 */
export function halfSampleVariances<Item>(
  items: readonly Item[],
  measure: (half: readonly Item[]) => readonly number[],
): number[] {
  const pairs = Math.min(pairsMax, items.length >> 1);
  if (pairs < 2) return measure(items).map(() => Number.NaN);
  // In rows of Sylvester's Hadamard matrix, whose sign in row i and column j is the parity of the bits of i & j.
  const ways = 2 ** (32 - Math.clz32(pairs));
  const sums: number[] = [];
  const counts: number[] = [];
  for (let way = 0; way < ways; way++) {
    const halves: [Item[], Item[]] = [[], []];
    for (let pair = 0; pair < pairs; pair++) {
      const side = isOdd(way & (pair + 1));
      halves[side].push(items[2 * pair] as Item);
      halves[side === 0 ? 1 : 0].push(items[2 * pair + 1] as Item);
    }
    const other = measure(halves[1]);
    measure(halves[0]).forEach((figure, at) => {
      const difference = figure - (other[at] as number);
      const isKnown = Number.isFinite(difference);
      sums[at] = (sums[at] ?? 0) + (isKnown ? difference ** 2 / 4 : 0);
      counts[at] = (counts[at] ?? 0) + (isKnown ? 1 : 0);
    });
  }
  return sums.map((sum, at) =>
    (counts[at] as number) > ways / 2 ? sum / (counts[at] as number) : Number.NaN,
  );
}

const pairsMax = 15;

function isOdd(bits: number): 0 | 1 {
  let odd = 0;
  for (let rest = bits; rest > 0; rest >>= 1) odd ^= rest & 1;
  return odd as 0 | 1;
}
