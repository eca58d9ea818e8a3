/**
 * Reads a quantity of Kubernetes, `500m`, `1.5`, `2k`, `1Gi`, `3e2` or a plain number, as thousandths, rounded up
 * as Kubernetes does.
 *
 * @returns undefined where it is none, is negative, or is larger than can be counted exactly.
 */
export function parseQuantity(written: unknown): number | undefined {
  const parts = take(written);
  if (parts === undefined) return undefined;
  const milli = Number(inUnits(parts, 3));
  return Number.isSafeInteger(milli) ? milli : undefined;
}

/** The same as a number, for what is a share: in billionths, which is as fine as Kubernetes keeps it. */
export function parseShare(written: unknown): number | undefined {
  const parts = take(written);
  if (parts === undefined) return undefined;
  // The API server keeps it as the fewest whole thousandths, millionths or billionths, and the controller multiplies
  // that: only so have both the same last bit.
  let whole = inUnits(parts, 9);
  let decimals = 9;
  while (decimals > 0 && whole % 1000n === 0n) {
    whole /= 1000n;
    decimals -= 3;
  }
  return Number(whole) * Number(`1e-${decimals}`);
}

/** How many units of so many decimals, rounded up. */
function inUnits({ digits, decimals, binary }: Parts, places: number): bigint {
  const value = digits << BigInt(binary);
  const shift = decimals + places;
  if (shift >= 0) return value * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(-shift);
  return (value + divisor - 1n) / divisor;
}

interface Parts {
  readonly digits: bigint;
  readonly decimals: number;
  readonly binary: number;
}

const pattern =
  /^\+?(\d{0,30})(?:\.(\d{0,30}))?(?:(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E)|[eE]([+-]?\d{1,2}))?$/;

function take(written: unknown): Parts | undefined {
  const text = typeof written === 'number' ? String(written) : written;
  const match = typeof text === 'string' ? pattern.exec(text) : null;
  const [, whole = '', fraction = '', suffix = '', exponent = '0'] = match ?? [];
  if (whole === '' && fraction === '') return undefined;
  return {
    digits: BigInt(whole + fraction),
    decimals: (decimalPowers[suffix] ?? 0) + Number(exponent) - fraction.length,
    binary: binaryPowers[suffix] ?? 0,
  };
}

const decimalPowers: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};

const binaryPowers: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };

/** Thousandths as a quantity: `500m`, `3`. */
export function writeQuantity(milli: number): string {
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}
