import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Priority, priorities, WaitingLine } from '../../../src/resilience/limit/waiting-line.ts';

/** A line with those who came, each a millisecond after the one before. */
function lineOf(lengthMax: number, ...came: readonly Priority[]): WaitingLine<number> {
  const line = new WaitingLine<number>(lengthMax);
  for (const [at, priority] of came.entries()) line.add(at, priority, at);
  return line;
}

describe('a waiting line', () => {
  it('serves a burst in the order in which they came, and the newest first once it has stood for a while', () => {
    const line = lineOf(9, 'normal', 'normal', 'normal', 'normal');
    expect([line.take('normal', 50), line.take('normal', 99)]).toEqual([0, 1]);
    expect([line.take('normal', 100), line.take('normal', 100), line.take('normal', 100)]).toEqual([
      3,
      2,
      undefined,
    ]);
    line.add(5, 'normal', 5000);
    line.add(6, 'normal', 5001);
    expect(line.take('normal', 5002)).toBe(5);
  });

  it('turns away the one who comes to a full burst, and whoever has waited longest in an overload', () => {
    const line = lineOf(2, 'normal', 'normal');
    expect(line.add(7, 'normal', 10)).toBe(7);
    expect(line.add(8, 'normal', 100)).toBe(0);
    expect([line.take('normal', 101), line.take('normal', 101)]).toEqual([8, 1]);
  });

  it('turns away what matters less for what matters more, and never the other way round', () => {
    const line = lineOf(2, 'low', 'normal');
    expect(line.add(7, 'critical', 10)).toBe(0);
    expect(line.add(8, 'low', 500)).toBe(8);
    expect([line.take('critical', 500), line.take('normal', 500)]).toEqual([7, 1]);
  });

  it('has, whatever happens, each of its waiters once until they are taken, removed or turned away', () => {
    const anyEvent = fc.record({
      kind: fc.constantFrom('add', 'add', 'take', 'remove'),
      priority: fc.constantFrom(...priorities),
      pastMs: fc.nat(60),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(anyEvent, { maxLength: 80 }), (max, events) => {
        const line = new WaitingLine<number>(max);
        const there = new Map<number, Priority>();
        let nowMs = 0;
        for (const [at, { kind, priority, pastMs }] of events.entries()) {
          nowMs += pastMs;
          if (kind === 'add') {
            there.set(at, priority);
            const turnedAway = line.add(at, priority, nowMs);
            if (turnedAway !== undefined) expect(there.delete(turnedAway)).toBe(true);
          } else if (kind === 'take') {
            const taken = line.take(priority, nowMs);
            const isAny = [...there.values()].includes(priority);
            expect(taken !== undefined).toBe(isAny);
            if (taken !== undefined) expect(there.get(taken)).toBe(priority);
            there.delete(taken as number);
          } else {
            const [first] = there;
            if (first !== undefined) line.remove(...first);
            there.delete(first?.[0] as number);
          }
          expect(line.length).toBe(there.size);
          expect(line.length).toBeLessThanOrEqual(max);
        }
      }),
    );
  });
});
