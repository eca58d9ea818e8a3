const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/**
 * Reads `'512MB'` (powers of ten) and `'512MiB'` (powers of two) as bytes; a bare `0` needs no unit.
 *
 * @returns whole bytes, or `undefined` where the text is no size.
 */
export function parseBytes(text: string): number | undefined {
  if (text === '0') return 0;
  const match = /^(\d+(?:\.\d+)?) ?([kKMGT]?i?B)$/.exec(text);
  const unit = unitBytes[match?.[2] ?? ''];
  const bytes = match === null || unit === undefined ? undefined : Math.round(Number(match[1]) * unit);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** A size for people, in powers of ten with three significant digits: `84 B`, `1.25 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 0) return `-${formatBytes(-bytes)}`;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let at = 0;
  while (value >= 999.5 && at < units.length - 1) {
    value /= 1000;
    at++;
  }
  return `${Number(value.toPrecision(3))} ${units[at]}`;
}
