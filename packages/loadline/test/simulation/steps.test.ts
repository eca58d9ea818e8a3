import type { LoadPlan, Step } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import {
  answerAfter,
  choose,
  pace,
  planWith,
  repeat,
  request,
  type SimulationOptions,
  scenario,
  simulate,
  think,
} from './simulate.ts';

/** What one user asks for, one after the other, while it walks through the steps just so many times. */
async function walk(
  steps: readonly Step[],
  iterations: number,
  given: Partial<LoadPlan> = {},
  answer: SimulationOptions['answer'] = () => answerAfter(1),
): Promise<string[]> {
  const paths: string[] = [];
  const plan = planWith({
    scenarios: [scenario('walk', steps)],
    stages: [{ kind: 'iterations', users: 1, perUser: iterations, durationMs: 3_600_000 }],
    ...given,
  });
  const { report } = await simulate(plan, {
    answer: (sent, elapsedMs) => {
      paths.push(sent.path);
      return answer(sent, elapsedMs);
    },
  });
  expect(report.iterations).toMatchObject({ started: iterations, completed: iterations });
  return paths;
}

const seeds = Array.from({ length: 30 }, (_, seed) => seed);
const [a, b, c, d] = ['/a', '/b', '/c', '/d'].map((path) => request(path)) as [Step, Step, Step, Step];

describe('a repeated step', () => {
  it('is done as often as it says, and what follows it once', async () => {
    expect(await walk([a, repeat(3, 3, [b, c]), d], 2)).toEqual([
      '/a',
      '/b',
      '/c',
      '/b',
      '/c',
      '/b',
      '/c',
      '/d',
      '/a',
      '/b',
      '/c',
      '/b',
      '/c',
      '/b',
      '/c',
      '/d',
    ]);
  });

  it('within another one counts anew each time', async () => {
    const paths = await walk([repeat(3, 3, [a, repeat(2, 2, [b, repeat(4, 4, [c])]), d])], 1);
    expect(paths.join('')).toBe(`/a${'/b/c/c/c/c'.repeat(2)}/d`.repeat(3));
  });

  it('one after another do not disturb each other', async () => {
    const paths = await walk([repeat(2, 2, [repeat(2, 2, [a]), repeat(3, 3, [b])]), repeat(2, 2, [c])], 2);
    expect(paths.join('')).toBe(`${'/a/a/b/b/b'.repeat(2)}/c/c`.repeat(2));
  });

  it('is passed over where it is drawn to be done no time', async () => {
    expect(await walk([repeat(0, 0, [a, repeat(5, 5, [b])]), c], 3)).toEqual(['/c', '/c', '/c']);
  });

  it('is done each number of times equally often, from the least to the most', async () => {
    const paths = await walk([repeat(0, 3, [a]), b], 4000);
    const counts = [0, 0, 0, 0];
    for (const run of paths.join('').split('/b').slice(0, -1)) (counts[run.length / 2] as number)++;
    // Four standard deviations of a binomial count.
    for (const count of counts)
      expect(Math.abs(count - 1000)).toBeLessThan(4 * Math.sqrt(4000 * 0.25 * 0.75));
  });

  it('draws how often anew each time, and the same for the same seed', async () => {
    const draw = (seed: number): Promise<string[]> => walk([repeat(1, 20, [a]), b], 10, { seed });
    const runs = await Promise.all(seeds.map(draw));
    expect(new Set(runs.map((paths) => paths.join())).size).toBe(seeds.length);
    expect(await draw(7)).toEqual(runs[7]);
  });

  it('ten loops deep is done two to the power of ten times', async () => {
    const deep = [...'0123456789'].reduce<Step>((within) => repeat(2, 2, [within]), a);
    expect(await walk([deep], 1)).toHaveLength(1024);
  });
});

