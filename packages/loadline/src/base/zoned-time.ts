/** What a clock on the wall of a time zone shows. */
export interface WallTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
  /** 0 to 23. */
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** Whether this is a time zone's name, like `Europe/London` or `UTC`; offsets like `+01:00` are none. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** What the clocks of a time zone show at an instant. @param atMs milliseconds since the epoch. */
export function wallTimeOf(atMs: number, timeZone: string): WallTime {
  const found = new Map<string, number>();
  for (const { type, value } of formatOf(timeZone).formatToParts(atMs)) found.set(type, Number(value));
  const at = (part: string): number => found.get(part) ?? 0;
  return {
    year: at('year'),
    month: at('month'),
    day: at('day'),
    hour: at('hour'),
    minute: at('minute'),
    second: at('second'),
  };
}

/**
 * The instant at which the clocks of a time zone show this; fields may run over, so that hour 24 is the next
 * midnight. When they are put forward, a time that is left out counts as much later; when they are put back, of
 * the two instants it is the first. That is what calendars do (RFC 5545, 3.3.5).
 *
 * @returns milliseconds since the epoch.
 */
export function instantOf(wall: WallTime, timeZone: string): number {
  const asUtc = utcOf(wall);
  // A zone changes its offset at most once in a day, so that these two are all that can hold here.
  const before = offsetMs(asUtc - dayMs, timeZone);
  const after = offsetMs(asUtc + dayMs, timeZone);
  const fits = (offset: number): boolean => offsetMs(asUtc - offset, timeZone) === offset;
  if (fits(before)) return asUtc - before;
  return fits(after) ? asUtc - after : asUtc - before;
}

const dayMs = 86_400_000;

function offsetMs(atMs: number, timeZone: string): number {
  const whole = Math.floor(atMs / 1000) * 1000;
  return utcOf(wallTimeOf(whole, timeZone)) - whole;
}

function utcOf({ year, month, day, hour, minute, second }: WallTime): number {
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** Making one takes a hundred times as long as using it. There are some 600 time zones. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError where there is no such time zone. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US-u-ca-iso8601-nu-latn', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  if (formats.size < 1000) formats.set(timeZone, format);
  return format;
}
