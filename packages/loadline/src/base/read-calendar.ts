import type { Calendar, CalendarEvent, CivilDay, DayRule, MonthDay } from './calendar.ts';
import { dayMinutes, monthNames, nthNames, weekdayNames } from './calendar-words.ts';
import type { Field, ObjectField } from './parse.ts';
import { isTimeZone } from './zoned-time.ts';

/**
 * Reads a calendar as people write it, and notes every problem. Each event says its days in one way: `every` with
 * `in`, `on`, `between`, or `easter`; `from` and `to` are times of the day, without them it is the whole day.
 *
 * @example
 * { timeZone: 'Europe/London', events: [
 *   { name: 'Saturdays in June', every: 'saturday', in: 'june', from: '06:00', to: '23:30' },
 *   { name: 'spring bank holiday', every: 'last monday', in: 'may' },
 *   { name: 'Christmas', between: ['12-24', '12-26'] },
 *   { name: 'Good Friday', easter: -2 },
 *   { name: 'launch', on: '2027-03-01' },
 * ] }
 */
export function readCalendar(field: Field): Calendar {
  const calendar = field.object(['timeZone', 'events']);
  const zone = calendar.optional('timeZone');
  const timeZone = zone?.string() ?? 'UTC';
  if (zone !== undefined && typeof zone.value === 'string' && !isTimeZone(timeZone))
    zone.problem(`must be the name of a time zone, like Europe/London, got ${JSON.stringify(timeZone)}`);
  const events = calendar.required('events').array(readEvent);
  if (events.length > eventsMax) calendar.required('events').problem(`must be at most ${eventsMax} events`);
  return { timeZone, events };
}

const eventsMax = 1000;
const eventKeys = ['name', 'every', 'in', 'on', 'between', 'easter', 'from', 'to'] as const;
type EventField = ObjectField<(typeof eventKeys)[number]>;

function readEvent(field: Field): CalendarEvent {
  const event = field.object(eventKeys);
  const fromMinute = readTime(event.optional('from')) ?? 0;
  const until = readTime(event.optional('to'), true) ?? dayMinutes;
  // What ends before it begins lasts over midnight.
  const toMinute = until > fromMinute ? until : until + dayMinutes;
  return { name: event.required('name').string(), days: readDays(event), fromMinute, toMinute };
}

function readTime(field: Field | undefined, isEnd = false): number | undefined {
  if (field === undefined) return undefined;
  const found = /^([01]?\d|2[0-4]):([0-5]\d)$/.exec(typeof field.value === 'string' ? field.value : '');
  const minute = Number(found?.[1]) * 60 + Number(found?.[2]);
  if (minute <= (isEnd ? dayMinutes : dayMinutes - 1)) return minute;
  field.problem(`must be a time of the day like 06:30, got ${JSON.stringify(field.value) ?? 'nothing'}`);
  return undefined;
}

function readDays(event: EventField): DayRule {
  const ways = (['every', 'on', 'between', 'easter'] as const).filter((way) => event.has(way));
  if (ways.length !== 1)
    event.field.problem(`must say its days in one way: every, on, between or easter, got ${ways.length}`);
  if (event.has('in') && !event.has('every'))
    event.required('in').problem('says in which months every day of a kind is meant; it needs every');
  const on = event.optional('on');
  const between = event.optional('between');
  const easter = event.optional('easter');
  if (on !== undefined) return onDay(readDay(on));
  if (between !== undefined) return readBetween(between);
  if (easter !== undefined)
    return { kind: 'easter', offsetDays: easter.number({ whole: true, atLeast: -100, atMost: 100 }) };
  return readEvery(event.required('every'), readMonths(event.optional('in')));
}

function readEvery(field: Field, months: readonly number[]): DayRule {
  const words = (typeof field.value === 'string' ? field.value : '').toLowerCase().split(/\s+/);
  const weekday = weekdayNames.indexOf(words.at(-1) ?? '');
  const nth = words.length === 2 ? nthOf(words[0] as string) : undefined;
  if (words.length === 1 && words[0] === 'day') return { kind: 'weekdays', weekdays: [], months };
  if (weekday >= 0 && words.length === 1) return { kind: 'weekdays', weekdays: [weekday], months };
  if (weekday >= 0 && nth !== undefined) return { kind: 'nth weekday', nth, weekday, months };
  if (field.value !== undefined)
    field.problem(
      `must be day, a weekday, or like last monday, got ${JSON.stringify(field.value) ?? 'nothing'}`,
    );
  return { kind: 'weekdays', weekdays: [], months };
}

/** -1 is the last one of its month. */
function nthOf(word: string): number | undefined {
  if (word === 'last') return -1;
  const at = nthNames.indexOf(word);
  return at === -1 ? undefined : at + 1;
}

function readMonths(field: Field | undefined): number[] {
  if (field === undefined) return [];
  const each = (item: Field): number => {
    const word = typeof item.value === 'string' ? item.value.toLowerCase() : item.value;
    return monthNames.indexOf(item.as(word).oneOf(monthNames)) + 1;
  };
  return Array.isArray(field.value) ? field.array(each, { nonEmpty: true }) : [each(field)];
}

function readBetween(field: Field): DayRule {
  if (!Array.isArray(field.value) || field.value.length !== 2) {
    field.problem('must be a list of the first day and the last');
    return onDay({ month: 1, day: 1 });
  }
  return rangeOf(field.at(0), field.at(1));
}

function onDay(day: CivilDay | MonthDay): DayRule {
  return 'year' in day ? { kind: 'range', from: day, to: day } : { kind: 'season', from: day, to: day };
}

/** Days with a year are once, days without one every year. */
function rangeOf(first: Field, last: Field): DayRule {
  const [from, to] = [readDay(first), readDay(last)];
  if ('year' in from && 'year' in to) {
    if (Date.UTC(to.year, to.month - 1, to.day) < Date.UTC(from.year, from.month - 1, from.day))
      last.problem('must not be before the first day');
    return { kind: 'range', from, to };
  }
  if ('year' in from !== 'year' in to) last.problem('must have a year just as the first day has');
  return { kind: 'season', from, to };
}

function readDay(field: Field): CivilDay | MonthDay {
  const found = /^(?:(\d{4})-)?(\d\d)-(\d\d)$/.exec(typeof field.value === 'string' ? field.value : '');
  const [month, day] = [Number(found?.[2]), Number(found?.[3])];
  // Without a year it may be the 29th of February.
  const year = Number(found?.[1] ?? 2000);
  const date = new Date(Date.UTC(year, month - 1, day));
  const isReal = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (isReal) return found?.[1] === undefined ? { month, day } : { year, month, day };
  field.problem(`must be a day like 12-24 or 2027-03-01, got ${JSON.stringify(field.value) ?? 'nothing'}`);
  return { month: 1, day: 1 };
}
