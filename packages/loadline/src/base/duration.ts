const unitMs: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Reads `'250ms'`, `'1.5s'`, `'2m'`, `'1h30m'`, `'7d'` as milliseconds; a bare `0` needs no unit.
 * Any other bare number is refused, because nobody can tell seconds from milliseconds.
 *
 * @returns milliseconds, or `undefined` where the text is no duration.
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const part = /(\d+(?:\.\d+)?)(us|ms|s|m|h|d)/gy;
  let totalMs = 0;
  let end = 0;
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    totalMs += Number(match[1]) * (unitMs[match[2] as string] as number);
    end = part.lastIndex;
  }
  return end > 0 && end === text.length && Number.isFinite(totalMs) ? totalMs : undefined;
}

/** A whole number of milliseconds as `parseDuration` reads it, in the largest unit that has it whole: `250ms`, `90s`, `1h`. */
export function writeDuration(durationMs: number): string {
  const units = (['d', 'h', 'm', 's'] as const).filter((unit) => durationMs % (unitMs[unit] as number) === 0);
  const [unit = 'ms'] = durationMs === 0 ? [] : units;
  return `${durationMs / (unitMs[unit] as number)}${unit}`;
}

/** A duration for people, with three significant digits: `84 µs`, `1.25 ms`, `2 s`, `1 m 30 s`, `2 h 5 m`. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0 ms';
  if (durationMs < 0) return `-${formatDuration(-durationMs)}`;
  if (durationMs < 0.9995) return `${threeDigits(durationMs * 1000)} µs`;
  if (durationMs < 999.5) return `${threeDigits(durationMs)} ms`;
  if (durationMs < 59_950) return `${threeDigits(durationMs / 1000)} s`;
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 3600) return pair(Math.floor(seconds / 60), 'm', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'm');
  const hours = Math.round(minutes / 60);
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function pair(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;
}

function threeDigits(value: number): string {
  return String(Number(value.toPrecision(3)));
}
