import { type Clock, createVirtualClock } from 'loadline/base';
import {
  createFunctionTransport,
  type DataSource,
  type LoadPlan,
  runLoad,
  type Scenario,
  type Stage,
} from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { tableOf } from '../../src/load/data/data-table.ts';
import { answerAfter, planWith, request, scenario, simulate, think } from './simulate.ts';

const users = (from: number, to: number, durationMs: number): Stage => ({
  kind: 'users',
  from,
  to,
  durationMs,
});
const arrivals = (from: number, to: number, durationMs: number): Stage => ({
  kind: 'arrivals',
  from,
  to,
  durationMs,
});
const limited = (limits: Partial<LoadPlan['limits']>): Pick<LoadPlan, 'limits'> => ({
  limits: { requestTimeoutMs: 5000, usersMax: 1000, gracefulStopMs: 6000, ...limits },
});

/** How many requests are under way at each look, where every answer takes this long. */
async function inFlight(plan: LoadPlan, answerMs: number, intervalMs: number): Promise<number[]> {
  const ends: number[] = [];
  const levels: number[] = [];
  let nowMs = 0;
  const look = (): void => {
    nowMs += intervalMs;
    levels.push(ends.filter((endMs) => endMs > nowMs).length);
  };
  const answer = (_: unknown, elapsedMs: number) => {
    ends.push(elapsedMs + answerMs);
    return answerAfter(answerMs);
  };
  await simulate(plan, { answer, onEvery: { intervalMs, look } });
  return levels;
}

