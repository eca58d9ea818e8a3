import fc from 'fast-check';
import { type Clock, createRandom, createVirtualClock, type VirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { Agenda, type Task } from '../../src/load/agenda.ts';

interface NamedTask extends Task {
  readonly name: number;
}

function task(name: number, run: () => void = () => undefined): NamedTask {
  return { name, dueMs: 0, place: -1, run };
}

/** A clock as real ones are: its timers come at whole milliseconds, and by the grain too early or too late. */
function coarse(clock: VirtualClock, grainMs: number, earlyMs = 0): Clock {
  return {
    ...clock,
    monotonicMs: () => clock.monotonicMs(),
    grainMs,
    setTimer(callback, delayMs) {
      const atMs = clock.monotonicMs() + delayMs;
      const onGrainMs = Math.ceil(atMs / grainMs) * grainMs - earlyMs;
      return clock.setTimer(callback, Math.max(0, onGrainMs - clock.monotonicMs()));
    },
  };
}

type Move =
  | { readonly kind: 'add'; readonly name: number; readonly inMs: number }
  | { readonly kind: 'remove'; readonly name: number }
  | { readonly kind: 'pass'; readonly ms: number };

const names = fc.nat(11);
const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('add' as const),
        name: names,
        inMs: fc.integer({ min: -5, max: 60 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), name: names }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(30) }) },
  ),
  { maxLength: 60 },
);

