import fc from 'fast-check';
import {
  type Calendar,
  instantOf,
  isTimeZone,
  occurrencesBetween,
  parse,
  readCalendar,
  wallTimeOf,
  writeCalendar,
} from 'loadline/base';
import { describe, expect, it } from 'vitest';

const hourMs = 3_600_000;
const london = 'Europe/London';

function calendar(events: readonly unknown[], timeZone = london): Calendar {
  const parsed = parse({ timeZone, events }, readCalendar);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

function problemsOf(input: unknown): string[] {
  const parsed = parse(input, readCalendar);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path.join('.')} ${message}`);
}

/** The local days of what takes place in a year. */
function daysIn(year: number, event: object): string[] {
  const found = occurrencesBetween(
    calendar([{ name: 'it', ...event }]),
    Date.UTC(year, 0, 1),
    Date.UTC(year + 1, 0, 1) - 1,
  );
  return found.map(({ startMs }) => {
    const { month, day } = wallTimeOf(startMs, london);
    return `${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
  });
}

describe('occurrencesBetween()', () => {
  it('knows the Saturdays in June', () => {
    expect(daysIn(2026, { every: 'saturday', in: 'june' })).toEqual(['06-06', '06-13', '06-20', '06-27']);
  });

  it("knows England's spring bank holidays, the last Mondays of May", () => {
    const event = { every: 'last monday', in: ['may'] };
    expect([2022, 2023, 2024, 2025, 2026].flatMap((year) => daysIn(year, event))).toEqual([
      '05-30',
      '05-29',
      '05-27',
      '05-26',
      '05-25',
    ]);
  });

  it('knows the fourth Thursdays of November', () => {
    const event = { every: 'fourth thursday', in: 'november' };
    expect([2023, 2024, 2025].flatMap((year) => daysIn(year, event))).toEqual(['11-23', '11-28', '11-27']);
  });

  it.each([
    [1961, '04-02'],
    [2000, '04-23'],
    [2011, '04-24'],
    [2019, '04-21'],
    [2024, '03-31'],
    [2025, '04-20'],
    [2026, '04-05'],
    [2027, '03-28'],
    [2038, '04-25'],
  ])('knows Easter Sunday of %i', (year, day) => {
    expect(daysIn(year, { easter: 0 })).toEqual([day]);
  });

  it('takes days without a year for every year, and days with one for once', () => {
    expect(daysIn(2026, { on: '12-25' })).toEqual(['12-25']);
    expect(daysIn(2026, { on: '2026-12-25' })).toEqual(['12-25']);
    expect(daysIn(2027, { on: '2026-12-25' })).toEqual([]);
    expect(daysIn(2027, { on: '02-29' })).toEqual([]);
    expect(daysIn(2028, { on: '02-29' })).toEqual(['02-29']);
  });

  it('makes one time of days without a gap, also over New Year', () => {
    const [season, ...others] = occurrencesBetween(
      calendar([{ name: 'winter break', between: ['12-24', '01-02'] }]),
      Date.UTC(2026, 11, 20),
      Date.UTC(2027, 0, 10),
    );
    expect(others).toEqual([]);
    expect(season).toEqual({
      name: 'winter break',
      startMs: Date.UTC(2026, 11, 24),
      endMs: Date.UTC(2027, 0, 3),
    });
  });

  it('keeps the hours of each day apart', () => {
    const found = occurrencesBetween(
      calendar([{ name: 'lunch', every: 'day', from: '12:00', to: '13:30' }], 'UTC'),
      Date.UTC(2026, 0, 1),
      Date.UTC(2026, 0, 3),
    );
    expect(found.map(({ startMs, endMs }) => [new Date(startMs).getUTCDate(), endMs - startMs])).toEqual([
      [1, 1.5 * hourMs],
      [2, 1.5 * hourMs],
    ]);
  });

  it('lets a night last into the next day, and finds it in the middle', () => {
    const night = calendar([{ name: 'night', every: 'saturday', from: '22:00', to: '04:00' }], 'UTC');
    const sundayAt2 = Date.UTC(2026, 5, 7, 2);
    expect(occurrencesBetween(night, sundayAt2, sundayAt2 + 1)).toEqual([
      { name: 'night', startMs: Date.UTC(2026, 5, 6, 22), endMs: Date.UTC(2026, 5, 7, 4) },
    ]);
  });

  it('gives days on which the clocks change 23 and 25 hours', () => {
    const spring = calendar([{ name: 'it', on: '03-29' }]);
    const autumn = calendar([{ name: 'it', on: '10-25' }]);
    const lengthOf = (each: Calendar): number => {
      const [found] = occurrencesBetween(each, Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1));
      return ((found?.endMs ?? 0) - (found?.startMs ?? 0)) / hourMs;
    };
    expect([lengthOf(spring), lengthOf(autumn)]).toEqual([23, 25]);
  });

  it('begins at the hour on the wall, in summer and in winter', () => {
    const found = occurrencesBetween(
      calendar([{ name: 'it', every: 'day', in: ['january', 'july'], from: '09:00', to: '10:00' }]),
      Date.UTC(2026, 0, 1),
      Date.UTC(2026, 7, 1),
    );
    const hours = found.map(({ startMs }) => new Date(startMs).getUTCHours());
    expect(new Set(hours.slice(0, 31))).toEqual(new Set([9]));
    expect(new Set(hours.slice(31))).toEqual(new Set([8]));
  });

  it('orders several events by their start, and refuses a span without end', () => {
    const both = calendar([
      { name: 'b', on: '06-02' },
      { name: 'a', on: '06-01' },
    ]);
    const found = occurrencesBetween(both, Date.UTC(2026, 4, 30), Date.UTC(2026, 5, 9));
    expect(found.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(() => occurrencesBetween(both, 0, Date.UTC(2026, 0, 1))).toThrow(/no more than 1100 days/);
  });
});

