import { createRandom, integerBetween, type Random } from 'loadline/base';
import type { FunctionReply, LoadPlan, Scenario, ScenarioFunction, Stage, Step } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { tableOf } from '../../src/load/data/data-table.ts';
import { extentOf, flowPlansOf } from '../../src/load/flow-plan.ts';
import {
  answerAfter,
  choose,
  pace,
  planWith,
  repeat,
  request,
  scenario,
  simulate,
  think,
} from './simulate.ts';

const seeds = Array.from({ length: 200 }, (_, seed) => seed);

/** Any plan: all kinds of stages, steps and scripts, few or many users, templates without values, rows that run out. */
function randomPlan(random: Random): LoadPlan {
  const between = (from: number, to: number): number => integerBetween(random, from, to);
  const rows = Array.from({ length: between(20, 200) }, (_, index) => [`${index}`]);
  const hasRows = random() < 0.2;
  return planWith({
    seed: between(0, 1e6),
    scenarios: Array.from({ length: between(1, 3) }, (_, index) => randomScenario(random, `s${index}`)),
    data: hasRows ? [{ name: 'row', file: 'rows.csv', table: tableOf(['id'], rows), pick: 'once' }] : [],
    stages: randomStages(random),
    limits: {
      requestTimeoutMs: between(50, 1500),
      usersMax: between(1, 40),
      gracefulStopMs: between(0, 2500),
    },
  });
}

function randomScenario(random: Random, name: string): Scenario {
  const weight = integerBetween(random, 1, 9);
  const steps = [request(`/${name}`), ...randomSteps(random, 2)];
  const script = scripts[integerBetween(random, 0, scripts.length - 1)] as ScenarioFunction;
  return {
    ...scenario(name, random() < 0.7 ? steps : [], weight),
    ...(random() < 0.3 ? { steps: [], script } : { steps }),
    ...(random() < 0.25 ? { stages: randomStages(random) } : {}),
  };
}

function randomStages(random: Random): Stage[] {
  const between = (from: number, to: number): number => integerBetween(random, from, to);
  return Array.from({ length: between(1, 4) }, (): Stage => {
    const durationMs = between(1, 4000);
    const drawn = random();
    if (drawn < 0.2) return { kind: 'iterations', users: between(1, 12), perUser: between(1, 9), durationMs };
    const kind = drawn < 0.55 ? 'users' : 'arrivals';
    const level = (): number => between(0, kind === 'users' ? 12 : 60);
    const spacing = random() < 0.4 ? 'poisson' : 'even';
    return {
      kind,
      from: level(),
      to: level(),
      durationMs,
      ...(kind === 'users' ? {} : { spacing }),
    } as Stage;
  });
}

function randomSteps(random: Random, depth: number): Step[] {
  const between = (from: number, to: number): number => integerBetween(random, from, to);
  return Array.from({ length: between(0, 3) }, (_, index): Step => {
    const drawn = random();
    if (drawn < 0.2) return think(between(0, 800));
    if (drawn < 0.3) return pace(between(0, 500));
    if (drawn < 0.42 && depth > 0)
      return repeat(between(0, 2), between(2, 4), randomSteps(random, depth - 1));
    if (drawn < 0.54 && depth > 0)
      return choose(
        [between(1, 5), randomSteps(random, depth - 1)],
        [between(0, 5), randomSteps(random, depth - 1)],
      );
    return request(drawn < 0.6 ? '/{{nothing}}' : `/${index}`);
  });
}

/** Well and badly behaved. */
const scripts: readonly ScenarioFunction[] = [
  async (user) => {
    const { status } = await user.get('/a');
    if (user.random() < 0.5) await user.think(user.random() * 300);
    user.check('is fine', status === 200);
    await user.post('/b', { json: {} });
  },
  async (user) => {
    try {
      await user.get('/c');
      await user.think(200);
    } finally {
      await user.delete('/d');
    }
  },
  async (user) => {
    await user.get('/e');
    if (user.random() < 0.3) throw new Error('given up');
    if (user.random() < 0.05) await new Promise(() => undefined);
  },
  async (user) => {
    await user.get('/f');
    void user.get('/g');
  },
  async (user) => {
    await Promise.all([user.think(50), user.get('/h')]).catch(() => undefined);
  },
];

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
    const { plannedMs } = extentOf(plan);
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
    const answered = Object.values(total.statuses).reduce((sum, count) => sum + count, 0);
    const failed = Object.values(total.failures).reduce((sum, { count }) => sum + count, 0);
    expect(answered + failed).toBe(total.requests);
    for (const rows of [report.endpoints, report.scenarios]) {
      expect(rows.reduce((sum, row) => sum + row.requests, 0)).toBe(total.requests);
    }
    for (const row of [total, ...report.endpoints])
      expect(row.timeline.reduce((sum, point) => sum + point.requests, 0)).toBe(row.requests);
    expect([seen.pending, seen.channelsClosed <= seen.channelsOpened]).toEqual([0, true]);
    expect(seen.endedMs).toBeLessThanOrEqual(plannedMs + Math.max(plan.limits.gracefulStopMs, 2000) + 0.01);
    if (report.verdict.status === 'interrupted') expect(isAborted).toBe(true);
    else if (plan.data.length === 0 && isOpen(plan)) {
      expect(iterations.started + offered.dropped).toBe(offered.arrivals ?? 0);
    }
  });

  it('is the same for the same seed', async () => {
    const run = async (seed: number) => {
      const random = createRandom(seed);
      const { report } = await simulate(randomPlan(random), { answer: () => randomReply(random) });
      return report;
    };
    for (const seed of [5, 6, 7, 8]) expect(await run(seed)).toEqual(await run(seed));
  });
});

/** Whether every iteration is an arrival. */
function isOpen(plan: LoadPlan): boolean {
  return flowPlansOf(plan).every(({ schedule }) => schedule.usersPeak === 0);
}
