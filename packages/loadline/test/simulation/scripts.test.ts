import type { LoadPlan, LoadReport, ReportRow, ScenarioFunction, ScenarioResponse } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { tableOf } from '../../src/load/data/data-table.ts';
import { Recorder } from '../../src/load/measure/recorder.ts';
import { compileScenarios } from '../../src/load/program.ts';
import { answerAfter, planWith, type SimulationOptions, scripted, simulate } from './simulate.ts';

/** Runs a scenario function, by default with one user for a second whose answers take 10 ms. */
async function run(
  script: ScenarioFunction,
  given: Partial<LoadPlan> = {},
  options: SimulationOptions = {},
): Promise<LoadReport> {
  const plan = planWith({
    scenarios: [scripted('visit', script)],
    stages: [{ kind: 'users', from: 1, to: 1, durationMs: 1000 }],
    ...given,
  });
  const { report, pending } = await simulate(plan, options);
  const { started, completed, cutShort, interrupted } = report.iterations;
  expect([started, pending]).toEqual([completed + cutShort + interrupted, 0]);
  return report;
}

const latencies = (report: LoadReport): unknown =>
  report.endpoints.map(({ name, latencyMs }) => [name, Math.round(latencyMs?.max as number)]);

describe('a scenario function', () => {
  it('measures each step from the end of the one before, or of the pause', async () => {
    const report = await run(
      async (user) => {
        await user.get('/a');
        await user.think(500);
        await user.get('/b');
        await user.post('/c', { json: {} });
      },
      {},
      { answer: ({ path }) => answerAfter(path === '/b' ? 70 : 20) },
    );
    expect(latencies(report)).toEqual([
      ['GET /a', 20],
      ['GET /b', 70],
      ['POST /c', 20],
    ]);
  });

  it('measures its first step from when the arrival was due, however long it waited for a user', async () => {
    const report = await run(
      async (user) => {
        await user.get('/a');
        await user.get('/b');
      },
      {
        stages: [{ kind: 'arrivals', from: 10, to: 10, durationMs: 300 }],
        limits: { requestTimeoutMs: 5000, usersMax: 1, gracefulStopMs: 6000 },
      },
      { answer: () => answerAfter(100) },
    );
    // Due at 0, 100 and 200 ms, begun at 0 and 200: the third has not begun when the stage ends.
    expect(latencies(report)).toEqual([
      ['GET /a', 200],
      ['GET /b', 100],
    ]);
    expect(report.offered).toMatchObject({ arrivals: 3, waited: 1, dropped: 1 });
  });

  it('sends what it is told, with bodies, headers and names', async () => {
    const sent: unknown[] = [];
    await run(
      async (user) => {
        await user.post('/json?q=1', { json: { a: 'ä' }, headers: { 'X-Name': 'one\r\nevil: two' } });
        await user.put('/form', { form: { a: 'b c' } });
        await user.patch('/text', { body: 'text', name: 'patching' });
        await user.delete('/ä b');
        await user.head('/head');
        await user.options('/options');
        await user.think(5000);
      },
      {},
      {
        answer: ({ method, path, headers, body }) => {
          sent.push([method, path, body, headers.replace(/^accept: .*\r\nuser-agent: .*\r\n/, '')]);
          return answerAfter(1);
        },
      },
    );
    expect(sent).toEqual([
      ['POST', '/json?q=1', '{"a":"ä"}', 'content-type: application/json\r\nx-name: one evil: two\r\n'],
      ['PUT', '/form', 'a=b+c', 'content-type: application/x-www-form-urlencoded\r\n'],
      ['PATCH', '/text', 'text', ''],
      ['DELETE', '/%C3%A4%20b', undefined, ''],
      ['HEAD', '/head', undefined, ''],
      ['OPTIONS', '/options', undefined, ''],
    ]);
  });

  it('counts its checks in the row of the last request', async () => {
    const report = await run(async (user) => {
      user.check('before any', true);
      const { status } = await user.get('/a');
      user.check('is fine', status === 200);
      await user.get('/b');
      expect(user.check('is odd', user.iteration % 2 === 1)).toBe(user.iteration % 2 === 1);
    });
    const checks = (name: string): ReportRow['checks'] | undefined =>
      report.endpoints.find((row) => row.name === name)?.checks;
    expect(checks('GET /a')).toEqual({ passed: 50, failed: 0, failedByName: {} });
    expect(checks('GET /b')).toEqual({ passed: 25, failed: 25, failedByName: { 'is odd': 25 } });
    expect(checks('checks')?.passed).toBe(50);
  });

  it('goes on where no answer came, and is told why', async () => {
    const seen: unknown[] = [];
    const report = await run(
      async (user) => {
        const answer = await user.get('/a');
        seen.push([answer.status, answer.failure?.reason, answer.header('x')]);
        expect(() => answer.text()).toThrow('no answer came: refused');
      },
      {},
      { answer: () => ({ kind: 'failure', delayMs: 0, reason: 'refused' }) },
    );
    expect(seen[0]).toEqual([0, 'refused', undefined]);
    // And rests as any user does whom nobody answers.
    expect(seen).toHaveLength(10);
    expect(report.total.failures.refused?.count).toBe(10);
  });

  it('judges statuses as it is told to', async () => {
    const report = await run(
      async (user) => {
        await user.get('/a', { expect: [404] });
        await user.get('/b');
      },
      {},
      { answer: () => answerAfter(10, 404) },
    );
    expect(report.endpoints.map(({ errorRatio }) => errorRatio)).toEqual([0, 1]);
  });

  it('follows redirects as part of the step, or not where it was told', async () => {
    const seen: number[] = [];
    const report = await run(
      async (user) => {
        seen.push((await user.get('/old')).status, (await user.get('/old', { redirects: 0 })).status);
      },
      {},
      {
        answer: ({ path }) =>
          path === '/old' ? { ...answerAfter(10, 302), headers: { location: '/new' } } : answerAfter(30),
      },
    );
    expect(seen.slice(0, 2)).toEqual([200, 302]);
    expect(latencies(report)).toEqual([['GET /old', 40]]);
  });

  it('has its row of data and the cookies of its iteration', async () => {
    const seen: unknown[] = [];
    await run(
      async (user) => {
        const before = user.cookie('id');
        await user.get('/');
        seen.push([user.data('people', 'name'), before, user.cookie('id'), user.cookie('other')]);
        expect(() => user.data('people', 'age')).toThrow('there is no people.age in the data');
      },
      {
        data: [
          {
            name: 'people',
            file: 'people.csv',
            table: tableOf(['name'], [['ann'], ['bob']]),
            pick: 'sequential',
          },
        ],
      },
      { answer: () => ({ ...answerAfter(400), headers: { 'set-cookie': ['id=7', 'x=y'] } }) },
    );
    expect(seen).toEqual([
      ['ann', undefined, '7', undefined],
      ['bob', undefined, '7', undefined],
      ['ann', undefined, '7', undefined],
    ]);
  });

  it('draws the same numbers in a run of the same seed', async () => {
    const draw = async (seed: number): Promise<number[]> => {
      const drawn: number[] = [];
      await run(
        async (user) => {
          drawn.push(user.random());
          await user.get('/');
        },
        { seed },
      );
      return drawn;
    };
    expect(await draw(4)).toEqual(await draw(4));
    expect(await draw(4)).not.toEqual(await draw(5));
  });

  it('shares one row between names that it makes up without end', async () => {
    let turn = 0;
    const report = await run(
      async (user) => {
        await user.get(`/${turn++}`);
      },
      {},
      { answer: () => answerAfter(0.5) },
    );
    expect(report.endpoints).toHaveLength(501);
    expect(report.endpoints.at(-1)).toMatchObject({
      name: '(further names: give requests a name)',
      requests: 1500,
    });
  });
});

