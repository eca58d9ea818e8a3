import { createRandom, integerBetween, type Random } from 'loadline/base';
import { createSchedule, type FunctionReply, type LoadPlan, type Stage, type Step } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { tableOf } from '../../src/load/data/data-table.ts';
import { answerAfter, planWith, request, scenario, simulate, think } from './simulate.ts';

const seeds = Array.from({ length: 120 }, (_, seed) => seed);

/** Any plan: closed, open and mixed stages, few or many users, pauses, templates without values, rows that run out. */
function randomPlan(random: Random): LoadPlan {
  const between = (from: number, to: number): number => integerBetween(random, from, to);
  const stage = (): Stage => {
    const kind = random() < 0.5 ? 'users' : 'arrivals';
    const level = (): number => between(0, kind === 'users' ? 12 : 60);
    return { kind, from: level(), to: level(), durationMs: between(1, 4000) };
  };
  const step = (index: number): Step =>
    random() < 0.25 ? think(between(0, 800)) : request(random() < 0.07 ? '/{{nothing}}' : `/${index}`);
  const steps = (): Step[] => [
    request('/first'),
    ...Array.from({ length: between(0, 3) }, (_, index) => step(index)),
  ];
  const rows = Array.from({ length: between(20, 200) }, (_, index) => [`${index}`]);
  const hasRows = random() < 0.2;
  return planWith({
    seed: between(0, 1e6),
    scenarios: Array.from({ length: between(1, 3) }, (_, index) =>
      scenario(`s${index}`, steps(), between(1, 9)),
    ),
    data: hasRows ? [{ name: 'row', file: 'rows.csv', table: tableOf(['id'], rows), pick: 'once' }] : [],
    stages: Array.from({ length: between(1, 4) }, stage),
    limits: {
      requestTimeoutMs: between(50, 1500),
      usersMax: between(1, 40),
      gracefulStopMs: between(0, 2500),
    },
  });
}

function randomReply(random: Random): FunctionReply {
  const drawn = random();
  if (drawn < 0.05) return { kind: 'silence' };
  if (drawn < 0.12) return { kind: 'failure', delayMs: random() * 50, reason: 'reset' };
  return answerAfter(random() * 400, drawn < 0.2 ? 500 : 200);
}

describe('a run of any plan', () => {
  it.each(seeds)('loses nothing and ends (seed %d)', async (seed) => {
    const random = createRandom(seed);
    const plan = randomPlan(random);
    const isAborted = random() < 0.3;
    const plannedMs = createSchedule(plan.stages).durationMs;
    const { report, sentMs, ...seen } = await simulate(plan, {
      answer: () => randomReply(random),
      ...(isAborted ? { abortAtMs: random() * (plannedMs + 500) } : {}),
    });
    const { offered, iterations, total } = report;
    expect(iterations.started).toBe(iterations.completed + iterations.cutShort + iterations.interrupted);
    expect(sentMs.length).toBe(total.requests + offered.unfinished);
    expect(offered.requests).toBe(sentMs.length + offered.dropped);
    expect(total.requests).toBe(offered.achieved + total.errors);
    expect(total.latencyMs?.count ?? 0).toBe(total.requests);
    for (const rows of [report.endpoints, report.scenarios]) {
      expect(rows.reduce((sum, row) => sum + row.requests, 0)).toBe(total.requests);
    }
    for (const row of [total, ...report.endpoints])
      expect(row.timeline.reduce((sum, point) => sum + point.requests, 0)).toBe(row.requests);
    expect(total.timeline.reduce((sum, point) => sum + point.requests, 0)).toBe(total.requests);
    expect([seen.pending, seen.channelsClosed <= seen.channelsOpened]).toEqual([0, true]);
    expect(seen.endedMs).toBeLessThanOrEqual(plannedMs + Math.max(plan.limits.gracefulStopMs, 2000) + 0.01);
    if (report.verdict.status === 'interrupted') expect(isAborted).toBe(true);
    else if (plan.data.length === 0 && plan.stages.every((stage) => stage.kind === 'arrivals')) {
      expect(iterations.started + offered.dropped).toBe(offered.arrivals ?? 0);
    }
  });

  it('is the same for the same seed', async () => {
    const run = async () => {
      const random = createRandom(5);
      const { report } = await simulate(randomPlan(random), { answer: () => randomReply(random) });
      return report;
    };
    expect(await run()).toEqual(await run());
  });
});
