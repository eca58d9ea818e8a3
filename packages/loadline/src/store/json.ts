import { storeError } from './errors.ts';

/**
 * A value as JSON that PostgreSQL takes: its `jsonb` has no place for the character U+0000, nor for half of a pair of
 * surrogates, as a text has that was cut through a character. Each becomes U+FFFD.
 *
 * @param doing what is attempted, to follow "Cannot …".
 * @throws STORE_TOO_LARGE above `bytesMax`.
 */
export function writeJson(value: unknown, doing: string, bytesMax: number): string {
  const json = JSON.stringify(value ?? null, wellFormed);
  const bytes = Buffer.byteLength(json);
  if (bytes <= bytesMax) return json;
  throw storeError(
    'STORE_TOO_LARGE',
    `Cannot ${doing}: it has ${bytes} bytes as JSON, and ${bytesMax} are kept.`,
    {
      facts: { bytes, bytesMax },
    },
  );
}

function wellFormed(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return mended(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  if (entries.every(([key]) => mended(key) === key)) return value;
  return Object.fromEntries(entries.map(([key, held]) => [mended(key), held]));
}

function mended(text: string): string {
  const found = text.isWellFormed() ? text : text.toWellFormed();
  return found.includes('\0') ? found.replaceAll('\0', '\uFFFD') : found;
}
