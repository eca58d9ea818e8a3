import type { Calendar, CalendarEvent, DayRule } from '../../base/index.ts';
import type { FreezeWindow } from './policy.ts';
import type { CalendarFloor } from './rule.ts';

type Written = Readonly<Record<string, unknown>>;

/** The calendar of a policy as people write it; undefined where no day is unlike others. */
export function writePolicyCalendar(
  floors: readonly CalendarFloor[],
  freezes: readonly FreezeWindow[],
  inWords: (durationMs: number) => string,
): Written | undefined {
  const calendars: readonly Calendar[] = [...floors, ...freezes].map(({ when }) => when);
  const [first] = calendars;
  if (first === undefined) return undefined;
  const events = new Map(
    calendars.flatMap((calendar) => calendar.events).map((event) => [JSON.stringify(event), event]),
  );
  return {
    timeZone: first.timeZone,
    events: [...events.values()].map(writeEvent),
    ...(floors.length === 0
      ? {}
      : {
          floors: Object.fromEntries(
            floors.map(({ name, replicas, leadMs }) => [name, { replicas, lead: inWords(leadMs) }]),
          ),
        }),
    ...(freezes.length === 0
      ? {}
      : { freezes: Object.fromEntries(freezes.map(({ name, stops }) => [name, stops])) }),
  };
}

function writeEvent({ name, days, fromMinute, toMinute }: CalendarEvent): Written {
  const isWholeDay = fromMinute === 0 && toMinute === dayMinutes;
  const times = {
    from: timeOfDay(fromMinute),
    to: timeOfDay(toMinute > dayMinutes ? toMinute - dayMinutes : toMinute),
  };
  return { name, ...writeDays(days), ...(isWholeDay ? {} : times) };
}

const dayMinutes = 1440;

function timeOfDay(minute: number): string {
  return `${twoDigits(Math.floor(minute / 60))}:${twoDigits(minute % 60)}`;
}

function writeDays(days: DayRule): Written {
  switch (days.kind) {
    case 'weekdays': {
      const [weekday] = days.weekdays;
      return { every: weekday === undefined ? 'day' : weekdays[weekday], ...writeMonths(days.months) };
    }
    case 'nth weekday': {
      const nth = days.nth < 0 ? 'last' : nths[days.nth - 1];
      return { every: `${nth} ${weekdays[days.weekday]}`, ...writeMonths(days.months) };
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

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const nths = ['first', 'second', 'third', 'fourth', 'fifth'];
const monthNames = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
