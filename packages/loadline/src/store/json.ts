import { storeError } from './errors.ts';

/**
 * A value as JSON that PostgreSQL takes: its `jsonb` has no place for the character U+0000.
 *
 * @param doing what is attempted, to follow "Cannot …".
 * @throws STORE_TOO_LARGE above `bytesMax`.
 */
export function writeJson(value: unknown, doing: string, bytesMax: number): string {
  const json = JSON.stringify(value ?? null, withoutNul);
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

function withoutNul(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  if (!entries.some(([key]) => key.includes('\0'))) return value;
  return Object.fromEntries(entries.map(([key, held]) => [key.replaceAll('\0', '\uFFFD'), held]));
}
