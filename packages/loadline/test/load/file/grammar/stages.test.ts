import { describe, expect, it } from 'vitest';
import type { Stage } from '../../../../src/load/plan.ts';
import { readPlan, refusal } from '../files.ts';

function fileOf(stages: readonly string[]): string {
  return `target: http://127.0.0.1:1
scenarios: { visit: { steps: [{ get: / }] } }
load:
${stages.map((stage) => `  - ${stage}`).join('\n')}
`;
}

async function stagesOf(...stages: string[]): Promise<readonly Stage[]> {
  return (await readPlan(fileOf(stages))).stages;
}

async function problemsOf(...stages: string[]): Promise<readonly string[]> {
  return (await refusal(fileOf(stages))).problems;
}

const users = (from: number, to: number, durationMs: number): Stage => ({
  kind: 'users',
  from,
  to,
  durationMs,
});
const rate = (from: number, to: number, durationMs: number): Stage => ({
  kind: 'arrivals',
  from,
  to,
  durationMs,
});

describe('arrivals', () => {
  it('come evenly, or as strangers do', async () => {
    expect(
      await stagesOf(
        'arrivals: { rate: 5/s, for: 1s }',
        'arrivals: { rate: 5/s, for: 1s, spacing: poisson }',
      ),
    ).toEqual([rate(5, 5, 1000), { ...rate(5, 5, 1000), spacing: 'poisson' }]);
    expect(await problemsOf('arrivals: { rate: 5/s, for: 1s, spacing: poison }')).toEqual([
      expect.stringMatching(/spacing must be one of even, poisson, got "poison"; did you mean poisson\?$/),
    ]);
  });
});

describe('iterations', () => {
  it('are so many users, so often each, within a time', async () => {
    expect(await stagesOf('iterations: { users: 10, each: 5, within: 10m }')).toEqual([
      { kind: 'iterations', users: 10, perUser: 5, durationMs: 600_000 },
    ]);
    expect(await problemsOf('iterations: { users: 0, each: 5 }')).toHaveLength(2);
  });

  it('scale by their users', async () => {
    const plan = await readPlan(fileOf(['iterations: { users: 10, each: 5, within: 10m }']), { scale: 0.3 });
    expect(plan.stages).toMatchObject([{ users: 3, perUser: 5 }]);
  });
});

describe('a stair', () => {
  it('holds one level after the other, and ends at the last', async () => {
    expect(
      await stagesOf('step: { users: { from: 10, to: 35, by: 10, every: 30s } }', 'hold: { for: 1s }'),
    ).toEqual([
      ...[10, 20, 30, 35, 35].map((level, index) => users(level, level, index < 4 ? 30_000 : 1000)),
    ]);
    expect(await stagesOf('step: { rate: { from: 3/s, to: 1/s, by: 1/s, every: 1s } }')).toEqual(
      [3, 2, 1].map((level) => rate(level, level, 1000)),
    );
    expect(await stagesOf('step: { rate: { from: 0.1/s, to: 0.3/s, by: 0.1/s, every: 1s } }')).toHaveLength(
      3,
    );
    expect(await stagesOf('step: { users: { from: 5, to: 5, by: 1, every: 1s } }')).toEqual([
      users(5, 5, 1000),
    ]);
  });

  it.each<[string, RegExp]>([
    ['step: {}', /step must have users or rate, as in/],
    ['step: { users: { from: 1, to: 1000000, by: 1, every: 1s } }', /makes more than 1000 steps/],
    ['step: { rate: { from: 1/s, to: 2/s, by: 0/s, every: 1s } }', /makes more than 1000 steps/],
    ['step: { users: { from: 1, to: 5, by: 0, every: 1s } }', /by must be a whole number at least 1/],
  ])('%s is refused', async (stage, problem) => {
    expect(await problemsOf(stage)).toContainEqual(expect.stringMatching(problem));
  });
});

describe('a spike', () => {
  it('goes up and back to the level before, at once or evenly', async () => {
    expect(
      await stagesOf(
        'hold: { users: 50, for: 1m }',
        'spike: { users: 500, over: 10s, for: 1m }',
        'hold: { for: 1s }',
      ),
    ).toEqual([users(50, 50, 60_000), users(50, 500, 10_000), users(500, 500, 60_000), users(50, 50, 1000)]);
    expect(await stagesOf('spike: { rate: 500/s, over: 10s, for: 1m, back: 5s }')).toEqual([
      rate(0, 500, 10_000),
      rate(500, 500, 60_000),
      rate(500, 0, 5000),
    ]);
  });

  it('of the other model begins and ends at none, and does not change the level', async () => {
    expect(
      await stagesOf(
        'hold: { users: 5, for: 1s }',
        'spike: { rate: 9/s, over: 1s, for: 1s, back: 1s }',
        'hold: { for: 1s }',
      ),
    ).toEqual([users(5, 5, 1000), rate(0, 9, 1000), rate(9, 9, 1000), rate(9, 0, 1000), users(5, 5, 1000)]);
  });

  it('needs a peak', async () => {
    expect(await problemsOf('hold: { users: 5, for: 1s }', 'spike: { over: 1s, for: 1s }')).toEqual([
      expect.stringMatching(/spike needs the level at which it ends/),
    ]);
  });
});

