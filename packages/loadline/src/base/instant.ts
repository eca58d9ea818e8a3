/**
 * Reads a time of ISO 8601 with its zone, as RFC 3339 has it: `2026-06-06T12:00:00Z`, `2026-06-06 14:00+02:00`. Seconds may be left
 * out; of a fraction whole milliseconds count. A leap second, `23:59:60Z` or the same in another zone, is the second after it, since
 * the clocks here know none. Midnight may be `24:00`. A time without a zone is refused: it is another on every machine.
 *
 * @returns milliseconds since the epoch, or `undefined` where the text is no such time, or no day of the calendar.
 */
export function parseInstant(text: string): number | undefined {
  const found = pattern.exec(text);
  if (found === null) return undefined;
  const [, day = '', hour = '', minute = '', second = '00', fraction = '', zone = ''] = found;
  const dayStartMs = startOf(day);
  const zoneMs = offsetMs(zone);
  if (dayStartMs === undefined || zoneMs === undefined || Number(minute) > 59) return undefined;
  const ofDayMs = Number(hour) * hourMs + Number(minute) * minuteMs + Number(second) * 1000;
  const beyondMs = Number(fraction.slice(1, 4).padEnd(3, '0'));
  const atMs = dayStartMs + ofDayMs - zoneMs;
  // A leap second ends a day of the world's clock, wherever it is written.
  if (second === '60' && atMs % dayMs !== 0) return undefined;
  if (Number(second) > 60 || ofDayMs + beyondMs > dayMs + (second === '60' ? 999 : 0)) return undefined;
  return atMs + beyondMs;
}

const pattern = /^(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d(?::?\d\d)?)$/i;

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

function startOf(day: string): number | undefined {
  const startMs = Date.parse(`${day}T00:00:00Z`);
  // Date.parse takes February 30th for March 2nd.
  const isDay = !Number.isNaN(startMs) && new Date(startMs).toISOString().startsWith(day);
  return isDay ? startMs : undefined;
}

function offsetMs(zone: string): number | undefined {
  if (zone.toUpperCase() === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(':', ''));
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * hourMs + minutes * minuteMs);
}
