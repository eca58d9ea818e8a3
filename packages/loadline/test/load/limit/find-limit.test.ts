import { createVirtualClock } from 'loadline/base';
import { createFunctionTransport, type LoadPlan, runLoad } from 'loadline/load';
import {
  expectedTime,
  type FindLimitOptions,
  findLimit,
  type LimitAsked,
  type LimitReport,
} from 'loadline/load/limit';
import { describe, expect, it } from 'vitest';
import { threshold } from '../../cli/reports.ts';
import {
  answerAfter,
  planWith,
  request,
  type SimulationOptions,
  scenario,
} from '../../simulation/simulate.ts';
import { slots } from './slots.ts';

const asked: LimitAsked = {
  fromRate: 5,
  toRate: 200,
  probeMs: 8000,
  precision: 0.05,
  confirmRuns: 2,
  runsMax: 40,
};

interface Found {
  readonly report: LimitReport;
  /** The plans that were run. */
  readonly plans: readonly LoadPlan[];
  readonly endedMs: number;
}

/** Searches on a virtual clock. */
async function find(
  answer: NonNullable<SimulationOptions['answer']>,
  given: { plan?: Partial<LoadPlan>; asked?: Partial<LimitAsked>; abortAtMs?: number } & Pick<
    FindLimitOptions,
    'onProbe'
  > = {},
): Promise<Found> {
  const clock = createVirtualClock();
  const plan = planWith({ thresholds: [threshold('latency', 'p99 < 300ms')], ...given.plan });
  const controller = new AbortController();
  if (given.abortAtMs !== undefined) clock.setTimer(() => controller.abort(), given.abortAtMs);
  const plans: LoadPlan[] = [];
  const finding = findLimit(plan, {
    asked: { ...asked, ...given.asked },
    clock,
    signal: controller.signal,
    ...(given.onProbe === undefined ? {} : { onProbe: given.onProbe }),
    run(variant) {
      plans.push(variant);
      return runLoad(variant, {
        transport: createFunctionTransport(clock, answer),
        clock,
        signal: controller.signal,
        watch: () => ({ samples: [], late: () => undefined, stop: () => undefined }),
      });
    },
  });
  let report: LimitReport | undefined;
  const ended = finding.then((value) => {
    report = value;
  });
  await clock.runUntilIdle(3_600_000);
  await ended;
  return { report: report as LimitReport, plans, endedMs: clock.monotonicMs() };
}