describe('a scenario with a load of its own', () => {
  const yaml = `target: http://127.0.0.1:1
scenarios:
  read: { steps: [{ get: /a }] }
  sync: { load: [{ arrivals: { rate: 2/s, for: 20s } }], steps: [{ get: /b }] }
load: [{ hold: { users: 4, for: 10s } }]
tests:
  quick: { load: [{ hold: { users: 1, for: 1s } }], weights: { read: 2 } }
`;

  it('goes side by side with the others', async () => {
    const plan = await readPlan(yaml, { scale: 2, duration: '40s' });
    expect(plan.stages).toEqual([users(8, 8, 20_000)]);
    expect(plan.scenarios.map(({ stages }) => stages)).toEqual([undefined, [rate(4, 4, 40_000)]]);
    expect(
      (await readPlan(yaml, { profile: 'quick' })).scenarios.map(({ name, stages }) => [
        name,
        stages?.length,
      ]),
    ).toEqual([
      ['read', undefined],
      ['sync', 1],
    ]);
  });

  it('needs no other load where all have one', async () => {
    const alone = yaml.replace(/ {2}read.*\n/, '').replace(/load: \[\{ hold.*/s, '');
    expect((await readPlan(alone)).stages).toEqual([]);
    expect((await refusal(`${alone}load: [{ hold: { users: 1, for: 1s } }]\n`)).problems).toEqual([
      "line 4, load is nobody's: every scenario has a load of its own",
    ]);
  });

  it('shares in a rate that is asked for, and in a profile', async () => {
    const plan = await readPlan(yaml, { rate: '7' });
    expect(plan.stages).toEqual([rate(7, 7, 20_000)]);
    expect(plan.scenarios.map(({ stages }) => stages)).toEqual([undefined, undefined]);
    expect((await readPlan(yaml, { profile: 'peak' })).scenarios.map(({ stages }) => stages)).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('has no weight, neither of its own nor in a test', async () => {
    expect((await refusal(yaml.replace('sync: {', 'sync: { weight: 2,'))).problems).toEqual([
      'line 4, scenarios.sync.weight stands beside load; who has a load of its own shares none',
    ]);
    expect((await refusal(yaml.replace('{ read: 2 }', '{ sync: 2 }'))).problems).toEqual([
      'line 7, tests.quick.weights.sync names no scenario: "sync"; known are read',
    ]);
  });

  it('counts its users where each needs a row', async () => {
    const withRows = `${yaml.replace('2/s, for', '2/s, for').replace('arrivals: { rate: 2/s', 'hold: { users: 3')}data: { p: { file: p.csv, pick: each } }\n`;
    const rows = { 'p.csv': 'a\n1\n2\n3\n4\n5\n6\n' };
    expect((await refusal(withRows, {}, rows)).problems).toEqual([
      expect.stringMatching(/gives each of 7 users a row of p\.csv, which has 6/),
    ]);
  });
});

describe('share: users', () => {
  it('gives each scenario its part of the users, and leaves a load of its own alone', async () => {
    const yaml = `target: http://127.0.0.1:1
share: users
scenarios:
  a: { weight: 2, steps: [{ get: /a }] }
  b: { load: [{ hold: { users: 9, for: 1s } }], steps: [{ get: /b }] }
  c: { steps: [{ get: /c }] }
load: [{ hold: { users: 4, for: 1s } }]
`;
    const plan = await readPlan(yaml);
    expect(plan.stages).toEqual([]);
    expect(plan.scenarios.map(({ stages }) => stages)).toEqual(
      [3, 9, 1].map((count) => [users(count, count, 1000)]),
    );
    expect((await refusal(yaml.replace('share: users', 'share: user'))).problems).toEqual([
      expect.stringMatching(
        /^line 2, share must be one of iterations, users, got "user"; did you mean users\?$/,
      ),
    ]);
  });
});

describe('thresholds', () => {
  const withThresholds = (thresholds: string): string =>
    `${fileOf(['hold: { users: 1, for: 1s }'])}thresholds: ${thresholds}\n`;

  it('may end the run, after a time of grace', async () => {
    const plan = await readPlan(
      withThresholds(
        '{ latency: [{ expect: p95 < 1s, abort: true, grace: 30s }, { expect: p99 < 2s, abort: true }, p50 < 1s, { expect: max < 9s }], errors: { expect: ratio < 1%, abort: false } }',
      ),
    );
    expect(plan.thresholds.map(({ text, abort }) => [text, abort?.graceMs])).toEqual([
      ['latency: p95 < 1s', 30_000],
      ['latency: p99 < 2s', 10_000],
      ['latency: p50 < 1s', undefined],
      ['latency: max < 9s', undefined],
      ['errors: ratio < 1%', undefined],
    ]);
  });

  it.each<[string, RegExp]>([
    ['{ latency: { expect: p95 < 1s, grace: 3s } }', /grace goes with abort: true$/],
    ['{ latency: { abort: true } }', /expect must be a text, got nothing$/],
    ['{ latency: { expect: p95 < 1, abort: true } }', /expect has the limit "1"/],
    ['{ latency: { expct: p95 < 1s } }', /expct is not known; did you mean expect\?$/],
  ])('%s is refused', async (thresholds, problem) => {
    expect((await refusal(withThresholds(thresholds))).problems).toContainEqual(
      expect.stringMatching(problem),
    );
  });
});
