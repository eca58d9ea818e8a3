import { describe, expect, it } from 'vitest';
import { type Begun, type Ending, LimitSearch } from '../../../src/resilience/limit/limit-search.ts';

const limits = { limitMin: 4, limitMax: 100, tolerance: 1.5, measureEveryMs: 30_000 };

interface Turns {
  readonly count: number;
  readonly atOnce: number;
  readonly how: Ending;
}

/** So many at once, in each turn of 20 ms, of which each takes the whole turn. */
function turns(search: LimitSearch, { count, atOnce, how }: Turns): void {
  for (let turn = 0; turn < count; turn++) {
    const beganMs = nowMs;
    const begun = Array.from({ length: atOnce }, (): Begun => ({ beganMs, window: search.begin() }));
    nowMs += 20;
    for (const each of begun) search.end(each, how, nowMs);
  }
}

let nowMs = 0;

describe('the search for a limit', () => {
  it('moves it once there were enough requests and enough time, up while none waits', () => {
    const search = new LimitSearch(limits, 36, nowMs);
    turns(search, { count: 4, atOnce: 36, how: 'done' });
    expect(search.limit).toBe(36);
    turns(search, { count: 1, atOnce: 36, how: 'done' });
    expect(search.limit).toBe(42);
    expect(search.inFlight).toBe(0);
  });

  it('moves it down when one took too long, and by nothing of which nothing is known', () => {
    const search = new LimitSearch(limits, 20, nowMs);
    turns(search, { count: 20, atOnce: 20, how: 'unknown' });
    turns(search, { count: 20, atOnce: 20, how: 'given up' });
    expect(search.limit).toBe(20);
    turns(search, { count: 5, atOnce: 20, how: 'overdue' });
    expect(search.limit).toBe(14);
  });

  it('waits for more requests than a few', () => {
    const search = new LimitSearch(limits, 20, nowMs);
    turns(search, { count: 99, atOnce: 1, how: 'overdue' });
    expect(search.limit).toBe(20);
    turns(search, { count: 1, atOnce: 1, how: 'overdue' });
    expect(search.limit).toBe(14);
  });

  it('counts nothing that began under another limit', () => {
    const search = new LimitSearch(limits, 20, nowMs);
    const old: Begun = { beganMs: nowMs, window: search.begin() };
    turns(search, { count: 6, atOnce: 19, how: 'done' });
    const { limit } = search;
    expect(limit).not.toBe(20);
    nowMs += 200;
    for (let each = 0; each < 30; each++) search.begin();
    search.end(old, 'overdue', nowMs);
    expect(search.limit).toBe(limit);
  });
});
