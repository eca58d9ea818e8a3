import { isLoadlineError } from 'loadline/base';
import { readLimitAsked } from 'loadline/load/limit';
import { describe, expect, it } from 'vitest';
import { expectedRuns } from '../../../src/load/limit/limit-search.ts';

describe('readLimitAsked()', () => {
  it('has a default for everything', () => {
    const asked = readLimitAsked({});
    expect(asked).toEqual({
      fromRate: 10,
      toRate: 10_000,
      probeMs: 10_000,
      precision: 0.05,
      confirmRuns: 3,
      runsMax: expectedRuns(asked).most,
    });
  });

  it('reads what is asked for', () => {
    expect(
      readLimitAsked({ from: '600/m', to: '500', probe: '30s', precision: '2.5%', confirm: '5', runs: '12' }),
    ).toEqual({
      fromRate: 10,
      toRate: 500,
      probeMs: 30_000,
      precision: 0.025,
      confirmRuns: 5,
      runsMax: 12,
    });
  });

  it('tells every mistake at once', () => {
    const wrong = { from: '-5', to: '5/x', probe: '1s', precision: '5', confirm: '0', runs: 'many' };
    let message = '';
    try {
      readLimitAsked(wrong);
    } catch (error) {
      expect(isLoadlineError(error, 'LOAD_OPTIONS_INVALID')).toBe(true);
      message = (error as Error).message;
    }
    expect(message.split('\n')).toEqual([
      'Cannot search the limit.',
      '  --from must be a rate with its unit, like 50/s or 3000/m, got "-5"',
      '  --to must be a rate with its unit, like 50/s or 3000/m, got "5/x"',
      '  --probe must be from 2s to 1h, like 10s, got "1s"',
      '  --precision must be from 0.5% to 50%, like 5%, got "5"',
      '  --confirm must be a whole number from 1 to 20, got "0"',
      '  --runs must be a whole number from 1 to 1000, got "many"',
    ]);
  });

  it('refuses a range that goes down, and a rate of nothing', () => {
    expect(() => readLimitAsked({ from: '50/s', to: '20/s' })).toThrow('--to must not be below --from, 50/s');
    expect(() => readLimitAsked({ from: '0' })).toThrow('--from must be above 0');
  });
});
