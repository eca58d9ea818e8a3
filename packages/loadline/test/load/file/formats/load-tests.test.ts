import { describe, expect, it } from 'vitest';
import { readPlan, refusal } from '../files.ts';

/** The test configuration of seeds/001, with its names and figures. */
const loadTests = `load_tests:
  baseline:
    duration: 10m
    users: 1000
    ramp_up: 2m
    think_time: 1s

  stress:
    duration: 15m
    users: 5000
    ramp_up: 5m
    think_time: 500ms

  spike:
    duration: 5m
    users: 10000
    ramp_up: 30s
    think_time: 100ms
`;

const target = 'http://127.0.0.1:1/api/food?near=1';

describe('load tests without steps', () => {
  it('run by their names, each user getting the target itself', async () => {
    const plan = await readPlan(loadTests, { profile: 'stress', target });
    expect(plan).toMatchObject({
      name: 'stress',
      target: 'http://127.0.0.1:1',
      stages: [
        { kind: 'users', from: 0, to: 5000, durationMs: 300_000 },
        { kind: 'users', from: 5000, to: 5000, durationMs: 600_000 },
      ],
    });
    expect(plan.scenarios).toMatchObject([
      {
        name: 'stress',
        steps: [
          { kind: 'request', name: 'GET /api/food', method: 'GET', path: { parts: ['/api/food?near=1'] } },
          { kind: 'think', think: { kind: 'fixed', durationMs: 500 } },
        ],
      },
    ]);
  });

  it('get the slash of a target that has no path', async () => {
    const plan = await readPlan(loadTests, { profile: 'spike', target: 'http://127.0.0.1:1', scale: 0.01 });
    expect(plan.scenarios[0]?.steps[0]).toMatchObject({ name: 'GET /', path: { parts: ['/'] } });
    expect(plan.stages).toMatchObject([{ to: 100 }, { to: 100 }]);
  });

  it('are named where there is no choice', async () => {
    expect((await refusal(loadTests, { target })).problems).toEqual([
      "profile must name one of the file's tests: baseline, stress, spike",
    ]);
  });

  it('need no name where there is one, and no ramp and no pause', async () => {
    const plan = await readPlan('load_tests: { one: { duration: 1m, users: 3 } }\n', { target });
    expect(plan.stages).toEqual([{ kind: 'users', from: 3, to: 3, durationMs: 60_000 }]);
    expect(plan.scenarios[0]?.steps).toHaveLength(1);
  });

  it('tell every mistake with its line', async () => {
    const wrong = `load_tests:
  a:
    duration: 10
    users: 0
    rampup: 1s
  b: { duration: 1m, users: 5, ramp_up: 2m }
`;
    expect((await refusal(wrong, { target })).problems).toEqual([
      'line 3, load_tests.a.duration must be a duration with a unit, like 250ms, 30s or 2m, got 10',
      'line 4, load_tests.a.users must be a whole number at least 1 and at most 1000000, got 0',
      'line 5, load_tests.a.rampup is not known; did you mean ramp_up?',
      'line 6, load_tests.b.ramp_up must not be longer than duration, of which it is a part',
    ]);
    expect((await refusal('load_tests: {}\n', { target })).problems).toEqual([
      'line 1, load_tests must hold at least one test',
    ]);
  });
});
