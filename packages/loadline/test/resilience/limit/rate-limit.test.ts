import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { createVirtualClock } from 'loadline/base';
import { createLocalRateLimit } from 'loadline/resilience';
import { describe, expect, it } from 'vitest';

describe('a rate limit in memory', () => {
  it('allows within any span of time what came back in it, and a burst', async () => {
    const gaps = fc.array(fc.nat(400), { minLength: 1, maxLength: 200 });
    const rates = fc.record({
      ratePerSecond: fc.integer({ min: 1, max: 50 }),
      burst: fc.integer({ min: 1, max: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(gaps, rates, async (steps, rate) => {
        const clock = createVirtualClock();
        const limit = createLocalRateLimit(rate, { clock });
        const allowedMs: number[] = [];
        for (const gapMs of steps) {
          if (gapMs > 0) await clock.advance(gapMs);
          if (limit.take('ann').allowed) allowedMs.push(clock.monotonicMs());
        }
        for (const [from, startMs] of allowedMs.entries())
          for (const [to, endMs] of allowedMs.entries()) {
            if (to < from) continue;
            const may = rate.burst + ((endMs - startMs) * rate.ratePerSecond) / 1000;
            expect(to - from + 1).toBeLessThanOrEqual(may + 1e-6);
          }
      }),
      { numRuns: 30 },
    );
  });

  it('says when there is room again, and not a moment too late', async () => {
    const clock = createVirtualClock();
    const limit = createLocalRateLimit({ ratePerSecond: 4, burst: 2 }, { clock });
    expect([limit.take('a'), limit.take('a')]).toEqual([{ allowed: true }, { allowed: true }]);
    expect(limit.take('a')).toEqual({ allowed: false, retryAfterMs: 250 });
    await clock.advance(100);
    expect(limit.take('a')).toEqual({ allowed: false, retryAfterMs: 150 });
    await clock.advance(150);
    expect(limit.take('a')).toEqual({ allowed: true });
  });

  it('keeps of a long key no more than of a short one, and tells it from others', () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const limit = createLocalRateLimit({ ratePerSecond: 1, burst: 1 }, { clock: createVirtualClock() });
    const keyOf = (index: number): string => Buffer.alloc(8000, `${index},`).toString();
    const count = 2000;
    collectGarbage();
    const bytesBefore = process.memoryUsage().heapUsed;
    for (let index = 0; index < count; index++) expect(limit.take(keyOf(index))).toEqual({ allowed: true });
    collectGarbage();
    expect(process.memoryUsage().heapUsed - bytesBefore).toBeLessThan((count * 8000) / 4);
    expect(limit.take(keyOf(7))).toMatchObject({ allowed: false });
  });

  it('knows each key for itself, and at most so many', () => {
    const limit = createLocalRateLimit(
      { ratePerSecond: 1, burst: 1 },
      { clock: createVirtualClock(), keysMax: 2 },
    );
    for (const key of ['a', 'b', 'c']) expect(limit.take(key)).toEqual({ allowed: true });
    expect(limit.take('c')).toMatchObject({ allowed: false });
    expect(limit.forgotten).toBe(1);
    expect(limit.take('a')).toEqual({ allowed: true });
  });

  it('refuses rates that can’t be', () => {
    const clock = createVirtualClock();
    expect(() => createLocalRateLimit({ ratePerSecond: 0, burst: 0.5 }, { clock })).toThrow(
      expect.objectContaining({
        code: 'RESILIENCE_OPTIONS_INVALID',
        message:
          'Cannot limit a rate: ratePerSecond must be above 0, got 0; burst must be at least 1, got 0.5.',
      }),
    );
  });
});