describe('an agenda', () => {
  it('runs what a plain list would, when it is due, whatever is added and removed', async () => {
    await fc.assert(
      fc.asyncProperty(moves, async (given) => {
        const clock = createVirtualClock();
        const agenda = new Agenda(clock);
        const ran: (readonly [name: number, atMs: number])[] = [];
        const tasks = Array.from({ length: 12 }, (_, name) =>
          task(name, () => ran.push([name, clock.monotonicMs()])),
        );
        /** Name → due. */
        const list = new Map<number, number>();
        for (const move of given) {
          if (move.kind === 'add') {
            const dueMs = clock.monotonicMs() + move.inMs;
            agenda.add(tasks[move.name] as Task, dueMs);
            list.set(move.name, dueMs);
          } else if (move.kind === 'remove') {
            agenda.remove(tasks[move.name] as Task);
            list.delete(move.name);
          } else {
            ran.length = 0;
            const fromMs = clock.monotonicMs();
            const untilMs = fromMs + move.ms;
            await clock.advance(move.ms);
            const due = [...list].filter(([, dueMs]) => dueMs <= untilMs);
            for (const [name] of due) list.delete(name);
            expect(ran.toSorted(byName)).toEqual(
              due.map(([name, dueMs]) => [name, Math.max(dueMs, fromMs)] as const).toSorted(byName),
            );
            expect(ran.map(([, atMs]) => atMs)).toEqual(
              ran.map(([, atMs]) => atMs).toSorted((a, b) => a - b),
            );
          }
          expect(agenda.size).toBe(list.size);
          for (const { name, place } of tasks) expect(place >= 0).toBe(list.has(name));
          // One timer for all of them, and none where there is nothing to wait for.
          expect(clock.pending).toBe(list.size === 0 ? 0 : 1);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('runs overdue tasks in the order in which they were due', async () => {
    const clock = createVirtualClock();
    const agenda = new Agenda(clock);
    const random = createRandom(3);
    const ran: number[] = [];
    const dues = Array.from({ length: 1000 }, () => random() * 100);
    for (const [name, dueMs] of dues.entries())
      agenda.add(
        task(name, () => ran.push(name)),
        dueMs,
      );
    await clock.advance(0);
    const late = new Agenda({ ...clock, monotonicMs: () => 200 });
    for (const [name, dueMs] of dues.entries())
      late.add(
        task(name, () => ran.push(name)),
        dueMs,
      );
    late.runDue();
    expect(ran.map((name) => dues[name])).toEqual(dues.toSorted((a, b) => a - b));
  });

  it('never runs a task within the call that adds it', async () => {
    const clock = createVirtualClock();
    const agenda = new Agenda(clock);
    let runs = 0;
    agenda.add(
      task(1, () => runs++),
      -100,
    );
    expect(runs).toBe(0);
    await clock.advance(0);
    expect(runs).toBe(1);
  });

  it('lets a task add itself and others from within, and lets go in between', async () => {
    const clock = createVirtualClock();
    const agenda = new Agenda(clock);
    const times: number[] = [];
    const tick = task(1, () => {
      times.push(clock.monotonicMs());
      if (times.length < 5) agenda.add(tick, clock.monotonicMs() + 10);
      if (times.length === 2)
        agenda.add(
          task(2, () => times.push(-1)),
          clock.monotonicMs() + 5,
        );
    });
    agenda.add(tick, 10);
    await clock.advance(100);
    expect(times).toEqual([10, 20, -1, 30, 40]);
    let turns = 0;
    const greedy = task(3, () => {
      turns++;
      agenda.add(greedy, 0);
    });
    agenda.add(greedy, 0);
    agenda.runDue();
    agenda.runDue();
    expect(turns).toBe(2);
    agenda.remove(greedy);
    expect(clock.pending).toBe(0);
  });

  it('lets a task remove others that are due with it', async () => {
    const clock = createVirtualClock();
    const agenda = new Agenda(clock);
    const ran: number[] = [];
    const second = task(2, () => ran.push(2));
    const third = task(3, () => ran.push(3));
    agenda.add(
      task(1, () => {
        ran.push(1);
        agenda.remove(second);
        agenda.add(third, 50);
      }),
      10,
    );
    agenda.add(second, 10);
    agenda.add(third, 10);
    await clock.advance(20);
    expect(ran).toEqual([1]);
    await clock.advance(100);
    expect([ran, agenda.size, clock.pending]).toEqual([[1, 3], 0, 0]);
  });

  it('moves a task that is added again', async () => {
    const clock = createVirtualClock();
    const agenda = new Agenda(clock);
    const times: number[] = [];
    const moving = task(1, () => times.push(clock.monotonicMs()));
    agenda.add(moving, 10);
    agenda.add(moving, 30);
    await clock.advance(20);
    agenda.add(moving, 25);
    await clock.advance(100);
    expect([times, clock.pending]).toEqual([[25], 0]);
  });

  it('waits for ever where something is never due, and still runs the rest', async () => {
    const clock = createVirtualClock();
    const agenda = new Agenda(clock);
    let runs = 0;
    agenda.add(task(1), Number.POSITIVE_INFINITY);
    agenda.add(
      task(2, () => runs++),
      10,
    );
    await clock.advance(1e9);
    expect([runs, agenda.size]).toEqual([1, 1]);
  });

  it('leaves no timer behind when the last task is removed', () => {
    const clock = createVirtualClock();
    const agenda = new Agenda(clock);
    const all = Array.from({ length: 20 }, (_, name) => task(name));
    for (const each of all) agenda.add(each, 1000 * each.name);
    for (const each of all) agenda.remove(each);
    expect([agenda.size, clock.pending]).toEqual([0, 0]);
  });
});

describe('an agenda on a clock with a grain', () => {
  /** How late each of many tasks is, that are due at any time. */
  async function latenesses(tasks: number, clockOf: (clock: VirtualClock) => Clock): Promise<number[]> {
    const clock = createVirtualClock();
    const agenda = new Agenda(clockOf(clock));
    const random = createRandom(11);
    const late: number[] = [];
    for (let name = 0; name < tasks; name++) {
      const dueMs = 0.5 + random() * 500;
      agenda.add(
        task(name, () => late.push(clock.monotonicMs() - dueMs)),
        dueMs,
      );
    }
    await clock.advance(1000);
    expect([late.length, agenda.size, clock.pending]).toEqual([tasks, 0, 0]);
    return late.toSorted((a, b) => a - b);
  }

  it('is as much too early as too late, by half a grain at most, where there is always something due', async () => {
    const late = await latenesses(20_000, (clock) => coarse(clock, 1));
    expect(late[0]).toBeGreaterThanOrEqual(-0.5 - 0.002);
    expect(late.at(-1)).toBeLessThanOrEqual(0.5 + 0.002);
    expect(Math.abs(late.reduce((sum, each) => sum + each) / late.length)).toBeLessThan(0.05);
  });

  it('is not late by more than a grain where there is little, also where timers come early', async () => {
    const late = await latenesses(500, (clock) => coarse(clock, 1, 0.3));
    expect(late[0]).toBeGreaterThanOrEqual(-0.5 - 0.002);
    expect(late.at(-1)).toBeLessThanOrEqual(1);
  });

  it('looks no further ahead than half a grain', () => {
    const clock = createVirtualClock();
    const agenda = new Agenda(coarse(clock, 1));
    let runs = 0;
    agenda.add(
      task(1, () => runs++),
      0.52,
    );
    agenda.runDue();
    expect(runs).toBe(0);
    agenda.add(
      task(2, () => runs++),
      0.48,
    );
    agenda.runDue();
    expect(runs).toBe(1);
  });
});

const byName = (a: readonly [number, number], b: readonly [number, number]): number => a[0] - b[0];
