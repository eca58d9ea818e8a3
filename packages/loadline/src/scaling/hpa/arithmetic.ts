const int32Max = 2 ** 31 - 1;

/** The largest number that the controller's sums have room for. */
export const endless: number = 2 ** 63;

/**
 * Up to the next whole replica. What has no room in 32 bits stays at the largest number: what becomes of it in the
 * controller depends on the processor that it runs on.
 */
export function ceiling(replicas: number): number {
  return Math.min(int32Max, Math.ceil(replicas));
}

export function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** Of an external metric's series: the controller takes a sum below zero for one that has no room, and so for endless. */
export function sumOfSeries(values: readonly number[]): number {
  let total = 0;
  for (const value of values) {
    total += value;
    if (total < 0) return endless;
  }
  return Math.min(endless, total);
}

/** Truncated, as whole numbers are divided. */
export function average(values: readonly number[]): number {
  const total = sum(values);
  if (Number.isSafeInteger(total)) return Math.trunc(total / values.length);
  return Number(exactSum(values) / BigInt(values.length));
}

/**
 * Truncated as well. Thousandths of bytes times a hundred do not always have room in a double, and from 92 terabytes on
 * they have none in the controller's 64 bits either: what it makes of that, and of a percentage beyond 32 bits, is kept.
 */
export function wholePercent(usages: readonly number[], requests: readonly number[]): number {
  const hundredfold = sum(usages) * 100;
  const requested = sum(requests);
  if (Number.isSafeInteger(hundredfold) && Number.isSafeInteger(requested))
    return Math.trunc(hundredfold / requested) | 0;
  const percent = BigInt.asIntN(64, exactSum(usages) * 100n) / exactSum(requests);
  return Number(BigInt.asIntN(32, percent));
}

function exactSum(values: readonly number[]): bigint {
  return values.reduce((total, value) => total + BigInt(value), 0n);
}