describe('an answer', () => {
  it('is read before the next step, and afterwards says so', async () => {
    const seen: unknown[] = [];
    await run(
      async (user) => {
        const first = await user.get('/a');
        seen.push(first.text(), first.json(), first.body(), first.header('X-Kind'));
        await user.get('/b');
        for (const read of [
          () => first.text(),
          () => first.json(),
          () => first.body(),
          () => first.header('x'),
        ])
          expect(read).toThrow('an answer is read before the next await');
        expect(first.status).toBe(200);
        await user.think(5000);
      },
      {},
      { answer: () => ({ ...answerAfter(10), body: '{"a":1}', headers: { 'x-kind': 'json' } }) },
    );
    expect(seen).toEqual(['{"a":1}', { a: 1 }, Uint8Array.from(Buffer.from('{"a":1}')), 'json']);
  });

  it('also says so after a pause, and in the next iteration', async () => {
    let kept: ScenarioResponse | undefined;
    const seen: unknown[] = [];
    await run(async (user) => {
      if (kept !== undefined) {
        await user.think(1);
        expect(() => kept?.text()).toThrow('before the next await');
        seen.push('thrown');
      }
      kept = await user.get('/a');
    });
    expect(seen.length).toBeGreaterThan(10);
  });
});

describe('a scenario function that goes wrong', () => {
  it.each<[string, () => unknown, string]>([
    ['throws an error', () => Promise.reject(new Error('no such item')), 'visit: no such item'],
    [
      'throws before it has awaited anything',
      () => {
        throw new Error('at once');
      },
      'visit: at once',
    ],
    ['throws a text', () => Promise.reject('just so'), 'visit: just so'],
    ['throws nothing', () => Promise.reject(), 'visit: undefined'],
    [
      'throws what has no text',
      () => Promise.reject(Object.create(null)),
      'visit: something without a text was thrown',
    ],
    ['throws a page', () => Promise.reject(new Error('x'.repeat(5000))), `visit: ${'x'.repeat(200)}`],
  ])('and %s is cut short, is counted with the reason, and rests', async (_, fail, reason) => {
    const report = await run(async (user) => {
      await user.get('/');
      await fail();
    });
    // 10 ms for the answer and 100 ms of rest each.
    expect(report.iterations).toMatchObject({ started: 10, cutShort: 10, cutShortBecause: { [reason]: 10 } });
    const atOnce = await run(fail as ScenarioFunction);
    expect(atOnce.iterations).toMatchObject({ cutShort: 10, cutShortBecause: { [reason]: 10 } });
  });

  it('is cut short where a path or a body cannot be sent', async () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const mistakes: ScenarioFunction[] = [
      async (user) => void (await user.get('no-slash')),
      async (user) => void (await user.get('/a#b')),
      async (user) => void (await user.post('/', { json: {}, body: '' })),
      async (user) => void (await user.post('/', { json: circle })),
      async (user) => void (await user.get('/', { headers: { 'a b': 'c' } })),
    ];
    const reasons = [
      /a path begins with a slash, got "no-slash"/,
      /a path holds no #; write %23 for the sign itself, got "\/a#b"/,
      /one body/,
      /circular/,
      /"a b" is no header name/,
    ];
    for (const [index, mistake] of mistakes.entries()) {
      const report = await run(mistake);
      expect(Object.keys(report.iterations.cutShortBecause)).toEqual([
        expect.stringMatching(reasons[index] as RegExp),
      ]);
    }
  });

  it('does not have to give a promise', async () => {
    const report = await run((() => 7) as unknown as ScenarioFunction, {
      stages: [{ kind: 'arrivals', from: 10, to: 10, durationMs: 1000 }],
    });
    expect(report.iterations).toMatchObject({ started: 10, completed: 10 });
  });

  it('may not do two things at once', async () => {
    const report = await run(async (user) => {
      await Promise.all([user.get('/a'), user.get('/b')]);
    });
    expect(report.iterations.completed).toBe(0);
    expect(Object.keys(report.iterations.cutShortBecause)).toEqual([
      'visit: a user does one thing at a time: await each step before the next',
    ]);
    expect(report.endpoints.map(({ name, requests }) => [name, requests])).toEqual([
      ['GET /a', report.iterations.started],
    ]);
  });

  it.each<[string, ScenarioFunction]>([
    ['a request', async (user) => void user.get('/a')],
    ['a pause', async (user) => void user.think(5)],
    ['a request in a race', async (user) => void (await Promise.race([user.get('/a'), 1]))],
  ])('and does not await %s is told so, and its user goes on', async (_, script) => {
    const report = await run(script);
    expect(report.iterations).toMatchObject({
      started: 10,
      cutShortBecause: { 'visit: the function ended while a step was under way: await each step': 10 },
    });
  });

  it('cannot hold up the others by trying again for ever', async () => {
    const report = await run(
      async (user) => {
        for (;;) {
          try {
            await Promise.all([user.get('/a'), user.get('/b')]);
          } catch {}
        }
      },
      { stages: [{ kind: 'users', from: 3, to: 3, durationMs: 1000 }] },
    );
    expect(report.iterations).toMatchObject({ started: 3, interrupted: 3 });
  });
});