describe('findLimit()', () => {
  it('finds what four slots of 100 ms can do, in the time that it told', async () => {
    const { report, endedMs } = await find(slots(4, 100));
    expect(report.status).toBe('found');
    expect(Math.abs((report.limit?.ratePerSecond ?? 0) / 40 - 1)).toBeLessThan(0.05);
    expect(report.confirmed).toMatchObject({ runs: 2 });
    expect(report.elapsedMs).toBeCloseTo(endedMs, 3);
    const { usualMs, mostMs } = expectedTime(planWith({}), asked);
    expect(endedMs).toBeLessThan(mostMs);
    expect(endedMs).toBeLessThan(usualMs * 1.5);
  });

  it('tells every run, beginning with a warm-up that is not judged', async () => {
    const { report } = await find(slots(4, 100));
    const [warmUp, first] = report.probes;
    expect(warmUp).toMatchObject({ purpose: 'warm-up', outcome: 'unjudged', startMs: 0, ratePerSecond: 5 });
    expect(first).toMatchObject({ purpose: 'climb', outcome: 'met', ratePerSecond: 5, errorRatio: 0 });
    expect(first?.latencyMs?.p99).toBeCloseTo(100, -1);
    const missed = report.probes.filter((probe) => probe.outcome === 'missed');
    expect(missed.length).toBeGreaterThan(2);
    for (const probe of missed)
      expect(probe.reasons.join()).toMatch(/latency: p99 < 300ms, got|kept up with/);
  });

  it('measures over the time until the last answer, so that the capacity shows in an overload', async () => {
    const { report } = await find(slots(4, 100));
    const overloads = report.probes.filter((probe) => probe.ratePerSecond > 42 && probe.errorRatio === 0);
    expect(overloads.length).toBeGreaterThan(0);
    for (const probe of overloads) {
      expect(probe.answeredPerSecond).toBeGreaterThan(39);
      expect(probe.answeredPerSecond).toBeLessThanOrEqual(40.5);
    }
  });

  it('lets the target settle between two runs', async () => {
    const { report } = await find(slots(4, 100));
    for (const [at, probe] of report.probes.slice(1).entries()) {
      const before = report.probes[at] as { startMs: number; elapsedMs: number };
      expect(probe.startMs - before.startMs - before.elapsedMs).toBeCloseTo(1000, 3);
    }
  });

  it('makes arrivals at one rate of any plan: by weight, with its spacing, a seed a run, and without the rate’s thresholds', async () => {
    const poisson = {
      kind: 'arrivals' as const,
      from: 1,
      to: 9,
      durationMs: 50,
      spacing: 'poisson' as const,
    };
    const { plans, report } = await find(() => answerAfter(10), {
      asked: { toRate: 10 },
      plan: {
        seed: 100,
        stages: [{ kind: 'users', from: 3, to: 3, durationMs: 50 }, poisson],
        scenarios: [
          { ...scenario('own', [request('/')], 3), stages: [poisson] },
          scenario('shared', [request('/')]),
        ],
        thresholds: [threshold('rate', '> 1000/s'), threshold('errors', 'count < 1')],
      },
    });
    expect(report.status).toBe('above');
    expect(plans.map((plan) => plan.seed)).toEqual([100, 101, 102, 103]);
    expect(plans[0]?.stages).toEqual([{ ...poisson, from: 5, to: 5, durationMs: 4000 }]);
    expect(plans[2]?.stages).toEqual([{ ...poisson, from: 10, to: 10, durationMs: 8000 }]);
    expect(plans[0]?.scenarios.map((each) => [each.weight, each.stages])).toEqual([
      [3, undefined],
      [1, undefined],
    ]);
    expect(report.objectives).toEqual({
      source: 'file',
      texts: ['errors: count < 1'],
      leftOut: ['rate: > 1000/s'],
    });
  });

  it('has objectives also for a file without any', async () => {
    const { report } = await find(slots(4, 100), { plan: { thresholds: [] } });
    expect(report.objectives.source).toBe('default');
    expect(report.objectives.texts[0]).toBe('errors: ratio < 1%');
    expect(report.objectives.texts[1]).toMatch(/^latency: p99 < 1(\.0\d)?s$/);
    expect(report.status).toBe('found');
    // Whoever falls behind by less than 5 % is let pass, so that the limit may be told as much too high.
    expect((report.limit?.ratePerSecond ?? 0) / 40).toBeGreaterThan(0.97);
    expect((report.limit?.ratePerSecond ?? 0) / 40).toBeLessThan(1.1);
  });

  it('ends soon where nothing answers', async () => {
    const { report } = await find(() => ({ kind: 'failure', delayMs: 1, reason: 'refused' }));
    expect([report.status, report.probes.length]).toEqual(['below', 3]);
    expect(report.probes[1]?.reasons).toEqual(['Nothing answered: 40 × refused (refused).']);
  });

  it.each([500, 4500, 21_000])('that is interrupted after %d ms tells what it knows', async (abortAtMs) => {
    const { report, endedMs } = await find(slots(4, 100), { abortAtMs });
    expect(report.status).toBe('interrupted');
    expect(endedMs).toBeLessThanOrEqual(abortAtMs + 2000);
    expect(report.probes.length).toBe(abortAtMs < 4000 ? 0 : abortAtMs < 20_000 ? 1 : 2);
    if (abortAtMs > 20_000) {
      expect(report.statement).toBe(
        'The search was interrupted before it had a limit. It met the objectives at 5/s.',
      );
    }
  });

  it('announces each run before it begins', async () => {
    const announced: string[] = [];
    await find(() => answerAfter(10), {
      asked: { toRate: 10 },
      onProbe: ({ number, purpose, ratePerSecond }) =>
        announced.push(`${number} ${purpose} ${ratePerSecond}`),
    });
    expect(announced).toEqual(['0 warm-up 5', '1 climb 5', '2 climb 10', '3 confirm 10']);
  });
});
