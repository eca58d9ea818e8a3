import fc from 'fast-check';
import { createSchedule } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import type { ArrivalsStage, Stage, UsersStage } from '../../src/load/plan.ts';

const rates = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.double({ min: 0, max: 300, noNaN: true }));
const durations = fc.integer({ min: 1, max: 4000 });
const openStage: fc.Arbitrary<ArrivalsStage> = fc.record({
  kind: fc.constant('arrivals' as const),
  from: rates,
  to: rates,
  durationMs: durations,
});
const closedStage: fc.Arbitrary<UsersStage> = fc.record({
  kind: fc.constant('users' as const),
  from: fc.nat(30),
  to: fc.nat(30),
  durationMs: durations,
});
const anyStages = fc.array(fc.oneof(openStage, closedStage), { minLength: 1, maxLength: 5 });

/** How much of an arrival's worth of rate has passed since the start, by the definition. */
function passedBy(stages: readonly (UsersStage | ArrivalsStage)[], elapsedMs: number): number {
  let passed = 0;
  let startMs = 0;
  for (const { kind, from, to, durationMs } of stages) {
    const within = Math.min(durationMs, Math.max(0, elapsedMs - startMs));
    const rateThen = from + ((to - from) * within) / durationMs;
    if (kind === 'arrivals') passed += ((from + rateThen) / 2) * (within / 1000);
    startMs += durationMs;
  }
  return passed;
}

const lengthOf = (stages: readonly (UsersStage | ArrivalsStage)[]): number =>
  stages.reduce((sum, { durationMs }) => sum + durationMs, 0);

describe('arrivals', () => {
  it('are one every 20 ms at 50/s, the first at once', () => {
    const schedule = createSchedule([{ kind: 'arrivals', from: 50, to: 50, durationMs: 1000 }]);
    const due = Array.from({ length: 51 }, (_, index) => schedule.arrivalAt(index));
    expect(due).toEqual([...Array.from({ length: 50 }, (_, index) => index * 20), undefined]);
  });

  it.each([
    ['from nothing', { from: 0, to: 10 }],
    ['to nothing', { from: 10, to: 0 }],
  ])('of a ramp %s are as many as the area under the rate', (_, levels) => {
    const schedule = createSchedule([{ kind: 'arrivals', ...levels, durationMs: 2000 }]);
    expect(schedule.arrivals).toBe(10);
    expect(schedule.arrivalAt(0)).toBe(0);
    expect(schedule.arrivalAt(9)).toBeLessThan(2000);
  });

  it('come strictly one after another, within the run, and as many as were announced', () => {
    fc.assert(
      fc.property(anyStages, (stages) => {
        const schedule = createSchedule(stages);
        let before = -1;
        for (let index = 0; index < schedule.arrivals; index++) {
          const dueMs = schedule.arrivalAt(index) as number;
          if (!(dueMs > before)) throw new Error(`${index} is due at ${dueMs}, after ${before}`);
          before = dueMs;
        }
        expect(before).toBeLessThanOrEqual(lengthOf(stages));
        expect(schedule.arrivalAt(schedule.arrivals)).toBeUndefined();
        expect(schedule.arrivalAt(Number.MAX_SAFE_INTEGER)).toBeUndefined();
      }),
    );
  });

  it('are as many as the integral of the rate, however it is cut into stages', () => {
    fc.assert(
      fc.property(fc.array(openStage, { minLength: 1, maxLength: 40 }), (stages) => {
        const integral = passedBy(stages, lengthOf(stages));
        expect(Math.abs(createSchedule(stages).arrivals - integral)).toBeLessThan(1 + 1e-6);
      }),
    );
  });

  it('are due when that many arrivals of rate have passed', () => {
    fc.assert(
      fc.property(fc.array(openStage, { minLength: 1, maxLength: 5 }), (stages) => {
        const schedule = createSchedule(stages);
        for (let index = 0; index < schedule.arrivals; index += 7) {
          const passed = passedBy(stages, schedule.arrivalAt(index) as number);
          if (Math.abs(passed - index) > 1e-5) throw new Error(`${index} is due after ${passed}`);
        }
      }),
    );
  });

  it('keep their distance across the border of two stages', () => {
    const stage: Stage = { kind: 'arrivals', from: 10, to: 10, durationMs: 250 };
    const schedule = createSchedule([stage, stage, stage, stage]);
    const due = Array.from({ length: schedule.arrivals }, (_, index) => schedule.arrivalAt(index) as number);
    for (const [index, dueMs] of due.entries()) expect(dueMs).toBeCloseTo(index * 100, 6);
    expect(due).toHaveLength(10);
  });

  it('do not gain one by the rounding of floats', () => {
    for (const [rate, durationMs, arrivals] of [
      [10, 300, 3],
      [0.1 + 0.2, 10_000, 3],
      [1_000_000, 3_600_000, 3_600_000_000],
    ] as const) {
      expect(createSchedule([{ kind: 'arrivals', from: rate, to: rate, durationMs }]).arrivals).toBe(
        arrivals,
      );
    }
  });
});