describe('the end of the run', () => {
  it('rejects what a function awaits, and lets its finally run', async () => {
    const seen: string[] = [];
    const report = await run(async (user) => {
      try {
        await user.think(60_000);
      } catch (error) {
        seen.push((error as Error).message);
        throw error;
      } finally {
        seen.push('finally');
        await user.delete('/later').catch((error: Error) => seen.push(error.message));
      }
    });
    expect(seen).toEqual(['the run has ended', 'finally', 'the run has ended']);
    expect(report.iterations).toMatchObject({ started: 1, interrupted: 1, cutShort: 0 });
    expect(report.total.requests).toBe(0);
  });

  it('lets a request end and refuses the next', async () => {
    const statuses: unknown[] = [];
    const report = await run(
      async (user) => {
        for (;;) statuses.push((await user.get('/')).status);
      },
      {},
      { answer: () => answerAfter(400) },
    );
    expect(statuses).toEqual([200, 200, 200]);
    expect(report.iterations).toMatchObject({ started: 1, interrupted: 1 });
    expect(report.offered.unfinished).toBe(0);
  });

  it('does not wait for a promise that is never settled', async () => {
    const plan = planWith({
      scenarios: [scripted('visit', () => new Promise(() => undefined))],
      stages: [{ kind: 'users', from: 5, to: 5, durationMs: 1000 }],
      limits: { requestTimeoutMs: 500, usersMax: 10, gracefulStopMs: 700 },
    });
    const { report, endedMs } = await simulate(plan);
    expect(endedMs).toBe(1700);
    expect(report.iterations).toMatchObject({ started: 5, interrupted: 5 });
    expect((await simulate(plan, { abortAtMs: 300 })).endedMs).toBe(2300);
  });

  it('is not put off by a function that catches everything and tries again', async () => {
    const plan = planWith({
      scenarios: [
        scripted('visit', async (user) => {
          for (;;) await user.get('/').catch(() => undefined);
        }),
      ],
      stages: [{ kind: 'users', from: 2, to: 2, durationMs: 1000 }],
      limits: { requestTimeoutMs: 500, usersMax: 10, gracefulStopMs: 700 },
    });
    const { report, endedMs } = await simulate(plan);
    expect(endedMs).toBeLessThanOrEqual(1700);
    expect(report.iterations).toMatchObject({ started: 2, interrupted: 2 });
  });

  it('ends no process because of a step that nobody awaits', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): number => unhandled.push(reason);
    process.on('unhandledRejection', note);
    await run(async (user) => {
      void user.think(60_000);
      void user.get('/refused');
      await new Promise(() => undefined);
    });
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
});

