import fc from 'fast-check';
import { createVirtualClock } from 'loadline/base';
import { createFunctionTransport, createSchedule, type LoadPlan, type Stage } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { ArrivalQueue } from '../../src/load/arrival-queue.ts';
import { extentOf } from '../../src/load/flow-plan.ts';
import { LoadGenerator } from '../../src/load/load-generator.ts';
import { Recorder } from '../../src/load/measure/recorder.ts';
import { partOf, type Share } from '../../src/load/share.ts';
import { answerAfter, planWith, request, scenario } from '../simulation/simulate.ts';

const openStages: fc.Arbitrary<Stage[]> = fc.array(
  fc.record({
    kind: fc.constant('arrivals' as const),
    from: fc.nat(80),
    to: fc.nat(80),
    durationMs: fc.integer({ min: 1, max: 2000 }),
    spacing: fc.constantFrom('even' as const, 'poisson' as const),
  }),
  { minLength: 1, maxLength: 3 },
);
const closedStages: fc.Arbitrary<Stage[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('users' as const),
      from: fc.nat(9),
      to: fc.nat(9),
      durationMs: fc.integer({ min: 1, max: 700 }),
    }),
    fc.record({
      kind: fc.constant('iterations' as const),
      users: fc.integer({ min: 1, max: 9 }),
      perUser: fc.integer({ min: 1, max: 9 }),
      durationMs: fc.integer({ min: 1, max: 2000 }),
    }),
  ),
  { minLength: 1, maxLength: 3 },
);
const counts = fc.integer({ min: 1, max: 6 });

const sharesOf = (count: number): Share[] => Array.from({ length: count }, (_, index) => ({ index, count }));
const numbered = request('/', {
  path: { text: '/{{$user}}', parts: ['/', { slot: { kind: 'user' }, form: 'plain' }] },
});

interface Sent {
  readonly atMs: number;
  readonly path: string;
}

/** What the generators of so many shares send between them, side by side on one clock, in order. */
async function sentBy(
  plan: LoadPlan,
  count: number,
): Promise<{ readonly sent: Sent[]; readonly endedMs: number }> {
  const clock = createVirtualClock();
  const sent: Sent[] = [];
  const runs = sharesOf(count).map((share) => {
    const transport = createFunctionTransport(clock, ({ path }, atMs) => {
      sent.push({ atMs, path });
      return answerAfter(7);
    });
    const watch = { samples: [], late: () => undefined, stop: () => undefined };
    const recorder = new Recorder();
    return new LoadGenerator(plan, {
      transport,
      clock,
      recorder,
      watch,
      share,
      startMs: 0,
      skippedMs: 0,
    }).run();
  });
  let endedMs = 0;
  const all = Promise.all(runs).then(() => {
    endedMs = clock.monotonicMs();
  });
  await clock.runUntilIdle(extentOf(plan).plannedMs + 10_000);
  await all;
  expect(clock.pending).toBe(0);
  return { sent, endedMs };
}

const asText = (sent: readonly Sent[]): string[] =>
  sent.map(({ atMs, path }) => `${atMs.toFixed(6)} ${path}`).toSorted();

describe('shares', () => {
  it('are every arrival of the schedule once, between them', () => {
    fc.assert(
      fc.property(openStages, counts, (stages, count) => {
        const schedule = createSchedule(stages, 'x');
        const counted = { dropped: 0, settled: 0, waited: 0 };
        const taken = sharesOf(count).flatMap((share) => {
          const queue = new ArrivalQueue(schedule, 1000, counted, share);
          const times: number[] = [];
          for (let dueMs = queue.takeDue(1e9); dueMs !== undefined; dueMs = queue.takeDue(1e9))
            times.push(dueMs);
          return times;
        });
        const whole = Array.from(
          { length: schedule.arrivals },
          (_, index) => schedule.arrivalAt(index) as number,
        );
        expect(taken.toSorted((a, b) => a - b)).toEqual(whole);
      }),
    );
  });

  it('go on where another one stopped, and neither repeat nor leave out an arrival', () => {
    fc.assert(
      fc.property(openStages, counts, fc.nat(6000), (stages, count, skippedMs) => {
        const schedule = createSchedule(stages, 'x');
        const counted = { dropped: 0, settled: 0, waited: 0 };
        const skipped = sharesOf(count).reduce((sum, share) => {
          const queue = new ArrivalQueue(schedule, 1000, counted, share);
          const left = queue.skipDue(skippedMs);
          if (queue.nextMs !== undefined) expect(queue.nextMs).toBeGreaterThan(skippedMs);
          while (queue.takeDue(1e9) !== undefined);
          return sum + left;
        }, 0);
        expect(counted).toEqual({ dropped: 0, settled: schedule.arrivals - skipped, waited: 0 });
      }),
    );
  });

  it('have each number once, between them', () => {
    fc.assert(
      fc.property(counts, fc.nat(1000), (count, total) => {
        const parts = sharesOf(count).map((share) => partOf(share, total));
        expect(parts.reduce((sum, part) => sum + part)).toBe(total);
        expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('generators of shares', () => {
  it('send together what one alone sends in an open load, at the same times', async () => {
    await fc.assert(
      fc.asyncProperty(openStages, counts, fc.nat(1000), async (stages, count, seed) => {
        const plan = planWith({
          seed,
          stages,
          scenarios: [
            scenario('shared', [request('/a')]),
            {
              ...scenario('own', [request('/b')]),
              stages: [{ kind: 'arrivals', from: 9, to: 9, durationMs: 1500 }],
            },
          ],
        });
        expect(asText((await sentBy(plan, count)).sent)).toEqual(asText((await sentBy(plan, 1)).sent));
      }),
      { numRuns: 20 },
    );
  });

  it('have together as many users as one alone has in a closed load, at any time', async () => {
    await fc.assert(
      fc.asyncProperty(closedStages, counts, async (stages, count) => {
        const plan = planWith({ stages, scenarios: [scenario('visit', [numbered])] });
        const [one, several] = [await sentBy(plan, 1), await sentBy(plan, count)];
        // Who takes the number of one who has left may differ; how many there are at any time may not.
        expect(several.sent.map(({ atMs }) => atMs.toFixed(6)).toSorted()).toEqual(
          one.sent.map(({ atMs }) => atMs.toFixed(6)).toSorted(),
        );
      }),
      { numRuns: 20 },
    );
  });

  it('end when those who have users have done their iterations, also one that has none', async () => {
    const plan = planWith({
      scenarios: [scenario('visit', [numbered])],
      stages: [{ kind: 'iterations', users: 2, perUser: 10, durationMs: 600_000 }],
    });
    const { sent, endedMs } = await sentBy(plan, 5);
    expect(new Set(sent.map(({ path }) => path))).toEqual(new Set(['/0', '/1']));
    expect([sent.length, endedMs]).toEqual([20, 70]);
  });
});
