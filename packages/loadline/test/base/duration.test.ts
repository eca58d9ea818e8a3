import fc from 'fast-check';
import { formatDuration, parseDuration, writeDuration } from 'loadline/base';
import { describe, expect, it } from 'vitest';

describe('parseDuration()', () => {
  it('reads each unit as milliseconds', () => {
    expect(['84us', '250ms', '1.5s', '2m', '1h', '7d'].map(parseDuration)).toEqual([
      0.084, 250, 1500, 120_000, 3_600_000, 604_800_000,
    ]);
  });

  it('adds up parts', () => {
    expect(parseDuration('1h30m')).toBe(5_400_000);
  });

  it('refuses a bare number, because nobody can tell seconds from milliseconds', () => {
    expect(parseDuration('250')).toBeUndefined();
  });

  it.each(['', 's', '-5s', '5 s', '1s2', 'abc', '1e3ms', '1..5s'])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('reads back every whole number of milliseconds', () => {
    fc.assert(fc.property(fc.nat(), (durationMs) => parseDuration(`${durationMs}ms`) === durationMs));
  });
});

describe('writeDuration()', () => {
  it('writes the largest unit that has it whole', () => {
    expect([0, 250, 1500, 60_000, 90_000, 3_600_000, 7 * 86_400_000].map(writeDuration)).toEqual([
      ...['0ms', '250ms', '1500ms', '1m', '90s', '1h', '7d'],
    ]);
  });

  it('writes what is read as the same', () => {
    fc.assert(fc.property(fc.nat(), (durationMs) => parseDuration(writeDuration(durationMs)) === durationMs));
  });
});

describe('formatDuration()', () => {
  it.each([
    [0, '0 ms'],
    [0.084, '84 µs'],
    [1.2545, '1.25 ms'],
    [999.6, '1 s'],
    [59_940, '59.9 s'],
    [59_990, '1 m'],
    [90_000, '1 m 30 s'],
    [7_500_000, '2 h 5 m'],
    [-250, '-250 ms'],
  ])('writes %d ms as %s', (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });
});
