/**
 * How many different things were there, in a bounded number of bytes, such that two counts unite to that of both: the
 * HyperLogLog of Flajolet and others (2007), with the estimator of Ertl (arXiv:1702.01284, algorithm 6), which has no
 * bias in any range. With 4,096 registers its standard error is 1.04 / √4096 = 1.6 %.
 */
export const registerCount = 4096;

/** Bits of a hash that choose the register. */
const indexBits = 12;
/** The rest of 64 bits, in which leading zeros are counted: a register is from 0 to 53. */
const rankBits = 64 - indexBits;
export const rankMax: number = rankBits + 1;

/** Notes a hash of 64 evenly spread bits in the registers. */
export function note(registers: Uint8Array, high: number, low: number): void {
  const index = high >>> (32 - indexBits);
  const rest = (high << indexBits) >>> 0;
  const zeros = rest === 0 ? 32 - indexBits + Math.clz32(low) : Math.clz32(rest);
  const rank = Math.min(zeros, rankBits) + 1;
  if (rank > (registers[index] as number)) registers[index] = rank;
}

/** How many different hashes were noted, about. */
export function estimate(registers: Uint8Array): number {
  const counts = new Array<number>(rankMax + 1).fill(0);
  for (const rank of registers) (counts[rank] as number)++;
  const m = registers.length;
  let z = m * tau(1 - (counts[rankMax] as number) / m);
  for (let rank = rankBits; rank >= 1; rank--) z = 0.5 * (z + (counts[rank] as number));
  z += m * sigma((counts[0] as number) / m);
  return (m * m) / (2 * Math.LN2 * z);
}

/** For registers that nothing has reached. */
function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY;
  let sum = share;
  let before = Number.NaN;
  for (let x = share, weight = 1; sum !== before; weight *= 2) {
    x *= x;
    before = sum;
    sum += x * weight;
  }
  return sum;
}

/** For registers that are full. */
function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let sum = 1 - share;
  let before = Number.NaN;
  for (let x = share, weight = 1; sum !== before; ) {
    x = Math.sqrt(x);
    weight *= 0.5;
    before = sum;
    sum -= (1 - x) ** 2 * weight;
  }
  return sum / 3;
}
