/**
 * Reads a quantity of Kubernetes, `500m`, `1.5`, `2k`, `1Gi`, `3e2` or a plain number, as thousandths, rounded up
 * as Kubernetes does.
 *
 * @returns undefined where it is none, is negative, or is larger than can be counted exactly.
 */
export function parseQuantity(written: unknown): number | undefined {
  const parts = take(written);
  if (parts === undefined) return undefined;
  const decimals = parts.decimals + 3;
  let value = parts.digits << BigInt(parts.binary);
  if (decimals >= 0) value *= 10n ** BigInt(decimals);
  else {
    const divisor = 10n ** BigInt(-decimals);
    value = (value + divisor - 1n) / divisor;
  }
  const milli = Number(value);
  return Number.isSafeInteger(milli) ? milli : undefined;
}

/** The same as a number, not rounded to thousandths: for what is a share. */
export function parseShare(written: unknown): number | undefined {
  const parts = take(written);
  // Multiplied as Kubernetes does, so that both have the same last bit.
  return parts === undefined ? undefined : Number(parts.digits) * 2 ** parts.binary * 10 ** parts.decimals;
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
