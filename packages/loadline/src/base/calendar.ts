import { instantOf, wallTimeOf } from './zoned-time.ts';

/** Days that are unlike others, as the clocks of one place count them: peaks, holidays, freezes. Complete and checked. */
export interface Calendar {
  /** Like `Europe/London`: days begin there at midnight, also on days with 23 or 25 hours. */
  readonly timeZone: string;
  readonly events: readonly CalendarEvent[];
}

/** What happens on some days, at the same time by the clock on the wall on each. */
export interface CalendarEvent {
  readonly name: string;
  readonly days: DayRule;
  /** Minutes from midnight, by the clock on the wall; from 0 to below 1,440. */
  readonly fromMinute: number;
  /** Above `fromMinute`; beyond 1,440 it lasts into the next day. */
  readonly toMinute: number;
}

/** On which days something is. Months count from 1, weekdays from 0 for Sunday. */
export type DayRule =
  | {
      /** `Saturdays in June`; every weekday, or every month, where a list is empty. */
      readonly kind: 'weekdays';
      readonly weekdays: readonly number[];
      readonly months: readonly number[];
    }
  | {
      /** `last Monday of May`: -1 is the last one of its month. */
      readonly kind: 'nth weekday';
      readonly nth: number;
      readonly weekday: number;
      readonly months: readonly number[];
    }
  | {
      /** Every year; both ends belong to it, and it may lead over New Year. */
      readonly kind: 'season';
      readonly from: MonthDay;
      readonly to: MonthDay;
    }
  | {
      /** Once; both ends belong to it. */
      readonly kind: 'range';
      readonly from: CivilDay;
      readonly to: CivilDay;
    }
  | {
      /** So many days after western Easter Sunday; -2 is Good Friday. */
      readonly kind: 'easter';
      readonly offsetDays: number;
    };

export interface MonthDay {
  readonly month: number;
  readonly day: number;
}

export interface CivilDay extends MonthDay {
  readonly year: number;
}

/** One time that an event takes place; days that follow on each other without a gap are one. */
export interface Occurrence {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  /** The first instant that no longer belongs to it. */
  readonly endMs: number;
}

/**
 * What takes place in a span of time, or reaches into it, by its start. One that lasts longer is cut two days
 * outside of the span. Pure.
 *
 * @throws RangeError where the span is longer than three years.
 */
export function occurrencesBetween(
  { timeZone, events }: Calendar,
  fromMs: number,
  toMs: number,
): readonly Occurrence[] {
  if (toMs - fromMs > spanDaysMax * dayMs)
    throw new RangeError(`a calendar looks at no more than ${spanDaysMax} days at once`);
  const firstDay = dayNumberOf(wallTimeOf(fromMs, timeZone)) - 2;
  const lastDay = dayNumberOf(wallTimeOf(toMs, timeZone)) + 2;
  const found: Occurrence[] = [];
  for (const event of events) {
    let open: { startMs: number; endMs: number } | undefined;
    const close = (): void => {
      if (open !== undefined && open.endMs > fromMs && open.startMs < toMs)
        found.push({ name: event.name, ...open });
      open = undefined;
    };
    for (let day = firstDay; day <= lastDay; day++) {
      if (!isOn(event.days, day)) continue;
      const startMs = atMinute(day, event.fromMinute, timeZone);
      const endMs = atMinute(day, event.toMinute, timeZone);
      if (open !== undefined && startMs > open.endMs) close();
      open = { startMs: open?.startMs ?? startMs, endMs };
    }
    close();
  }
  return found.sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
}

const spanDaysMax = 1100;
const dayMs = 86_400_000;

function atMinute(dayNumber: number, minute: number, timeZone: string): number {
  const { year, month, day } = civilDayOf(dayNumber);
  const [hour, rest] = [Math.floor(minute / 60), minute % 60];
  return instantOf({ year, month, day, hour, minute: rest, second: 0 }, timeZone);
}

/** Whether a rule holds on a day, given by its number since 1970-01-01. */
function isOn(rule: DayRule, dayNumber: number): boolean {
  const day = civilDayOf(dayNumber);
  switch (rule.kind) {
    case 'weekdays':
      return isAmong(rule.weekdays, weekdayOf(dayNumber)) && isAmong(rule.months, day.month);
    case 'nth weekday':
      return (
        rule.weekday === weekdayOf(dayNumber) && isAmong(rule.months, day.month) && isNth(rule.nth, dayNumber)
      );
    case 'season': {
      const [at, from, to] = [day, rule.from, rule.to].map(({ month, day: each }) => month * 100 + each) as [
        number,
        number,
        number,
      ];
      return from <= to ? at >= from && at <= to : at >= from || at <= to;
    }
    case 'range':
      return dayNumber >= dayNumberOf(rule.from) && dayNumber <= dayNumberOf(rule.to);
    case 'easter':
      return dayNumber - rule.offsetDays === easterOf(civilDayOf(dayNumber - rule.offsetDays).year);
  }
}

function isAmong(allowed: readonly number[], found: number): boolean {
  return allowed.length === 0 || allowed.includes(found);
}

/** Whether as many of its weekday have been in this month by then; of the last, the next is in another month. */
function isNth(nth: number, dayNumber: number): boolean {
  const { month, day } = civilDayOf(dayNumber);
  return nth < 0 ? civilDayOf(dayNumber + 7).month !== month : Math.ceil(day / 7) === nth;
}

/** 1970-01-01 was a Thursday. */
function weekdayOf(dayNumber: number): number {
  return (((dayNumber + 4) % 7) + 7) % 7;
}

function dayNumberOf({ year, month, day }: CivilDay): number {
  return Date.UTC(year, month - 1, day) / dayMs;
}

function civilDayOf(dayNumber: number): CivilDay {
  const date = new Date(dayNumber * dayMs);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** The day number of western Easter Sunday, by the Gregorian computus of J. Meeus, H. Jones and S. Butcher. */
function easterOf(year: number): number {
  const golden = year % 19;
  const century = Math.floor(year / 100);
  const ofCentury = year % 100;
  const moon = Math.floor((century - Math.floor((century + 8) / 25) + 1) / 3);
  const epact = (19 * golden + century - Math.floor(century / 4) - moon + 15) % 30;
  const sunday = (32 + 2 * (century % 4) + 2 * Math.floor(ofCentury / 4) - epact - (ofCentury % 4)) % 7;
  const correction = Math.floor((golden + 11 * epact + 22 * sunday) / 451);
  const days = epact + sunday - 7 * correction + 114;
  return dayNumberOf({ year, month: Math.floor(days / 31), day: (days % 31) + 1 });
}
