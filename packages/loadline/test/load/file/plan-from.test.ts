import { describe, expect, it } from 'vitest';
import type { ArrivalsStage, LoadPlan, UsersStage } from '../../../src/load/plan.ts';
import { exampleFile, peopleFile, readPlan, refusal } from './files.ts';

const people = { 'people.csv': peopleFile };

const manyTests = `target: http://127.0.0.1:1
scenarios:
  read: { weight: 3, steps: [{ get: /a }] }
  write: { weight: 1, steps: [{ post: /b, json: { n: 1 } }] }
thresholds: { errors: ratio < 1% }
tests:
  quick:
    load: [{ hold: { users: 2, for: 1s } }]
  writes:
    weights: { write: 1 }
    thresholds: { latency: p95 < 1s }
    load: [{ arrivals: { rate: 120/m, for: 10s } }]
`;

describe('--profile', () => {
  it("picks one of the file's tests, with its weights, and the shared thresholds before its own", async () => {
    const quick = await readPlan(manyTests, { profile: 'quick' });
    expect(quick).toMatchObject({
      name: 'quick',
      scenarios: [{ weight: 3 }, { weight: 1 }],
      thresholds: [{ metric: 'errors' }],
    });
    const writes = await readPlan(manyTests, { profile: 'writes' });
    expect(writes.scenarios.map(({ name }) => name)).toEqual(['write']);
    expect(writes.thresholds.map(({ metric }) => metric)).toEqual(['errors', 'latency']);
    expect(writes.stages).toEqual([{ kind: 'arrivals', from: 2, to: 2, durationMs: 10_000 }]);
  });

  it('is needed where there are several, and the error lists them', async () => {
    expect(await refusal(manyTests)).toEqual({
      code: 'LOAD_OPTIONS_INVALID',
      problems: ["profile must name one of the file's tests: quick, writes"],
    });
  });

  it('names one that is there', async () => {
    expect((await refusal(manyTests, { profile: 'quik' })).problems).toEqual([
      'profile names no test of the file: "quik"; did you mean quick?',
    ]);
    expect((await refusal(manyTests, { profile: '__proto__' })).problems[0]).toMatch(
      /known are quick, writes/,
    );
    expect((await refusal(exampleFile, { profile: 'x' }, people)).problems[0]).toMatch(
      /just one test, without a name/,
    );
  });
});

describe('--scale', () => {
  it('multiplies users and rates, and nothing else', async () => {
    const plan = await readPlan(exampleFile, {}, people);
    for (const scale of [0.1, 0.5, 1] as const) {
      const scaled = await readPlan(exampleFile, { scale: String(scale) }, people);
      expect({ ...scaled, data: [] }).toEqual({
        ...plan,
        data: [],
        stages: levels(plan.stages).map((stage) => ({
          ...stage,
          from: stage.from * scale,
          to: stage.to * scale,
        })),
      });
    }
  });

  it('never rounds users to none, nor to parts of one', async () => {
    const { stages } = await readPlan(exampleFile, { scale: 0.001 }, people);
    expect(levels(stages).map(({ from, to }) => [from, to])).toEqual([
      [0, 1],
      [1, 1],
      [0.05, 0.05],
    ]);
    expect((await readPlan(exampleFile, { scale: 0.013 }, people)).stages[1]).toMatchObject({ to: 3 });
  });

  it.each(['0', '-1', 'much', '', 'Infinity', 'NaN', '1e999'])('refuses %j', async (scale) => {
    expect((await refusal(exampleFile, { scale }, people)).problems).toEqual([
      `scale must be a number above 0, like 0.1, got ${JSON.stringify(scale)}`,
    ]);
  });

  it('does not lead past the limits of a file', async () => {
    expect((await refusal(manyTests, { profile: 'quick', scale: '1e300' })).problems).toEqual([
      'scale leads to more than 1000000 users or a rate of more than 1000000/s',
    ]);
  });
});

describe('--duration', () => {
  it('stretches every stage alike', async () => {
    const plan = await readPlan(exampleFile, { duration: '21s' }, people);
    expect(plan.stages.map(({ durationMs }) => durationMs)).toEqual([3000, 12_000, 6000]);
    expect(levels(plan.stages).map(({ to }) => to)).toEqual([200, 200, 50]);
  });

  it.each(['0', '30', '-5s', 'long'])('refuses %j', async (duration) => {
    const { code, problems } = await refusal(exampleFile, { duration }, people);
    expect([code, problems.length]).toEqual(['LOAD_OPTIONS_INVALID', 1]);
    expect(problems[0]).toMatch(/^duration must be /);
  });
});