describe('what a script has from the environment', () => {
  const given = { environment: { API_TOKEN: 'hunter22' }, secrets: ['hunter22'] };

  it('is in no result: not in a name, nor in what it throws', async () => {
    const report = await run(async (user) => {
      await user.get(`/k/${user.env('API_TOKEN')}`);
      throw new Error(`boom ${user.env('API_TOKEN')}`);
    }, given);
    expect(report.endpoints.map(({ name }) => name)).toEqual(['GET /k/***']);
    expect(Object.keys(report.iterations.cutShortBecause)).toEqual(['visit: boom ***']);
    expect(JSON.stringify(report)).not.toContain('hunter22');
  });

  it('is in no name while the run lasts', async () => {
    const recorder = new Recorder();
    const plan = planWith({ ...given, scenarios: [scripted('visit', async () => undefined)] });
    const [program] = compileScenarios(plan, recorder, {
      variable: () => 0,
      column: () => () => undefined,
    });
    program?.script?.routes.route('GET', '/k/hunter22', undefined);
    expect(recorder.lanes.map(({ endpoint }) => endpoint)).toEqual(['GET /k/***']);
  });

  it('has a name that stands in the script', async () => {
    const report = await run(async (user) => {
      await user.get('/');
      user.env('toString');
    }, given);
    expect(Object.keys(report.iterations.cutShortBecause)).toEqual([
      "visit: env takes a name that stands in the script as a text, as in user.env('toString')",
    ]);
  });
});