describe('a choice', () => {
  it('takes its branches in proportion to their weights', async () => {
    const paths = await walk([choose([5, [a]], [3, [b]], [2, [c]], [0, [d]])], 5000);
    for (const [path, share] of [
      ['/a', 0.5],
      ['/b', 0.3],
      ['/c', 0.2],
      ['/d', 0],
    ] as const) {
      const count = paths.filter((each) => each === path).length;
      expect(Math.abs(count - 5000 * share)).toBeLessThanOrEqual(4 * Math.sqrt(5000 * share * (1 - share)));
    }
  });

  it('goes on after the branch that was taken, whichever that was', async () => {
    const paths = await walk([a, choose([1, [b, b]], [1, [c]], [1, []]), d], 300);
    const walks = new Set(paths.join('').split(/(?<=\/d)/));
    expect(walks).toEqual(new Set(['/a/b/b/d', '/a/c/d', '/a/d']));
  });

  it('is drawn anew in each turn of a loop, and may hold loops and choices', async () => {
    const steps = [repeat(50, 50, [choose([1, [repeat(2, 2, [a])]], [1, [choose([1, [b]], [1, [c]])]])])];
    const [first, second] = (await walk(steps, 2)).join('').match(/(?:\/a\/a|\/b|\/c){50}/g) as string[];
    expect(first).not.toBe(second);
    for (const path of ['/a/a', '/b', '/c']) expect(first).toContain(path);
  });

  it('differs between seeds, and is the same for the same one', async () => {
    const draw = (seed: number): Promise<string[]> => walk([choose([1, [a]], [1, [b]])], 40, { seed });
    const runs = await Promise.all(seeds.map(draw));
    expect(new Set(runs.map((paths) => paths.join())).size).toBe(seeds.length);
    expect(await draw(3)).toEqual(runs[3]);
  });

  it('of nothing at all ends the iteration, and costs nobody a turn', async () => {
    const paths = await walk([choose([9, []], [1, [a]])], 2000);
    expect(paths.length).toBeGreaterThan(130);
    expect(paths.length).toBeLessThan(270);
  });
});

describe('a paced step', () => {
  const paced = async (answerMs: (turn: number) => number, given: Partial<LoadPlan> = {}) => {
    let turn = 0;
    const plan = planWith({
      scenarios: [scenario('visit', [pace(100), request('/')])],
      stages: [{ kind: 'users', from: 1, to: 1, durationMs: 10_000 }],
      ...given,
    });
    return simulate(plan, { answer: () => answerAfter(answerMs(turn++)) });
  };

  it('keeps its rate, whatever the answers take', async () => {
    const { sentMs, report } = await paced((turn) => [1, 99, 50, 7][turn % 4] as number);
    expect(sentMs).toHaveLength(100);
    for (const [index, atMs] of sentMs.entries()) expect(atMs).toBeCloseTo(index * 100, 2);
    expect(report.total.latencyMs?.max).toBeCloseTo(99, 0);
  });

  it('goes on at once when it is late, measures from when it was due, and makes up for it', async () => {
    const { sentMs, report } = await paced((turn) => (turn === 10 ? 550 : 10));
    expect(sentMs.slice(10, 18).map(Math.round)).toEqual([1000, 1550, 1560, 1570, 1580, 1590, 1600, 1700]);
    expect(sentMs).toHaveLength(100);
    // Due at 1,100 ms, sent at 1,550.
    expect(report.total.serviceMs?.p99).toBeCloseTo(10, 0);
    expect(report.total.latencyMs?.p99).toBeCloseTo(460, -1);
  });

  it('holds for each user by itself', async () => {
    const { sentMs } = await paced(() => 20, {
      stages: [{ kind: 'users', from: 0, to: 10, durationMs: 10_000 }],
    });
    // Each user begins in the middle of its second, and sends ten times a second from then on.
    const expected = Array.from({ length: 10 }, (_, user) => Math.ceil((10_000 - (user * 1000 + 500)) / 100));
    expect(sentMs).toHaveLength(expected.reduce((sum, count) => sum + count));
  });

  it('draws each distance, so that its mean is the rate', async () => {
    const every = { kind: 'exponential', meanMs: 100 } as const;
    const { sentMs } = await paced(() => 1, {
      scenarios: [scenario('visit', [{ kind: 'pace', every }, request('/')])],
      stages: [{ kind: 'users', from: 20, to: 20, durationMs: 20_000 }],
    });
    expect(Math.abs(sentMs.length - 4000)).toBeLessThan(4 * Math.sqrt(4000));
  });

  it('begins anew for whoever comes in an open stage', async () => {
    const { sentMs, report } = await paced(() => 20, {
      stages: [{ kind: 'arrivals', from: 20, to: 20, durationMs: 2000 }],
    });
    for (const [index, atMs] of sentMs.entries()) expect(atMs).toBeCloseTo(index * 50, 2);
    expect(report.total.latencyMs?.max).toBeCloseTo(20, 0);
  });

  it('ends with the run', async () => {
    const { endedMs, report } = await paced(() => 1, {
      scenarios: [scenario('visit', [request('/'), pace(60_000)])],
      stages: [{ kind: 'users', from: 3, to: 3, durationMs: 1000 }],
    });
    expect([endedMs, report.iterations.interrupted]).toEqual([1000, 3]);
  });
});

describe('a pause', () => {
  it('of nothing does not keep others from their turn', async () => {
    const plan = planWith({
      scenarios: [scenario('visit', [request('/'), think(0), repeat(3, 3, [think(0)])])],
      stages: [{ kind: 'users', from: 5, to: 5, durationMs: 1000 }],
    });
    const { report } = await simulate(plan);
    expect(report.total.requests).toBe(500);
  });
});