describe('a closed run', () => {
  it('holds its number of users from the first moment to the last', async () => {
    const levels = await inFlight(planWith({ stages: [users(7, 7, 5000)] }), 40, 333);
    expect(new Set(levels)).toEqual(new Set([7]));
  });

  it('adds a user when the ramp has come to it, and takes one away as it falls', async () => {
    const levels = await inFlight(
      planWith({ stages: [users(0, 10, 10_000), users(10, 0, 10_000)] }),
      41,
      1000,
    );
    expect(levels).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  });

  it('makes as many iterations as think and answer time leave room for', async () => {
    const plan = planWith({
      scenarios: [scenario('visit', [request('/'), think(90)])],
      stages: [users(5, 5, 10_000)],
    });
    const { report } = await simulate(plan);
    expect(report.iterations.started).toBe(500);
    expect(report.total.requests).toBe(500);
  });

  it('gives a user who goes and one who comes later different random streams', async () => {
    const seen: string[] = [];
    const plan = planWith({
      scenarios: [scenario('visit', [request('/{{$uuid}}')])],
      stages: [users(3, 3, 1000), users(1, 1, 1000), users(3, 3, 1000)],
    });
    await simulate(plan, {
      answer: ({ path }) => {
        seen.push(path);
        return answerAfter(100);
      },
    });
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('lets users rest whom nobody answers, instead of spinning', async () => {
    const plan = planWith({ stages: [users(2, 2, 1000)] });
    const { report } = await simulate(plan, {
      answer: () => ({ kind: 'failure', delayMs: 0, reason: 'refused' }),
    });
    expect(report.total.requests).toBe(20);
    expect(report.verdict).toEqual({
      status: 'failed',
      reasons: ['Nothing answered: 20 × refused (refused).'],
    });
  });

  it('goes on after a request that timed out, and limits the next one too', async () => {
    const plan = planWith({
      scenarios: [scenario('visit', [request('/a'), request('/b')])],
      stages: [users(1, 1, 10_000)],
      ...limited({ requestTimeoutMs: 500, gracefulStopMs: 1000 }),
    });
    const { report } = await simulate(plan, { answer: () => ({ kind: 'silence' }) });
    expect(report.endpoints.map((row) => [row.name, row.requests])).toEqual([
      ['/a', 10],
      ['/b', 9],
    ]);
    expect(report.total.failures.timeout?.count).toBe(19);
  });
});

describe('an open run', () => {
  it('sends each request when it is due', async () => {
    const { sentMs, report } = await simulate(planWith({ stages: [arrivals(3, 3, 10_000)] }));
    expect(sentMs).toHaveLength(30);
    for (const [index, atMs] of sentMs.entries()) expect(atMs).toBeCloseTo((index * 1000) / 3, 2);
    expect(report.offered).toMatchObject({ arrivals: 30, dropped: 0, waited: 0, requests: 30, achieved: 30 });
  });

  it('ends on a clock that has run for long, whose sums round', async () => {
    const { sentMs } = await simulate(planWith({ stages: [arrivals(3, 3, 10_000)] }), {
      uptimeMs: 3e9 + 0.1,
    });
    expect(sentMs).toHaveLength(30);
  });

  it('comes whoever is busy, as long as there are users', async () => {
    const { report, sentMs } = await simulate(planWith({ stages: [arrivals(100, 100, 2000)] }), {
      answer: () => answerAfter(3000),
    });
    expect([sentMs.length, report.offered.waited, report.offered.dropped]).toEqual([200, 0, 0]);
  });

  it('counts who had to wait for a free user, and the wait in the latency', async () => {
    // One user, 50 ms an answer, one arrival every 25 ms: the k-th waits k × 25 ms.
    const plan = planWith({ stages: [arrivals(40, 40, 1000)], ...limited({ usersMax: 1 }) });
    const { report } = await simulate(plan, { answer: () => answerAfter(50) });
    const { latencyMs, serviceMs } = report.total;
    expect(serviceMs?.max).toBeCloseTo(50, 0);
    expect(latencyMs?.max).toBeCloseTo(50 + 19 * 25, -1);
    expect(report.total.requests).toBe(20);
    expect(report.offered).toMatchObject({ arrivals: 40, waited: 19, dropped: 20, requests: 40 });
  });

  it('drops and counts who has waited longer than a request may take', async () => {
    const plan = planWith({
      stages: [arrivals(100, 100, 5000)],
      ...limited({ usersMax: 1, requestTimeoutMs: 300, gracefulStopMs: 1000 }),
    });
    const { report } = await simulate(plan, { answer: () => answerAfter(200) });
    expect(report.total.latencyMs?.max).toBeLessThan(520);
    expect(report.offered.dropped).toBeGreaterThan(450);
    expect(report.iterations.started + report.offered.dropped).toBe(500);
  });

  it('starts what waits as soon as the last users of a closed stage have gone', async () => {
    const plan = planWith({
      stages: [users(4, 4, 1000), arrivals(10, 10, 5000)],
      ...limited({ usersMax: 4 }),
    });
    const { report } = await simulate(plan, { answer: () => answerAfter(300) });
    expect(report.offered.dropped).toBe(0);
    expect(report.offered.waited).toBeLessThan(5);
    expect(report.iterations.completed).toBe(4 * 4 + 50);
  });

  it('leaves its users, idle or busy, their rows of data to a closed stage that follows', async () => {
    const person: DataSource = {
      name: 'person',
      file: 'people.csv',
      table: tableOf(['name'], [['ann'], ['bob']]),
      pick: 'each',
    };
    const plan = planWith({
      data: [person],
      scenarios: [scenario('visit', [request('/{{person.name}}')])],
      stages: [arrivals(20, 20, 1000), users(2, 2, 1000)],
      ...limited({ usersMax: 2 }),
    });
    const { report } = await simulate(plan, { answer: () => answerAfter(60) });
    expect(report.iterations.cutShort).toBe(0);
  });

  it('does not recurse for arrivals whose templates cannot be filled', async () => {
    const plan = planWith({
      scenarios: [scenario('broken', [request('/{{nothing}}')]), scenario('slow', [request('/')], 0.0001)],
      stages: [arrivals(40_000, 40_000, 2000)],
      ...limited({ usersMax: 1, requestTimeoutMs: 3000 }),
    });
    const { report } = await simulate(plan, { answer: () => answerAfter(1900) });
    const { started, cutShort, completed, interrupted } = report.iterations;
    expect(started).toBe(cutShort + completed + interrupted);
    expect(started + report.offered.dropped).toBe(80_000);
  });
});

describe('coordinated omission', () => {
  it('is not committed: a server that freezes for one second in six shows its true latencies', async () => {
    // At 2,000/s for a minute. Of those who come while it is frozen, each waits for the rest of that second.
    const plan = planWith({ stages: [arrivals(2000, 2000, 60_000)], ...limited({ usersMax: 256 }) });
    const { report } = await simulate(plan, {
      answer: (_, elapsedMs) => {
        const phaseMs = elapsedMs % 6000;
        return answerAfter(phaseMs >= 2000 && phaseMs < 3000 ? 3000 - phaseMs + 1 : 1);
      },
    });
    const truth = (quantile: number): number => Math.max(1, 1 + 1000 * (1 - (1 - quantile) * 6));
    const latency = report.total.latencyMs;
    const found = [latency?.p50, latency?.p90, latency?.p99, latency?.max] as number[];
    for (const [index, quantile] of [0.5, 0.9, 0.99, 1].entries()) {
      expect(Math.abs((found[index] as number) / truth(quantile) - 1)).toBeLessThan(0.03);
    }
    expect(report.total.requests).toBe(120_000);
    // The time from sending alone would have hidden nearly all of it.
    expect(truth(0.95)).toBeCloseTo(701);
    expect(report.total.serviceMs?.p95).toBeLessThan(1.1);
  });
});

describe('scenarios', () => {
  it('are drawn in proportion to their weights', async () => {
    const scenarios = [
      scenario('browse', [request('/a')], 60),
      scenario('post', [request('/b')], 30),
      scenario('claim', [request('/c')], 10),
    ];
    const { report } = await simulate(planWith({ scenarios, stages: [arrivals(1000, 1000, 20_000)] }));
    const shares = report.scenarios.map((row) => row.requests / 20_000);
    for (const [index, share] of [0.6, 0.3, 0.1].entries()) expect(shares[index]).toBeCloseTo(share, 1);
  });

  it('measure each step from the end of the one before, or of the pause', async () => {
    const steps = [request('/a'), think(500), request('/b'), request('/c')];
    const { report } = await simulate(
      planWith({ scenarios: [scenario('walk', steps)], stages: [users(1, 1, 5000)] }),
      {
        answer: ({ path }) => answerAfter(path === '/b' ? 70 : 20),
      },
    );
    expect(report.endpoints.map((row) => Math.round(row.latencyMs?.max as number))).toEqual([20, 70, 20]);
  });

  it('pass on what a step has saved, and stop where the next answer lacks it', async () => {
    const save = { name: 'id', from: { kind: 'json' as const, pointer: ['id'] } };
    const steps = [request('/a', { saves: [save] }), request('/b/{{id}}', { name: 'b' })];
    let turn = 0;
    const paths: string[] = [];
    const { report } = await simulate(
      planWith({ scenarios: [scenario('walk', steps)], stages: [users(1, 1, 3000)] }),
      {
        answer: ({ path }) => {
          paths.push(path);
          return { ...answerAfter(100), body: path === '/a' && turn++ % 2 === 0 ? '{"id":7}' : '{}' };
        },
      },
    );
    expect(new Set(paths)).toEqual(new Set(['/a', '/b/7']));
    expect(report.iterations.cutShort).toBeGreaterThan(5);
    expect(report.iterations.cutShortBecause).toEqual({ 'b: no value for id': report.iterations.cutShort });
  });

  it('take what a server sends for a value, whatever it is', async () => {
    const save = { name: 'id', from: { kind: 'json' as const, pointer: ['id'] } };
    const steps = [request('/a', { saves: [save] }), request('/b/{{id}}', { name: 'b' })];
    const paths: string[] = [];
    await simulate(planWith({ scenarios: [scenario('walk', steps)], stages: [users(1, 1, 400)] }), {
      answer: ({ path }) => {
        paths.push(path);
        return { ...answerAfter(100), body: '{"id":"\\ud800 x\\r\\nhost: evil"}' };
      },
    });
    expect(paths[1]).toBe('/b/%EF%BF%BD%20x%0D%0Ahost:%20evil');
  });
});

describe('data that comes once', () => {
  it('ends the run when there is none left', async () => {
    const rows = Array.from({ length: 25 }, (_, index) => [`${index}`]);
    const data: DataSource[] = [
      { name: 'row', file: 'rows.csv', table: tableOf(['id'], rows), pick: 'once' },
    ];
    const seen: string[] = [];
    const plan = planWith({
      data,
      scenarios: [scenario('visit', [request('/{{row.id}}')])],
      stages: [users(4, 4, 60_000)],
    });
    const { report, endedMs, pending } = await simulate(plan, {
      answer: ({ path }) => {
        seen.push(path);
        return answerAfter(10);
      },
    });
    expect(seen).toEqual(rows.map(([id]) => `/${id}`));
    expect(endedMs).toBeLessThan(100);
    expect([report.iterations.completed, pending]).toEqual([25, 0]);
  });

  const sixRows = tableOf(['id'], [['0'], ['1'], ['2'], ['3'], ['4'], ['5']]);
  const once: DataSource[] = [{ name: 'row', file: 'rows.csv', table: sixRows, pick: 'once' }];
  const walk = (pauseMs: number) => [
    scenario('walk', [request('/a/{{row.id}}'), think(pauseMs), request('/b/{{row.id}}')]),
  ];

  it.each([
    ['users', users(4, 4, 3000)],
    ['users that come one by one', users(0, 4, 3000)],
    ['arrivals', arrivals(100, 100, 3000)],
  ])('lets the iterations of %s that work with the last rows come to their end', async (_, stage) => {
    const plan = planWith({ data: once, scenarios: walk(50), stages: [stage] });
    const { report, endedMs, pending } = await simulate(plan);
    expect(report.iterations).toMatchObject({ started: 6, completed: 6, interrupted: 0 });
    expect([report.total.requests, report.offered.dropped]).toEqual([12, 0]);
    expect(endedMs).toBeLessThan(2000);
    expect(pending).toBe(0);
  });

  it.each([
    ['users', users(4, 4, 3000), 4],
    ['arrivals', arrivals(100, 100, 3000), 6],
  ])('waits for %s no longer than the load lasts', async (_, stage, begun) => {
    const plan = planWith({ data: once, scenarios: walk(60_000), stages: [stage] });
    const { report, endedMs } = await simulate(plan);
    expect(endedMs).toBe(3000);
    expect(report.iterations).toMatchObject({ started: begun, completed: 0, interrupted: begun });
  });

  it('counts who waited for a user when the rows ran out, and nobody who would have come later', async () => {
    const plan = planWith({
      data: once,
      scenarios: walk(500),
      stages: [arrivals(10, 10, 10_000)],
      ...limited({ usersMax: 3 }),
    });
    const { report } = await simulate(plan);
    expect(report.iterations).toMatchObject({ started: 6, completed: 6 });
    expect(report.offered.dropped).toBeGreaterThan(0);
    expect(report.offered.dropped).toBeLessThan(10);
  });

  it('lets each of several loads come to its end', async () => {
    const [first, second] = [...walk(50), ...walk(300)].map((each, index) => ({
      ...each,
      name: `${index}`,
      stages: [users(2, 2, 5000)],
    }));
    const plan = planWith({ data: once, scenarios: [first, second] as Scenario[], stages: [] });
    const { report, pending } = await simulate(plan);
    expect(report.iterations).toMatchObject({ started: 6, completed: 6 });
    expect(pending).toBe(0);
  });
});

describe('the end', () => {
  it('waits for answers, and not for pauses', async () => {
    const plan = planWith({
      scenarios: [scenario('visit', [request('/'), think(60_000)])],
      stages: [users(3, 3, 1000)],
    });
    const { endedMs, report } = await simulate(plan);
    expect(endedMs).toBe(1000);
    expect(report.iterations.interrupted).toBe(3);
  });

  it('gives up on what does not end, and counts it', async () => {
    const plan = planWith({
      stages: [users(3, 3, 1000)],
      ...limited({ requestTimeoutMs: 60_000, gracefulStopMs: 2000 }),
    });
    const { endedMs, report, pending } = await simulate(plan, { answer: () => ({ kind: 'silence' }) });
    expect([endedMs, pending]).toEqual([3000, 0]);
    expect(report.offered.unfinished).toBe(3);
    expect(report.verdict.status).toBe('failed');
  });

  it('comes at once after an interrupt, with a report of what there was', async () => {
    const { endedMs, report } = await simulate(planWith({ stages: [users(3, 3, 60_000)] }), {
      abortAtMs: 5005,
    });
    expect(endedMs).toBe(5010);
    expect(report.verdict.status).toBe('interrupted');
    expect(report.activeMs).toBe(5005);
    expect(report.total.requests).toBe(3 * 501);
  });

  it('comes within two seconds of an interrupt when nothing answers, also while the run is ending anyway', async () => {
    const plan = planWith({
      stages: [users(3, 3, 1000)],
      ...limited({ requestTimeoutMs: 60_000, gracefulStopMs: 61_000 }),
    });
    for (const abortAtMs of [500, 10_000]) {
      const { endedMs, report } = await simulate(plan, { answer: () => ({ kind: 'silence' }), abortAtMs });
      expect(endedMs).toBe(abortAtMs + 2000);
      expect([report.verdict.status, report.offered.unfinished]).toEqual(['interrupted', 3]);
    }
  });

  it('comes before anything began when it was interrupted before', async () => {
    const { report, sentMs } = await simulate(planWith({}), { abortAtMs: 0 });
    expect([report.verdict.status, sentMs]).toEqual(['interrupted', []]);
  });

  it('is quick when millions of arrivals are still waiting', async () => {
    const plan = planWith({
      stages: [arrivals(1_000_000, 1_000_000, 3_600_000)],
      ...limited({ usersMax: 2, requestTimeoutMs: 3_600_000 }),
    });
    const { report } = await simulate(plan, { answer: () => ({ kind: 'silence' }), abortAtMs: 3_000_000 });
    expect(report.offered.dropped).toBe(3_000_000_001 - 2);
  });
});

describe('a clock whose timers come early, as real ones do', () => {
  it('never makes a latency shorter than its service time', async () => {
    const clock = createVirtualClock();
    const early: Clock = {
      ...clock,
      setTimer: (callback, delayMs) => clock.setTimer(callback, delayMs * 0.9),
    };
    const plan = planWith({ scenarios: [scenario('visit', [request('/a'), think(20), request('/b')])] });
    const running = runLoad(plan, {
      clock: early,
      transport: createFunctionTransport(clock, () => answerAfter(5)),
      watch: () => ({ samples: [], late: () => undefined, stop: () => undefined }),
    });
    await clock.advance(20_000);
    const { total } = await running;
    expect(total.requests).toBeGreaterThan(1000);
    expect(total.latencyMs?.min).toBe(total.serviceMs?.min);
    expect(total.latencyMs?.mean).toBe(total.serviceMs?.mean);
  });
});