describe('--rate', () => {
  it("takes the place of the file's load, for its length or another", async () => {
    expect((await readPlan(exampleFile, { rate: '50' }, people)).stages).toEqual([
      { kind: 'arrivals', from: 50, to: 50, durationMs: 210_000 },
    ]);
    expect(
      (await readPlan(exampleFile, { rate: '3000/m', duration: '5s', scale: 2 }, people)).stages,
    ).toEqual([{ kind: 'arrivals', from: 100, to: 100, durationMs: 5000 }]);
  });

  it.each(['0', '0/s', '-1', 'fast', '5/d', '2000000'])('refuses %j', async (rate) => {
    const { code, problems } = await refusal(exampleFile, { rate }, people);
    expect([code, problems.length]).toEqual(['LOAD_OPTIONS_INVALID', 1]);
    expect(problems[0]).toMatch(/^rate must be /);
  });
});

describe('--target', () => {
  it("takes the place of the file's, with a base path and without a slash at its end", async () => {
    const target = async (text: string): Promise<string> =>
      (await readPlan(exampleFile, { target: text }, people)).target;
    expect(await target('http://localhost:3000')).toBe('http://localhost:3000');
    expect(await target('https://API.example/v1//')).toBe('https://api.example/v1');
    expect(await target('http://[::1]:80/')).toBe('http://[::1]');
  });

  it.each<[string, RegExp]>([
    ['localhost:3000', /must be an address like http/],
    ['ftp://127.0.0.1', /must be an address like http/],
    ['http://', /must be an address like http/],
    ['http://a/?x=1', /must have no query/],
    ['http://ann:secret@a/', /no user and password/],
    ['http://:secret@a/', /no user and password/],
    ['ftp://ann:secret@a/', /must be an address like http/],
  ])('refuses %s, and prints no password', async (target, problem) => {
    const { problems } = await refusal(exampleFile, { target }, people);
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(problems[0]).not.toContain('secret');
  });

  it('is needed where the file has none', async () => {
    const { problems } = await refusal(exampleFile.replace(/^target.*\n/, ''), {}, people);
    expect(problems).toEqual([expect.stringMatching(/^target is missing/)]);
  });
});

describe('rows for each user', () => {
  it('must be enough for the closed stages', async () => {
    expect((await refusal(exampleFile, { scale: 2 }, people)).problems).toEqual([
      'line 3, data.person.pick gives each of 400 users a row of people.csv, which has 200; lower --scale, add rows, or pick them at random',
    ]);
  });

  it('limit the users of open stages', async () => {
    expect((await readPlan(exampleFile, {}, people)).limits.usersMax).toBe(200);
    expect(
      (await readPlan(exampleFile.replace('pick: each', 'pick: random'), {}, people)).limits.usersMax,
    ).toBe(1000);
  });
});

describe('all options that do not fit', () => {
  it('are told at once', async () => {
    const choice = { target: 'x', scale: '-1', duration: '5', seed: '1.5', rate: 'fast' };
    const { problems } = await refusal(exampleFile, choice, people);
    expect(problems.map((problem) => problem.split(' ')[0]).toSorted()).toEqual([
      'duration',
      'rate',
      'scale',
      'seed',
      'target',
    ]);
  });
});

describe('a file that is not there', () => {
  it('is said to be so', async () => {
    const { readLoadPlan } = await import('loadline/load');
    await expect(readLoadPlan('no/such/load.yaml')).rejects.toMatchObject({
      code: 'LOAD_FILE_UNREADABLE',
      message: 'Cannot read no/such/load.yaml: there is no such file.',
    });
    await expect(readLoadPlan('/dev/zero')).rejects.toMatchObject({ code: 'LOAD_FILE_UNREADABLE' });
    await expect(readLoadPlan('.')).rejects.toMatchObject({ code: 'LOAD_FILE_UNREADABLE' });
  });
});

/** Stages with levels, which all of these files have. */
function levels(stages: LoadPlan['stages']): (UsersStage | ArrivalsStage)[] {
  return stages.filter((stage) => stage.kind !== 'iterations');
}
