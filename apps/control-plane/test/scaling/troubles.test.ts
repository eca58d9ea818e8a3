import { describe, expect, it } from 'vitest';
import { followTroubles, type KnownTroubles, type Trouble } from '../../src/scaling/troubles.ts';

const crash: Trouble = { key: 'crash', begun: 'it crashes', over: 'it is well', tellAfterMs: 0, restMs: 60 };
const away: Trouble = { ...crash, key: 'away', begun: 'it is away', over: 'it is back', tellAfterMs: 5 };

/** What is told when, of looks that each saw this. */
function tellOf(looks: readonly (readonly [atMs: number, ...seen: Trouble[]])[]): string[] {
  let known: KnownTroubles = new Map();
  return looks.flatMap(([atMs, ...seen]) => {
    const after = followTroubles(known, seen, atMs);
    known = after.known;
    return after.notices.map(({ isOver, text }) => `${atMs} ${isOver ? 'over' : 'begun'}: ${text}`);
  });
}

describe('a trouble', () => {
  it('is told once when it begins and once when it is over, also where it comes and goes', () => {
    const looks = [[0, crash], [1], [30, crash], [31], [89], [90], [91]] as const;
    expect(tellOf(looks)).toEqual(['0 begun: it crashes', '90 over: it is well']);
  });

  it('that comes back when it was over is another one', () => {
    expect(tellOf([[0, crash], [60], [61, crash]])).toEqual([
      '0 begun: it crashes',
      '60 over: it is well',
      '61 begun: it crashes',
    ]);
  });

  it('is told when it has lasted, and not at all where it was over before', () => {
    expect(tellOf([[0, away], [4, away], [5], [100, away], [104, away], [105, away], [106, away]])).toEqual([
      '105 begun: it is away',
    ]);
  });

  it('is told in the words of the moment in which it is told', () => {
    expect(
      tellOf([
        [0, away],
        [5, { ...away, begun: 'it is gone' }],
      ]),
    ).toEqual(['5 begun: it is gone']);
  });

  it('goes on, and does not begin, by what is no news', () => {
    const quiet = { ...crash, begun: undefined };
    expect(tellOf([[0, quiet], [30, crash], [80, quiet], [139], [140]])).toEqual([
      '30 begun: it crashes',
      '140 over: it is well',
    ]);
  });

  it('is told beside others', () => {
    expect(
      tellOf([
        [0, crash, away],
        [5, away],
        [60, away],
      ]),
    ).toEqual(['0 begun: it crashes', '5 begun: it is away', '60 over: it is well']);
  });
});
