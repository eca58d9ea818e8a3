import type { Terminal } from 'loadline/cli';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, type FakeControlPlane, startFakeControlPlane } from './fake-control-plane.ts';

let plane: FakeControlPlane;

const fine = (bodies: readonly unknown[]): Answer[] => bodies.map((body) => ({ body }));

const turn = (second: number, phase: string, share: number, reason: string) => ({
  at: `2026-06-06T12:00:0${second}.000Z`,
  ...{ phase, share, reason },
});
const log = [
  turn(0, 'preparing', 0, 'ada rolls out 1.1 in place of 1.0 at shop.'),
  turn(4, 'watching', 0.05, 'The instances of 1.1 are ready: it gets 5 % of the traffic of shop.'),
];
const watching = {
  ...{ id: 'shop-1.1', service: 'shop', baseline: '1.0', candidate: '1.1', phase: 'watching', share: 0.05 },
  phaseSince: '2026-06-06T12:00:04.000Z',
  ...{
    step: 1,
    steps: [
      { share: 0.05, watchMs: 1000 },
      { share: 1, watchMs: 1000 },
    ],
    requests: 1234,
  },
  ...{
    startedAt: '2026-06-06T12:00:00.000Z',
    startedBy: 'ada',
    reason: log[1]?.reason,
    verdict: 'inconclusive',
  },
  effects: [
    { metric: 'latency p95', verdict: 'inconclusive', change: 0.071, low: -0.021, high: 0.172, blocks: 8 },
    {
      endpoint: 'GET /api/food',
      metric: 'errors',
      verdict: 'same',
      change: 0,
      low: -0.001,
      high: 0.001,
      blocks: 8,
    },
    { endpoint: 'GET /rare', metric: 'errors', verdict: 'inconclusive', blocks: 1 },
  ],
  log,
};
const gone = turn(9, 'rolled back', 0, 'The instances of 1.1 are gone from shop.');
const back = {
  ...watching,
  phase: 'rolled back',
  share: 0,
  verdict: undefined,
  reason: 'It is worse: latency p50 +9.6 %\u001b[2J. 1.1 is rolled back at shop, from 5 % of the traffic.',
  log: [...log, gone],
};
const ended = { ...back, phaseSince: gone.at };

beforeAll(async () => {
  plane = await startFakeControlPlane();
});
afterAll(() => plane.close());
beforeEach(() => {
  plane.asked = [];
});

const run = (args: readonly string[], further: Partial<Terminal> = {}) =>
  plane.run(['rollout', ...args], further);

describe('loadline rollout', () => {
  it('shows how the latest of a service stands, by what, and why it came to that', async () => {
    plane.answers = fine([{ items: [watching] }, watching]);
    const { code, out } = await run(['show', 'shop']);
    expect([code, plane.asked]).toEqual([
      0,
      ['GET /performance/rollouts?service=shop', 'GET /performance/rollouts/shop-1.1'],
    ]);
    expect(out).toBe(`shop  1.0 → 1.1  watching
█··················· 5 % of the requests, step 1 of 2
1,234 requests in this step; so far: too early to say
  endpoint       metric         change  between                      verdict
  all            latency p95    +7.1 %  -2.1 % and +17 %             inconclusive
  GET /api/food  errors       0 points  -0.1 points and +0.1 points  same

2026-06-06 12:00:00  ● ada rolls out 1.1 in place of 1.0 at shop.
2026-06-06 12:00:04  ● The instances of 1.1 are ready: it gets 5 % of the traffic of shop.
`);
  });

  it('keeps within a narrow screen, and lets nobody steer it', async () => {
    plane.answers = fine([
      { ...ended, troubles: { traffic: 'the source of the figures gave no answer within 1 s\u001b[2J' } },
    ]);
    const { out } = await run(['show', 'shop', '--id', 'shop-1.1'], { width: 60 });
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(60);
    expect(out).not.toContain('\u001b');
    expect(out).toContain('traffic does not do what was asked: the source of the');
    expect(out).not.toContain('so far');
  });

  it('tells each turn once as it comes, and fails where it was rolled back', async () => {
    plane.answers = fine([watching, ended]);
    const { code, out, err } = await run(['start', 'shop', '1.1', '--wait']);
    expect(code).toBe(99);
    expect(plane.asked).toEqual([
      'POST /performance/rollouts {"service":"shop","candidate":"1.1"}',
      'GET /performance/rollouts/shop-1.1',
    ]);
    expect(err.match(/●/g)).toHaveLength(3);
    expect(out).toMatch(/^rolled back after 9 s: It is worse: .+ 1\.1 is rolled back at shop/);
    plane.answers = fine([{ items: [ended] }, { ...ended, phase: 'promoted' }]);
    expect((await run(['watch', 'shop'])).code).toBe(0);
  });

  it('tells what comes also where the oldest turns of a long log are forgotten', async () => {
    const turns = Array.from({ length: 103 }, (_, at) => turn(at % 10, 'paused', 0.05, `turn ${at}.`));
    plane.answers = fine([
      { ...watching, log: turns.slice(0, 100) },
      { ...ended, log: turns.slice(3) },
    ]);
    const { err } = await run(['watch', 'shop', '--id', 'shop-1.1']);
    expect(err.match(/turn \d+/g)).toHaveLength(103);
    expect(err).toContain('turn 102.');
  });

  it('lists them, the least important left out where the screen is narrow', async () => {
    plane.answers = fine([{ items: [watching, ended] }]);
    expect((await run(['list'])).out).toBe(`rollout   phase        share  instead of  since             by
shop-1.1  watching       5 %  1.0         2026-06-06 12:00  ada
shop-1.1  rolled back    0 %  1.0         2026-06-06 12:00  ada
`);
    expect((await run(['list'], { width: 30 })).out).not.toContain('since');
    plane.answers = fine([{ items: [] }]);
    expect((await run(['list', 'shop'])).out).toBe('There was no rollout yet.\n');
    expect((await run(['show', 'shop'])).err).toContain('there was no rollout of shop yet');
  });

  it.each([
    [['pause', 'shop', '--reason', 'lunch'], 'pause {"reason":"lunch"}'],
    [['resume', 'shop'], 'resume {}'],
    [['promote', 'shop', '--all'], 'promote {"all":true}'],
    [['roll-back', 'shop'], 'roll-back {}'],
  ])('gives an order: %j', async (args, order) => {
    plane.answers = fine([{ items: [watching] }, watching]);
    expect((await run(args)).code).toBe(0);
    expect(plane.asked.at(-1)).toBe(`POST /performance/rollouts/shop-1.1/${order}`);
  });

  it('prints what the control plane answered', async () => {
    plane.answers = fine([watching]);
    const { out } = await run(['pause', 'shop', '--id', 'a/b', '--json']);
    expect(JSON.parse(out)).toMatchObject({ id: 'shop-1.1' });
    expect(plane.asked).toEqual(['POST /performance/rollouts/a%2Fb/pause {}']);
  });

  it.each([
    [[], 'a word is missing'],
    [['stop', 'shop'], 'no `rollout stop`'],
    [['rollback', 'shop'], 'did you mean roll-back?\n'],
    [['start', 'shop'], 'takes a service and a version'],
    [['show'], 'takes the name of one service'],
    [['show', 'shop', '--all'], '--all means nothing to `rollout show`'],
    [['pause', 'shop', '--wait'], '--wait means nothing'],
  ])('refuses %j', async (args, said) => {
    const { code, err } = await run(args);
    expect(code).toBe(2);
    expect(err).toContain(said);
    expect(plane.asked).toEqual([]);
  });
});
