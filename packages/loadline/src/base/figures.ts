/** `12345` → `12,345`. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** Times a second, below a hundred in three digits: `0.25/s`, `12.3/s`, `1,240/s`. */
export function formatRate(perSecond: number): string {
  return `${perSecond >= 100 ? formatCount(perSecond) : Number(perSecond.toPrecision(3))}/s`;
}

/** A ratio from 0 to 1 as percent; what is not nothing never reads as 0, and what is not all never as 100. */
export function formatRatio(ratio: number): string {
  if (ratio > 0.99 && ratio < 1) return `${Math.floor(ratio * 10_000) / 100} %`;
  return `${Number((ratio * 100).toPrecision(2))} %`;
}
