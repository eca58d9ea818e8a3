import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextTurn, type Outcome, type Standing, strange } from '../../../src/observe/announce/next-turn.ts';

const known: Outcome = { kind: 'known', id: 'i1', heartbeatEveryMs: 30_000 };
const failed: Outcome = { kind: 'failed', problem: 'nobody listens there', retryAfterMs: 0 };

describe('nextTurn()', () => {
  it('sends the next heartbeat when the control plane wants it', () => {
    expect(nextTurn(strange, known, () => 0.5)).toEqual({
      standing: { id: 'i1', failures: 0, problem: undefined },
      delayMs: 30_000,
    });
  });

  it('registers at once where it was forgotten', () => {
    const { standing, delayMs } = nextTurn(
      nextTurn(strange, known, Math.random).standing,
      { kind: 'forgotten' },
      Math.random,
    );
    expect([standing.id, delayMs]).toEqual([undefined, 0]);
  });

  it('asks after 1, 2, 4, 8, 16 and then 30 seconds while nobody answers, and keeps what it is called', () => {
    let standing: Standing = { id: 'i1', failures: 0, problem: undefined };
    const delays = Array.from({ length: 7 }, () => {
      const next = nextTurn(standing, failed, () => 0.999_999);
      standing = next.standing;
      return Math.round(next.delayMs / 1000);
    });
    expect(delays).toEqual([1, 2, 4, 8, 16, 30, 30]);
    expect(standing).toMatchObject({ id: 'i1', problem: 'nobody listens there' });
    expect(nextTurn(standing, known, Math.random).standing).toMatchObject({
      failures: 0,
      problem: undefined,
    });
  });

  it('waits as long as it is asked to, up to ten minutes', () => {
    const asked = (retryAfterMs: number) =>
      nextTurn(strange, { ...failed, retryAfterMs }, Math.random).delayMs;
    expect([asked(60_000), asked(3_600_000)]).toEqual([60_000, 600_000]);
  });

  it('never asks in a hurry, and never misses three heartbeats, whatever comes', () => {
    const outcome: fc.Arbitrary<Outcome> = fc.oneof(
      fc.record({
        kind: fc.constant('known' as const),
        id: fc.string({ minLength: 1 }),
        heartbeatEveryMs: fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      }),
      fc.constant(failed),
    );
    fc.assert(
      fc.property(
        fc.array(outcome, { minLength: 1 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (outcomes, luck) => {
          let standing = strange;
          for (const each of outcomes) {
            const next = nextTurn(standing, each, () => luck);
            expect(next.delayMs).toBeGreaterThanOrEqual(500);
            expect(next.delayMs).toBeLessThanOrEqual(30_000);
            standing = next.standing;
          }
        },
      ),
    );
  });
});
