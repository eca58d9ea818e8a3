import type { LoadPlan, Scenario, Stage } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { answerAfter, planWith, request, scenario, simulate, think } from './simulate.ts';

const users = (from: number, to: number, durationMs: number): Stage => ({
  kind: 'users',
  from,
  to,
  durationMs,
});
const arrivals = (rate: number, durationMs: number): Stage => ({
  kind: 'arrivals',
  from: rate,
  to: rate,
  durationMs,
});
const iterations = (count: number, perUser: number, durationMs: number): Stage => ({
  kind: 'iterations',
  users: count,
  perUser,
  durationMs,
});
const own = (name: string, stages: readonly Stage[], path = `/${name}`): Scenario => ({
  ...scenario(name, [request(path)]),
  stages,
});
const limited = (limits: Partial<LoadPlan['limits']>): Pick<LoadPlan, 'limits'> => ({
  limits: { requestTimeoutMs: 5000, usersMax: 1000, gracefulStopMs: 6000, ...limits },
});
/** Counts requests by path. */
const counting = () => {
  const counts: Record<string, number> = {};
  return {
    counts,
    answer: ({ path }: { readonly path: string }) => {
      counts[path] = (counts[path] ?? 0) + 1;
      return answerAfter(10);
    },
  };
};
const numbered = request('/', {
  path: { text: '/{{$user}}', parts: ['/', { slot: { kind: 'user' }, form: 'plain' }] },
});

describe('a stage of iterations', () => {
  it('gives each user just so many, and ends the run when all have done theirs', async () => {
    const { counts, answer } = counting();
    const plan = planWith({
      scenarios: [scenario('visit', [numbered])],
      stages: [iterations(4, 25, 60_000)],
    });
    const { report, endedMs } = await simulate(plan, { answer });
    expect(counts).toEqual({ '/0': 25, '/1': 25, '/2': 25, '/3': 25 });
    expect(endedMs).toBeCloseTo(250, 0);
    expect(report.iterations).toMatchObject({ started: 100, completed: 100, interrupted: 0 });
    expect([report.verdict.status, report.activeMs]).toEqual(['passed', endedMs]);
  });

  it('ends when its time is up, whoever has not done all', async () => {
    const { report, endedMs } = await simulate(planWith({ stages: [iterations(3, 1e9, 1005)] }));
    expect(endedMs).toBe(1010);
    expect(report.iterations.started).toBeGreaterThanOrEqual(300);
  });

  it('counts an iteration that failed or was cut short like any other', async () => {
    const plan = planWith({
      scenarios: [scenario('visit', [request('/{{nothing}}')])],
      stages: [iterations(2, 5, 60_000)],
    });
    expect((await simulate(plan)).report.iterations).toMatchObject({ started: 10, cutShort: 10 });
    const refused = await simulate(planWith({ stages: [iterations(2, 5, 60_000)] }), {
      answer: () => ({ kind: 'failure', delayMs: 1, reason: 'refused' }),
    });
    expect(refused.report.total.requests).toBe(10);
  });

  it('knows when all have done theirs, also where they take no time', async () => {
    const plan = planWith({
      scenarios: [scenario('visit', [request('/{{nothing}}')])],
      stages: [iterations(20, 1, 60_000)],
    });
    const { report, endedMs } = await simulate(plan);
    expect([report.iterations.cutShort, endedMs]).toEqual([20, 0]);
  });

  it('lets the load go on with the users of the next stage', async () => {
    const plan = planWith({ stages: [iterations(5, 2, 1000), users(3, 3, 1000)] });
    const { report } = await simulate(plan);
    expect(report.iterations.completed).toBe(10 + 300);
  });

  it('gives as many to whoever came before it', async () => {
    const plan = planWith({ stages: [users(3, 3, 1000), iterations(3, 5, 60_000)] });
    const { report, endedMs } = await simulate(plan);
    expect(report.iterations.completed).toBe(300 + 15);
    expect(endedMs).toBeLessThan(1100);
  });

  it('gives as many to each of those of another such stage', async () => {
    const { counts, answer } = counting();
    const plan = planWith({
      scenarios: [scenario('visit', [numbered])],
      stages: [iterations(2, 4, 1000), iterations(3, 2, 60_000)],
    });
    const { endedMs } = await simulate(plan, { answer });
    expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(8 + 6);
    expect(endedMs).toBeCloseTo(1020, 0);
  });

  it('after arrivals has its users, and they their iterations', async () => {
    const plan = planWith({ stages: [arrivals(50, 1000), iterations(4, 5, 60_000)] });
    const { report, endedMs } = await simulate(plan, { answer: () => answerAfter(100) });
    expect(report.iterations.completed).toBe(50 + 20);
    expect(endedMs).toBeLessThan(1700);
  });
});

