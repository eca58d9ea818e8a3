import fc from 'fast-check';
import { parseInstant } from 'loadline/base';
import { describe, expect, it } from 'vitest';

const noonMs = Date.UTC(2026, 5, 6, 12);

describe('parseInstant()', () => {
  it('reads a time with its zone as milliseconds since the epoch', () => {
    for (const text of [
      '2026-06-06T12:00:00Z',
      '2026-06-06t12:00:00.000z',
      '2026-06-06 12:00Z',
      '2026-06-06T14:00:00+02:00',
      '2026-06-06T14:00:00+02',
      '2026-06-06T07:30:00-0430',
    ])
      expect(parseInstant(text), text).toBe(noonMs);
    expect(parseInstant('0050-02-28T00:00:00Z')).toBe(Date.parse('0050-02-28T00:00:00Z'));
  });

  it('keeps whole milliseconds of a fraction, as clocks do', () => {
    expect(parseInstant('2026-06-06T12:00:00.123987Z')).toBe(noonMs + 123);
    expect(parseInstant('2026-06-06T12:00:00.5Z')).toBe(noonMs + 500);
  });

  it('takes a leap second for the second after it, as PostgreSQL does', () => {
    const newYearMs = Date.UTC(2017, 0, 1);
    expect(parseInstant('2016-12-31T23:59:60Z')).toBe(newYearMs);
    expect(parseInstant('2016-12-31T23:59:60.5Z')).toBe(newYearMs + 500);
    expect(parseInstant('2017-01-01T00:59:60+01:00')).toBe(newYearMs);
    expect(parseInstant('2016-12-31T18:29:60-05:30')).toBe(newYearMs);
  });

  it.each([
    '',
    '2026',
    '2026-06-06',
    '2026-06-06T12:00:00',
    '2026-06-06T12:00:61Z',
    '2026-06-06T12:00:60Z',
    '2026-06-06T23:59:60+01:00',
    '2026-02-29T12:00:00Z',
    '2026-13-01T12:00:00Z',
    '2026-06-06T24:00:01Z',
    '2026-06-06T12:60:00Z',
    '2026-06-06T12:00:00+24:00',
    '2026-06-06T12:00:00+05:60',
    '2026-06-06T28:59:60+05:00',
    'Sat, 06 Jun 2026 12:00:00 GMT',
    'noon',
  ])('refuses %j', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });

  it('reads back every time that a date writes', () => {
    const times = fc.date({
      min: new Date(0),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    });
    fc.assert(fc.property(times, (time) => parseInstant(time.toISOString()) === time.getTime()));
  });
});
