import type { Calendar, CalendarEvent, DayRule } from './calendar.ts';
import { dayMinutes, monthNames, nthNames, weekdayNames } from './calendar-words.ts';

/** A calendar as people write it. */
export interface WrittenCalendar {
  readonly timeZone: string;
  readonly events: readonly Written[];
}

type Written = Readonly<Record<string, unknown>>;

/** Writes a calendar that `readCalendar` has made so that it makes the same one again. Pure. */
export function writeCalendar({ timeZone, events }: Calendar): WrittenCalendar {
  return { timeZone, events: events.map(writeEvent) };
}

function writeEvent({ name, days, fromMinute, toMinute }: CalendarEvent): Written {
  const isWholeDay = fromMinute === 0 && toMinute === dayMinutes;
  const times = {
    from: timeOfDay(fromMinute),
    to: timeOfDay(toMinute > dayMinutes ? toMinute - dayMinutes : toMinute),
  };
  return { name, ...writeDays(days), ...(isWholeDay ? {} : times) };
}

function timeOfDay(minute: number): string {
  return `${twoDigits(Math.floor(minute / 60))}:${twoDigits(minute % 60)}`;
}

function writeDays(days: DayRule): Written {
  switch (days.kind) {
    case 'weekdays': {
      const [weekday] = days.weekdays;
      return { every: weekday === undefined ? 'day' : weekdayNames[weekday], ...writeMonths(days.months) };
    }
    case 'nth weekday': {
      const nth = days.nth < 0 ? 'last' : nthNames[days.nth - 1];
      return { every: `${nth} ${weekdayNames[days.weekday]}`, ...writeMonths(days.months) };
    }
    case 'season':
    case 'range':
      return { between: [dayOf(days.from), dayOf(days.to)] };
    case 'easter':
      return { easter: days.offsetDays };
  }
}

function writeMonths(months: readonly number[]): Written {
  return months.length === 0 ? {} : { in: months.map((month) => monthNames[month - 1]) };
}

function dayOf({
  month,
  day,
  year,
}: {
  readonly month: number;
  readonly day: number;
  readonly year?: number;
}): string {
  const inYear = `${twoDigits(month)}-${twoDigits(day)}`;
  return year === undefined ? inYear : `${String(year).padStart(4, '0')}-${inYear}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