describe('a crowd', () => {
  it('passes from an open to a closed stage in no time, also when all are busy', async () => {
    const plan = planWith({
      stages: [arrivals(20_000, 1000), users(20_000, 20_000, 100)],
      ...limited({ usersMax: 100_000 }),
    });
    const startMs = performance.now();
    const { report } = await simulate(plan, { answer: () => answerAfter(900) });
    // Each of the arrivals, those who were idle at the border, and those who have ended since.
    expect(Math.abs(report.iterations.started - 24_000)).toBeLessThan(10);
    expect(report.iterations.interrupted).toBe(0);
    // Where each is looked for among all, it takes ten seconds.
    expect(performance.now() - startMs).toBeLessThan(8000);
  });
});

describe('scenarios with loads of their own', () => {
  it('run side by side, each by its own stages', async () => {
    const { counts, answer } = counting();
    const plan = planWith({
      scenarios: [
        own('closed', [users(2, 2, 995)]),
        own('open', [arrivals(50, 2000)]),
        own('counted', [iterations(3, 7, 60_000)]),
        scenario('first', [request('/first')], 3),
        scenario('second', [request('/second')], 1),
      ],
      stages: [arrivals(1000, 2000)],
    });
    const { report, endedMs } = await simulate(plan, { answer });
    expect(counts).toMatchObject({ '/closed': 200, '/open': 100, '/counted': 21 });
    expect((counts['/first'] ?? 0) + (counts['/second'] ?? 0)).toBe(2000);
    expect((counts['/first'] ?? 0) / 2000).toBeCloseTo(0.75, 1);
    expect(endedMs).toBe(2009);
    expect(report.scenarios.map(({ name, requests }) => [name, requests])).toEqual(
      ['closed', 'open', 'counted', 'first', 'second'].map((name) => [name, counts[`/${name}`]]),
    );
    expect(report.offered).toMatchObject({ arrivals: 2100, dropped: 0 });
  });

  it('end one by one: the users of one that is over go, and the others stay', async () => {
    const levels: number[] = [];
    const ends: number[] = [];
    const plan = planWith({
      scenarios: [own('short', [users(5, 5, 1000)]), own('long', [users(2, 2, 3000)])],
    });
    let nowMs = 0;
    await simulate(
      { ...plan, stages: [users(0, 0, 3000)] },
      {
        answer: (_, elapsedMs) => {
          ends.push(elapsedMs + 21);
          return answerAfter(21);
        },
        onEvery: {
          intervalMs: 500,
          look: () => {
            nowMs += 500;
            levels.push(ends.filter((endMs) => endMs > nowMs).length);
          },
        },
      },
    );
    expect(levels).toEqual([7, 7, 2, 2, 2]);
  });

  it('draw from streams of their own, so that none changes with another', async () => {
    const times = async (others: readonly Scenario[]): Promise<string[]> => {
      const seen: string[] = [];
      const poisson: Stage = { kind: 'arrivals', from: 20, to: 20, durationMs: 2000, spacing: 'poisson' };
      const plan = planWith({ scenarios: [own('random', [poisson]), ...others] });
      await simulate(plan, {
        answer: ({ path }, elapsedMs) => {
          if (path !== '/other') seen.push(elapsedMs.toFixed(6));
          return answerAfter(1);
        },
      });
      return seen;
    };
    expect(await times([own('other', [arrivals(77, 2000)])])).toEqual(await times([]));
  });

  it('share the limit of users: who finds no room waits, and begins when others have gone', async () => {
    const plan = planWith({
      scenarios: [own('first', [arrivals(100, 1000)]), own('second', [users(0, 0, 500), arrivals(10, 5000)])],
      ...limited({ usersMax: 10, requestTimeoutMs: 60_000 }),
    });
    const { counts, answer } = counting();
    const { report } = await simulate(plan, {
      answer: (sent) => ({ ...answer(sent), delayMs: sent.path === '/first' ? 300 : 10 }),
    });
    expect(report.iterations.started + report.offered.dropped).toBe(150);
    // All ten users belong to the first when the second begins, and it has its turn as they come free.
    expect(counts['/second']).toBe(50);
    expect(report.offered.waited).toBeGreaterThan(5);
  });

  it('leave no user to a load that does not need it while another waits for room', async () => {
    const plan = planWith({
      scenarios: [
        own('burst', [arrivals(100, 100), arrivals(0.2, 10_000)]),
        own('late', [users(0, 0, 1000), arrivals(10, 9000)]),
      ],
      ...limited({ usersMax: 10 }),
    });
    const { counts, answer } = counting();
    const { report } = await simulate(plan, { answer: (sent) => ({ ...answer(sent), delayMs: 50 }) });
    expect(counts).toEqual({ '/burst': 12, '/late': 90 });
    expect(report.offered).toMatchObject({ dropped: 0, waited: 0 });
  });

  it('go on when the rows of data of all have run out', async () => {
    const { tableOf } = await import('../../src/load/data/data-table.ts');
    const rows = Array.from({ length: 30 }, (_, index) => [`${index}`]);
    const once = request('/{{row.id}}');
    const plan = planWith({
      data: [{ name: 'row', file: 'rows.csv', table: tableOf(['id'], rows), pick: 'once' }],
      scenarios: [
        { ...scenario('first', [once]), stages: [users(2, 2, 60_000)] },
        { ...scenario('second', [once]), stages: [arrivals(10, 60_000)] },
      ],
    });
    const { report, endedMs } = await simulate(plan);
    expect([report.iterations.completed, report.iterations.cutShort]).toEqual([30, 0]);
    expect(endedMs).toBeLessThan(1000);
  });

  it('are interrupted together', async () => {
    const plan = planWith({
      scenarios: [
        { ...scenario('closed', [request('/'), think(60_000)]), stages: [users(3, 3, 60_000)] },
        own('open', [arrivals(10, 60_000)]),
      ],
    });
    const { endedMs, report, pending } = await simulate(plan, { abortAtMs: 1005 });
    expect([endedMs, pending]).toEqual([1010, 0]);
    expect(report.iterations.interrupted).toBe(3);
  });
});

