import fc from 'fast-check';
import { createRandom, createVirtualClock, sleep } from 'loadline/base';
import { type Leadership, openLeadership } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { judgeLease, type KeptLease } from '../../../src/scaling/leadership/lease.ts';
import { SimulatedProcess, SimulatedShelf } from './simulated-process.ts';

const lease = (holder: string | undefined): KeptLease => ({
  ...{ holder, durationMs: 15_000, transitions: 0, version: '1' },
});

describe('judgeLease()', () => {
  const ask = (kept: KeptLease | undefined, unchangedForMs = 0) =>
    judgeLease({ identity: 'a', lease: kept, unchangedSinceMs: 1000, nowMs: 1000 + unchangedForMs });

  it('takes what nobody has, renews what is its own', () => {
    expect(ask(undefined)).toEqual({ kind: 'take' });
    expect(ask(lease(undefined))).toEqual({ kind: 'take' });
    expect(ask(lease('a'))).toEqual({ kind: 'renew' });
  });

  it('takes what another has when it was seen unchanged for as long as it is given for, and not before', () => {
    expect(ask(lease('b'), 14_999)).toEqual({ kind: 'wait', holder: 'b' });
    expect(ask(lease('b'), 15_000)).toEqual({ kind: 'take' });
  });
});

interface Stage {
  readonly shelf: SimulatedShelf;
  readonly processes: readonly SimulatedProcess[];
  readonly leaders: readonly Leadership[];
  readonly clock: ReturnType<typeof createVirtualClock>;
  acting(): number[];
}

/** Scalers that want the same lease, each with a clock of its own. */
function stage(speeds: readonly number[], seed = 1): Stage {
  const clock = createVirtualClock();
  const shelf = new SimulatedShelf();
  const processes = speeds.map((speed) => new SimulatedProcess(clock, shelf, speed));
  const leaders = processes.map((process, index) =>
    openLeadership({
      clock: process.clock,
      random: createRandom(seed, index),
      book: process.book,
      identity: `scaler-${index}`,
    }),
  );
  const acting = () => leaders.flatMap((each, index) => (each.check().mayAct ? [index] : []));
  return { shelf, processes, leaders, clock, acting };
}

/** What gives up a lease takes the time of a request. */
async function closeAll(clock: Stage['clock'], leaders: readonly Leadership[]): Promise<void> {
  const closing = Promise.all(leaders.map((each) => each.close()));
  await clock.advance(1000);
  await closing;
}