describe('users', () => {
  it('go evenly from one level to the other', () => {
    fc.assert(
      fc.property(
        closedStage,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (stage, share) => {
          const { from, to, durationMs } = stage;
          const elapsedMs = share * durationMs;
          if (elapsedMs >= durationMs) return;
          const exact = from + ((to - from) * elapsedMs) / durationMs;
          const users = createSchedule([stage]).usersAt(elapsedMs);
          expect(Number.isInteger(users)).toBe(true);
          expect(Math.abs(users - exact)).toBeLessThanOrEqual(0.5 + 1e-6);
        },
      ),
    );
  });

  it('change at each announced time by one, up and down alike, and at no other', () => {
    fc.assert(
      fc.property(closedStage, (stage) => {
        const schedule = createSchedule([stage]);
        let level = schedule.usersAt(0);
        let changes = 0;
        for (let at = schedule.nextUserChange(0); at !== undefined; at = schedule.nextUserChange(at)) {
          if (at >= stage.durationMs) continue;
          expect(schedule.usersAt(at - 1e-4)).toBe(level);
          level += Math.sign(stage.to - stage.from);
          expect(schedule.usersAt(at)).toBe(level);
          changes++;
        }
        expect([level, changes]).toEqual([stage.to, Math.abs(stage.to - stage.from)]);
      }),
    );
  });

  it('are announced strictly forwards to the end, whatever the stages and the clock', () => {
    fc.assert(
      fc.property(anyStages, (stages) => {
        const schedule = createSchedule(stages);
        let steps = 0;
        let at: number | undefined = 0;
        for (;;) {
          const next: number | undefined = schedule.nextUserChange(at);
          if (next === undefined) break;
          if (!(next > at)) throw new Error(`${next} after ${at}`);
          at = next;
          if (++steps > 31 * stages.length + 1) throw new Error('more changes than users');
        }
        expect(at).toBe(schedule.durationMs);
      }),
    );
  });

  it('are none outside of the run and in an open stage', () => {
    const schedule = createSchedule([
      { kind: 'users', from: 5, to: 5, durationMs: 100 },
      { kind: 'arrivals', from: 5, to: 5, durationMs: 100 },
    ]);
    expect([-1, 0, 99.9, 100, 150, 200, 1e9].map((at) => schedule.usersAt(at))).toEqual([
      0, 5, 5, 0, 0, 0, 0,
    ]);
    expect(schedule.usersPeak).toBe(5);
  });

  it('have a peak, also over very many stages', () => {
    const stages = Array.from({ length: 200_000 }, (_, at) => ({
      kind: 'users' as const,
      from: at,
      to: at,
      durationMs: 1,
    }));
    expect(createSchedule(stages).usersPeak).toBe(199_999);
  });
});

describe('stages', () => {
  const stages: Stage[] = [
    { kind: 'users', from: 1, to: 1, durationMs: 100 },
    { kind: 'iterations', users: 3, perUser: 7, durationMs: 50 },
    { kind: 'arrivals', from: 5, to: 5, durationMs: 100 },
    { kind: 'iterations', users: 2, perUser: 4, durationMs: 50 },
  ];

  it('are told by the time, each with the iterations that its users have', () => {
    const schedule = createSchedule(stages);
    const times = [-1, 0, 99.9, 100, 149, 150, 250, 299.9, 300];
    expect(times.map((at) => schedule.stageAt(at))).toEqual([-1, 0, 0, 1, 1, 2, 3, 3, -1]);
    const endless = Number.POSITIVE_INFINITY;
    expect(times.map((at) => schedule.iterationsPerUserAt(at))).toEqual([
      ...[endless, endless, endless, 7, 7, endless, 4, 4, endless],
    ]);
    expect(times.map((at) => schedule.usersAt(at))).toEqual([0, 1, 1, 3, 3, 0, 2, 2, 0]);
  });

  it('end early only where the last one counts iterations', () => {
    expect(createSchedule(stages).countedStage).toBe(3);
    expect(createSchedule(stages.slice(0, 3)).countedStage).toBeUndefined();
    expect(createSchedule([]).countedStage).toBeUndefined();
  });

  it('of arrivals at random and at even distances follow one another, and can be had by index in any order', () => {
    const rate = fc.integer({ min: 0, max: 300 });
    const mixed = fc.record({
      kind: fc.constant('arrivals' as const),
      from: rate,
      to: rate,
      durationMs: durations,
      spacing: fc.constantFrom('even' as const, 'poisson' as const),
    });
    fc.assert(
      fc.property(
        fc.array(fc.oneof(mixed, closedStage), { minLength: 1, maxLength: 5 }),
        fc.string(),
        (given, seed) => {
          const schedule = createSchedule(given, seed);
          const times = Array.from(
            { length: schedule.arrivals },
            (_, index) => schedule.arrivalAt(index) as number,
          );
          expect(
            times.every((atMs, index) => atMs >= (times[index - 1] ?? 0) && atMs <= lengthOf(given)),
          ).toBe(true);
          const again = createSchedule(given, seed);
          expect(times.map((_, index) => again.arrivalAt(times.length - 1 - index)).toReversed()).toEqual(
            times,
          );
          expect(schedule.arrivalAt(times.length)).toBeUndefined();
        },
      ),
    );
  });
});

describe('an empty schedule', () => {
  it('is over at once', () => {
    const schedule = createSchedule([]);
    expect([schedule.durationMs, schedule.arrivals, schedule.usersPeak]).toEqual([0, 0, 0]);
    expect([schedule.arrivalAt(0), schedule.nextUserChange(0), schedule.usersAt(0)]).toEqual([
      undefined,
      undefined,
      0,
    ]);
  });
});