describe('a threshold that may end the run', () => {
  const threshold = (graceMs: number) => ({
    scope: undefined,
    metric: 'errors' as const,
    statistic: { kind: 'ratio' as const },
    comparison: '<' as const,
    limit: 0.5,
    text: 'errors: ratio < 50%',
    abort: { graceMs },
  });

  it('does so at the first look after its grace', async () => {
    const plan = planWith({ stages: [users(2, 2, 60_000)], thresholds: [threshold(5500)] });
    const { report, endedMs } = await simulate(plan, {
      answer: (_, elapsedMs) => answerAfter(10, elapsedMs > 100 ? 500 : 200),
    });
    expect(endedMs).toBeCloseTo(6000, -2);
    expect(report.verdict).toEqual({
      status: 'failed',
      reasons: [expect.stringMatching(/^errors: ratio < 50%, got 98\.\d* %: the run was ended after 6 s$/)],
    });
  });

  it('does not where it has recovered within the grace, or holds in the end', async () => {
    const plan = planWith({ stages: [users(2, 2, 20_005)], thresholds: [threshold(5000)] });
    const { report, endedMs } = await simulate(plan, {
      answer: (_, elapsedMs) => answerAfter(10, elapsedMs < 2000 ? 500 : 200),
    });
    expect([endedMs, report.verdict.status]).toEqual([20_010, 'passed']);
  });

  it('ends pauses, and gives requests under way the time of an interrupt', async () => {
    const plan = planWith({
      scenarios: [own('failing', [users(1, 1, 60_000)]), own('silent', [users(1, 1, 60_000)])],
      thresholds: [threshold(2000)],
      ...limited({ requestTimeoutMs: 60_000, gracefulStopMs: 61_000 }),
    });
    const { endedMs, report } = await simulate(plan, {
      answer: ({ path }) => (path === '/silent' ? { kind: 'silence' } : answerAfter(10, 500)),
    });
    expect(endedMs).toBe(4000);
    expect(report.offered.unfinished).toBe(1);
    expect(report.verdict.status).toBe('failed');
  });
});