describe('of several processes', () => {
  it('one leads, and the others say which', async () => {
    const { clock, acting, leaders, processes } = stage([1, 1, 1]);
    await clock.advance(10_000);
    const [leader = -1] = acting();
    expect(acting()).toHaveLength(1);
    for (const [index, each] of leaders.entries())
      if (index !== leader)
        expect(each.check()).toEqual({ mayAct: false, because: `scaler-${leader} is the one that acts` });
    expect(leaders[leader]?.counts).toMatchObject({ taken: 1, lost: 0, failures: 0 });
    expect(leaders[leader]?.counts.renewals).toBeGreaterThan(2);
    await closeAll(clock, leaders);
    expect(processes.map((process) => process.clock.pending)).toEqual([0, 0, 0]);
  });

  it('each knows after its first look who acts, or what keeps it from knowing', async () => {
    const { clock, leaders, processes } = stage([1, 1]);
    const [reaching, cutOff] = leaders as [Leadership, Leadership];
    (processes[1] as SimulatedProcess).isCutOff = true;
    await clock.advance(100);
    await reaching.begun;
    expect(reaching.check()).toMatchObject({ mayAct: true });
    await clock.advance(6000);
    await cutOff.begun;
    expect(cutOff.check()).toMatchObject({
      because: expect.stringContaining('the lease could not be read or written'),
    });
    await closeAll(clock, leaders);
  });

  it('another one follows at once where the leader ends in order, and after its time where it is killed', async () => {
    const { clock, acting, leaders, processes, shelf } = stage([1, 1, 1]);
    await clock.advance(5000);
    const [first = -1] = acting();
    const closed = leaders[first]?.close();
    await clock.advance(3000);
    await closed;
    const [second = -1] = acting();
    expect(second).toSatisfy((one: number) => one >= 0 && one !== first);
    processes[second]?.pause();
    await clock.advance(14_000);
    expect(acting()).toEqual([]);
    await clock.advance(8000);
    const [third = -1] = acting();
    expect(new Set([first, second, third]).size).toBe(3);
    expect(shelf.lease?.transitions).toBe(3);
  });

  it('who was held up finds that it may not act, before it does anything', async () => {
    const { clock, acting, leaders, processes } = stage([1, 1]);
    await clock.advance(5000);
    const [leader = -1] = acting();
    processes[leader]?.pause();
    await clock.advance(60_000);
    // No timer and no answer has come there since; the clock is all that it has.
    expect(leaders[leader]?.check()).toMatchObject({ mayAct: false });
    processes[leader]?.resume();
    expect(acting()).toEqual([1 - leader]);
    await clock.advance(5000);
    expect([acting(), leaders[leader]?.counts.lost]).toEqual([[1 - leader], 1]);
  });

  it('who is cut off stops before another one begins, and nobody leads where the lease cannot be reached', async () => {
    const { clock, acting, leaders, processes } = stage([1, 1]);
    await clock.advance(5000);
    const [leader = -1] = acting();
    for (const process of processes) process.isCutOff = true;
    await clock.advance(12_000);
    expect(acting()).toEqual([]);
    expect(leaders[leader]?.check()).toMatchObject({ because: expect.stringMatching(/could not be/) });
    for (const process of processes) process.isCutOff = false;
    await clock.advance(20_000);
    expect(acting()).toHaveLength(1);
  });

  it('no two ever lead at once, whatever happens to them, and one leads when all is well again', async () => {
    const disturbance = fc.record({
      who: fc.nat(2),
      what: fc.constantFrom('pause', 'resume', 'cut off', 'reach', 'slow', 'quick'),
      afterMs: fc.integer({ min: 100, max: 20_000 }),
    });
    const speeds = fc.array(fc.double({ min: 0.9, max: 1.15, noNaN: true }), { minLength: 3, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        speeds,
        fc.array(disturbance, { maxLength: 20 }),
        async (seed, speed, plan) => {
          const { clock, acting, processes, leaders } = stage(speed, seed);
          const watch = async (forMs: number): Promise<void> => {
            for (let passed = 0; passed < forMs; passed += 250) {
              await clock.advance(250);
              expect(acting().length).toBeLessThanOrEqual(1);
            }
          };
          for (const { who, what, afterMs } of plan) {
            const process = processes[who] as SimulatedProcess;
            if (what === 'pause') process.pause();
            else if (what === 'resume') process.resume();
            else if (what === 'cut off' || what === 'reach') process.isCutOff = what === 'cut off';
            else process.delayMs = what === 'slow' ? 4000 : 5;
            await watch(afterMs);
          }
          for (const process of processes) {
            process.resume();
            process.isCutOff = false;
            process.delayMs = 5;
          }
          await watch(40_000);
          expect(acting()).toHaveLength(1);
          await closeAll(clock, leaders);
        },
      ),
      { numRuns: 25 },
    );
  }, 60_000);
});

describe('openLeadership()', () => {
  it('wants to lead for less time than others wait', () => {
    const clock = createVirtualClock();
    const process = new SimulatedProcess(clock, new SimulatedShelf(), 1);
    const options = { clock, random: createRandom(1), book: process.book, identity: 'a' };
    expect(() => openLeadership({ ...options, leadMs: 15_000 })).toThrow(RangeError);
  });

  it('ends its questions when it is closed', async () => {
    const clock = createVirtualClock();
    const process = new SimulatedProcess(clock, new SimulatedShelf(), 1);
    process.isCutOff = true;
    const leadership = openLeadership({ clock, random: createRandom(1), book: process.book, identity: 'a' });
    await sleep(systemTurn, 0);
    await leadership.close();
    expect(leadership.check()).toEqual({
      mayAct: false,
      because: 'this process does not take part any more',
    });
    expect(clock.pending).toBe(0);
  });
});

const systemTurn = {
  now: () => 0,
  monotonicMs: () => 0,
  setTimer(callback: () => void) {
    setImmediate(callback);
    return { cancel: () => undefined };
  },
};