describe('readCalendar()', () => {
  it('tells every problem at once', () => {
    const found = problemsOf({
      timeZone: 'Europe/Londn',
      events: [
        { name: 'a', every: 'saturdy', in: 'juni' },
        { name: 'b', on: '02-30', from: '25:00' },
        { name: 'c', on: '06-01', easter: 0 },
        { name: 'd' },
        { name: 'e', between: ['2026-06-02', '2026-06-01'] },
        { name: 'f', between: ['2026-06-02', '06-03'] },
        { name: 'g', on: '06-01', in: 'june' },
      ],
    });
    expect(found).toEqual([
      'timeZone must be the name of a time zone, like Europe/London, got "Europe/Londn"',
      expect.stringContaining('events.0.in must be one of january'),
      'events.0.every must be day, a weekday, or like last monday, got "saturdy"',
      'events.1.from must be a time of the day like 06:30, got "25:00"',
      'events.1.on must be a day like 12-24 or 2027-03-01, got "02-30"',
      'events.2 must say its days in one way: every, on, between or easter, got 2',
      'events.3 must say its days in one way: every, on, between or easter, got 0',
      'events.4.between.1 must not be before the first day',
      'events.5.between.1 must have a year just as the first day has',
      'events.6.in says in which months every day of a kind is meant; it needs every',
    ]);
  });

  it('survives whatever it is given', () => {
    const event = fc.record(
      {
        name: fc.anything(),
        every: fc.anything(),
        in: fc.anything(),
        on: fc.anything(),
        between: fc.anything(),
        easter: fc.anything(),
        from: fc.anything(),
        to: fc.anything(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.anything(), fc.array(event), (timeZone, events) => {
        parse({ timeZone, events }, readCalendar);
      }),
    );
  });
});

describe('writeCalendar()', () => {
  it('writes a calendar as it was written', () => {
    const written = {
      timeZone: london,
      events: [
        { name: 'Saturdays', every: 'saturday', in: ['june', 'december'], from: '06:00', to: '23:30' },
        { name: 'last Monday', every: 'last monday', in: ['may'] },
        { name: 'fifth Friday', every: 'fifth friday' },
        { name: 'nights', every: 'day', from: '22:00', to: '06:00' },
        { name: 'Christmas', between: ['12-24', '12-26'] },
        { name: 'launch', between: ['2027-03-01', '2027-03-01'] },
        { name: 'Good Friday', easter: -2 },
      ],
    };
    expect(writeCalendar(calendar(written.events))).toEqual(written);
  });
});

describe('instantOf()', () => {
  const zones = fc.constantFrom(
    'UTC',
    london,
    'America/New_York',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'Pacific/Apia',
    'America/Sao_Paulo',
  );
  const instants = fc.integer({ min: Date.UTC(1990, 0, 1) / 1000, max: Date.UTC(2040, 0, 1) / 1000 });

  it('finds an instant again by what the clocks show, or the one before an hour that is there twice', () => {
    fc.assert(
      fc.property(instants, zones, (seconds, zone) => {
        const atMs = seconds * 1000;
        const wall = wallTimeOf(atMs, zone);
        const found = instantOf(wall, zone);
        expect(wallTimeOf(found, zone)).toEqual(wall);
        expect(found).toBeLessThanOrEqual(atMs);
      }),
    );
  });

  it('takes the first of an hour that is there twice', () => {
    const wall = { year: 2026, month: 10, day: 25, hour: 1, minute: 30, second: 0 };
    expect(instantOf(wall, london)).toBe(Date.UTC(2026, 9, 25, 0, 30));
  });

  it('moves a time that is left out as much later', () => {
    const wall = { year: 2026, month: 3, day: 29, hour: 1, minute: 30, second: 0 };
    expect(instantOf(wall, london)).toBe(Date.UTC(2026, 2, 29, 1, 30));
    expect(wallTimeOf(instantOf(wall, london), london)).toMatchObject({ hour: 2, minute: 30 });
  });
});

describe('isTimeZone()', () => {
  it('knows names, and no offsets or inventions', () => {
    expect(['UTC', 'Europe/London', 'Asia/Kolkata'].every(isTimeZone)).toBe(true);
    expect(['', '+01:00', 'Europe/Atlantis', 'x y'].some(isTimeZone)).toBe(false);
  });
});
