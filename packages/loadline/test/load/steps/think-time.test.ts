import fc from 'fast-check';
import { createRandom } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { drawThinkTime, type ThinkTime } from '../../../src/load/steps/think-time.ts';

const durations = fc.integer({ min: 0, max: 100_000 });
const thinkTimes: fc.Arbitrary<ThinkTime> = fc.oneof(
  fc.record({ kind: fc.constant('fixed' as const), durationMs: durations }),
  fc
    .tuple(durations, durations)
    .map(([a, b]) => ({ kind: 'uniform' as const, fromMs: Math.min(a, b), toMs: Math.max(a, b) })),
  fc.record({ kind: fc.constant('normal' as const), meanMs: durations, deviationMs: durations }),
  fc.record({ kind: fc.constant('exponential' as const), meanMs: durations }),
);

describe('a think time', () => {
  it('is a finite pause from 0 on, within what its shape allows', () => {
    fc.assert(
      fc.property(thinkTimes, fc.nat(), (think, seed) => {
        const random = createRandom(seed);
        for (let i = 0; i < 20; i++) {
          const pauseMs = drawThinkTime(think, random);
          expect(pauseMs).toBeGreaterThanOrEqual(0);
          expect(Number.isFinite(pauseMs)).toBe(true);
          if (think.kind === 'fixed') expect(pauseMs).toBe(think.durationMs);
          if (think.kind === 'exponential') expect(pauseMs).toBeLessThanOrEqual(think.meanMs * 10);
          if (think.kind === 'uniform') {
            expect(pauseMs).toBeGreaterThanOrEqual(think.fromMs);
            expect(pauseMs).toBeLessThanOrEqual(think.toMs);
          }
        }
      }),
    );
  });

  it.each<[number, ThinkTime]>([
    [700, { kind: 'fixed', durationMs: 700 }],
    [3000, { kind: 'uniform', fromMs: 1000, toMs: 5000 }],
    [3000, { kind: 'normal', meanMs: 3000, deviationMs: 500 }],
    [2000, { kind: 'exponential', meanMs: 2000 }],
  ])('has the mean %d ms as %j', (meanMs, think) => {
    const random = createRandom(think.kind);
    let sum = 0;
    for (let i = 0; i < 50_000; i++) sum += drawThinkTime(think, random);
    expect(sum / 50_000 / meanMs).toBeCloseTo(1, 1);
  });
});
