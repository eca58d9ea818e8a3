import { describe, expect, it } from 'vitest';
import type { RequestStep, Step } from '../../../../src/load/plan.ts';
import { readPlan, refusal } from '../files.ts';

/** The steps of a scenario of just these, each written on one line. */
async function stepsOf(
  steps: readonly string[],
  beside?: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<readonly Step[]> {
  const plan = await readPlan(fileOf(steps), { env }, beside);
  return plan.scenarios[0]?.steps ?? [];
}

async function requestOf(step: string, beside?: Readonly<Record<string, string>>): Promise<RequestStep> {
  return (await stepsOf([step], beside))[0] as RequestStep;
}

function fileOf(steps: readonly string[]): string {
  return `target: http://127.0.0.1:1
scenarios:
  visit:
    steps:
${steps.map((step) => `      - ${step}`).join('\n')}
load: [{ hold: { users: 1, for: 1s } }]
`;
}

/** What is wrong with steps, without the line and the path to the scenario. */
async function problemsOf(...steps: string[]): Promise<string[]> {
  const { problems } = await refusal(fileOf(steps));
  return problems.map((problem) => problem.replace(/^line \d+, scenarios\.visit\./, ''));
}

const saved = '{ get: /, save: { id: { json: /id }, token: { header: x-token } } }';
const idHole = { slot: { kind: 'variable', name: 'id' }, form: 'url component' };

describe('query', () => {
  it('is percent-encoded and put behind the path', async () => {
    const request = await requestOf(
      '{ get: /a, query: { "a b": "ü&x", n: 5, yes: true, list: [1, "2 3"] } }',
    );
    expect(request.path.parts.join('')).toBe('/a?a%20b=%C3%BC%26x&n=5&yes=true&list=1&list=2%203');
    expect(request.name).toBe('GET /a');
  });

  it('goes on where the path has a query already, and encodes what fills its holes', async () => {
    const [, request] = await stepsOf([saved, '{ get: "/a?x=1", query: { id: "no {{id}}" } }']);
    expect((request as RequestStep).path.parts).toEqual(['/a?x=1', '&', 'id=', 'no%20', idHole]);
  });

  it('may be empty', async () => {
    expect((await requestOf('{ get: /a, query: {} }')).path.parts).toEqual(['/a']);
  });
});

describe('a body', () => {
  it('as a form is percent-encoded and says what it is', async () => {
    const [, request] = (await stepsOf([saved, '{ post: /, form: { a: "1 2", id: "{{id}}" } }'])) as [
      Step,
      RequestStep,
    ];
    expect(request.body).toMatchObject({ parts: ['a=', '1%202', '&id=', idHole] });
    expect(request.headers.find(({ name }) => name === 'content-type')?.value.text).toBe(
      'application/x-www-form-urlencoded',
    );
  });

  it('in parts has texts and files, and a boundary that stays the same', async () => {
    const step =
      '{ post: /, multipart: { title: "Us {{$user}}", n: 1, photo: { file: us.jpg, type: image/jpeg }, note: { file: us.jpg, name: b.txt } } }';
    const [first, second] = [
      await requestOf(step, { 'us.jpg': 'JPEG' }),
      await requestOf(step, { 'us.jpg': 'x' }),
    ];
    const body = first.body as Extract<RequestStep['body'], { boundary: string }>;
    expect(body.parts).toMatchObject([
      { name: 'title', value: { text: 'Us {{$user}}' } },
      { name: 'n', value: { parts: ['1'] } },
      { name: 'photo', fileName: 'us.jpg', contentType: 'image/jpeg', bytes: Buffer.from('JPEG') },
      { name: 'note', fileName: 'b.txt', contentType: 'application/octet-stream' },
    ]);
    expect(body.boundary).toMatch(/^loadline-[0-9a-f]{32}$/);
    expect(second.body).toMatchObject({ boundary: body.boundary });
    expect(first.headers).toContainEqual({
      name: 'content-type',
      value: expect.objectContaining({ text: `multipart/form-data; boundary=${body.boundary}` }),
    });
  });

  it.each<[string, RegExp]>([
    [
      '{ post: /, form: { a: 1 }, json: {} }',
      /^steps\[0\]\.form stands beside json; a request has one body$/,
    ],
    ['{ post: /, form: { a: { b: 1 } } }', /^steps\[0\]\.form\.a must be a text, got a map$/],
    ['{ post: /, multipart: {} }', /must have at least one part$/],
    [
      '{ post: /, multipart: { p: { file: gone.jpg } } }',
      /file names a file that cannot be read: gone\.jpg: there is no such file$/,
    ],
    [
      '{ post: /, multipart: { p: { file: "", type: jpeg } } }',
      /type must be a media type, as in image\/jpeg$/,
    ],
    [
      '{ post: /, multipart: { p: 1 }, headers: { content-type: a/b } }',
      /multipart says its content-type itself/,
    ],
  ])('%s is refused', async (step, problem) => {
    expect(await problemsOf(step)).toContainEqual(expect.stringMatching(problem));
  });
});

describe('auth', () => {
  const authorization = (steps: readonly Step[]): unknown =>
    steps.map((step) => {
      const header = (step as RequestStep).headers.find(({ name }) => name === 'authorization');
      return header === undefined ? undefined : [header.value.text, header.encoding];
    });

  it('is sent as basic or bearer credentials', async () => {
    const steps = await stepsOf([
      '{ get: /, auth: { basic: { user: ann, password: "a:{{$user}}" } } }',
      '{ get: /, auth: { bearer: "{{$uuid}}" } }',
    ]);
    expect(authorization(steps)).toEqual([
      ['ann:a:{{$user}}', 'basic'],
      ['Bearer {{$uuid}}', undefined],
    ]);
  });

  it('of a step comes before that of its scenario, which comes before that of the file', async () => {
    const { scenarios } = await readPlan(`target: http://127.0.0.1:1
auth: { bearer: file }
headers: { x-from: file, x-file: "1" }
scenarios:
  plain: { steps: [{ get: / }] }
  own:
    auth: { bearer: scenario }
    headers: { x-from: scenario }
    steps:
      - get: /
      - { get: /, auth: { bearer: step }, headers: { x-from: step } }
      - { get: /, headers: { Authorization: own } }
      - { get: /, auth: none }
load: [{ hold: { users: 1, for: 1s } }]
`);
    expect(scenarios.map(({ steps }) => authorization(steps))).toEqual([
      [['Bearer file', undefined]],
      [['Bearer scenario', undefined], ['Bearer step', undefined], ['own', undefined], undefined],
    ]);
    const from = ((scenarios[1]?.steps ?? []) as RequestStep[]).map(({ headers }) =>
      headers.filter(({ name }) => name.startsWith('x-')).map(({ value }) => value.text),
    );
    expect(from.map((each) => each.toSorted())).toEqual([
      ['1', 'scenario'],
      ['1', 'step'],
      ['1', 'scenario'],
      ['1', 'scenario'],
    ]);
  });

  it.each<[string, RegExp]>([
    ['{ get: /, auth: secret }', /auth must be a map with basic, bearer, got "secret"$/],
    ['{ get: /, auth: {} }', /auth must be one of basic and bearer, or none/],
    ['{ get: /, auth: { basic: { user: "a:b", password: x } } }', /user must hold no colon/],
    [
      '{ get: /, auth: { bearer: x }, headers: { authorization: y } }',
      /auth stands beside an authorization header/,
    ],
  ])('%s is refused', async (step, problem) => {
    expect(await problemsOf(step)).toContainEqual(expect.stringMatching(problem));
  });
});

describe('a request', () => {
  it('has a path without a fragment, which no server should get', async () => {
    const noFragment = expect.stringMatching(/^steps\[0\]\.get must hold no #: .*; write %23/);
    expect(await problemsOf('get: "/a#b"')).toEqual([noFragment]);
    expect(await problemsOf('get: "/a?b={{$user}}#c"')).toEqual([noFragment]);
    expect((await requestOf('get: "/a%23b"')).path.text).toBe('/a%23b');
  });

  it('tells all that is wrong with its holes', async () => {
    expect(await problemsOf('get: "/{{foo}}/{{$bar}}/{{$env.NO}}/{{"')).toEqual([
      expect.stringMatching(/get uses \{\{\$env\.NO\}\}, which is not in the environment$/),
      expect.stringMatching(/get has "\{\{\$bar\}\}"; known functions are/),
      expect.stringMatching(/get has "\{\{" without "\}\}"/),
      expect.stringMatching(/get uses \{\{foo\}\}, which no step saves/),
    ]);
  });

  it('may say how many redirects it follows and how long it takes', async () => {
    expect(await requestOf('{ get: /, redirects: 0, timeout: 5s }')).toMatchObject({
      redirectsMax: 0,
      timeoutMs: 5000,
    });
    expect(await requestOf('get: /')).not.toHaveProperty('redirectsMax');
    expect(await problemsOf('{ get: /, redirects: 21, timeout: 0 }')).toEqual([
      expect.stringMatching(/redirects must be a whole number at least 0 and at most 20, got 21$/),
      expect.stringMatching(/timeout must be longer than 0ms, got 0$/),
    ]);
  });

  it('is checked by what its headers and its body hold', async () => {
    const request = await requestOf(
      "{ get: /, check: { header: { etag: exists, x: y }, body: { contains: ab, matches: '^a+b$' } } }",
    );
    expect(request.checks).toEqual([
      { kind: 'body', contains: 'ab', name: 'body contains "ab"' },
      { kind: 'pattern', pattern: /^a+b$/, name: 'body matches ^a+b$' },
      { kind: 'header', header: 'etag', equals: undefined, name: 'etag exists' },
      { kind: 'header', header: 'x', equals: 'y', name: 'x is "y"' },
    ]);
    expect(
      await problemsOf('{ get: /, check: { body: {} } }', '{ get: /, check: { body: { matches: "(" } } }'),
    ).toEqual([
      expect.stringMatching(/body must have contains or matches/),
      expect.stringMatching(/matches must be a regular expression/),
    ]);
  });

  it('saves a cookie', async () => {
    expect((await requestOf('{ get: /, save: { sid: { cookie: session } } }')).saves).toEqual([
      { name: 'sid', from: { kind: 'cookie', name: 'session' } },
    ]);
  });
});

describe('loops and branches', () => {
  it('hold steps, which may save and use what is saved', async () => {
    const steps = await stepsOf([
      'pace: { exponential: 5s }',
      'repeat: { times: 3, steps: [{ get: /a, save: { id: { json: /id } } }] }',
      'repeat: { times: { from: 0, to: 5 }, steps: [{ get: "/{{id}}" }] }',
      'choose: [{ weight: 70, steps: [{ get: /b }] }, { steps: [] }]',
    ]);
    expect(steps).toMatchObject([
      { kind: 'pace', every: { kind: 'exponential', meanMs: 5000 } },
      { kind: 'repeat', from: 3, to: 3, steps: [{ name: 'GET /a' }] },
      { kind: 'repeat', from: 0, to: 5, steps: [{ name: 'GET /{{id}}' }] },
      {
        kind: 'choose',
        branches: [
          { weight: 70, steps: [{ name: 'GET /b' }] },
          { weight: 1, steps: [] },
        ],
      },
    ]);
  });

  it('give their steps names that thresholds may use', async () => {
    const file = fileOf(['choose: [{ steps: [{ repeat: { times: 2, steps: [{ get: /, name: deep }] } }] }]']);
    const plan = await readPlan(`${file}thresholds: { deep.latency: p95 < 1s }\n`);
    expect(plan.thresholds).toMatchObject([{ scope: 'deep' }]);
  });

  it.each<[string, RegExp]>([
    ['repeat: { times: 0, steps: [{ get: / }] }', /times must be a whole number at least 1/],
    ['repeat: { times: { from: 3, to: 2 }, steps: [{ get: / }] }', /times must have to at or after from$/],
    ['repeat: { times: 2, steps: [] }', /repeat\.steps must not be empty$/],
    ['repeat: { times: 2, steps: [{ think: 1s }] }', /^steps needs at least one request/],
    ['choose: []', /choose must not be empty$/],
    ['choose: [{ weight: 0, steps: [{ get: / }] }]', /must give at least one branch a weight above 0$/],
    [
      '{ choose: [{ steps: [{ get: / }] }], name: x }',
      /is a choice, which has no name; write a step of its own$/,
    ],
    ['{ pace: 1s, expect: 200 }', /is a pause, which has no expect; write a step of its own$/],
  ])('%s is refused', async (step, problem) => {
    expect(await problemsOf(step)).toContainEqual(expect.stringMatching(problem));
  });

  it('stand at most ten deep', async () => {
    const nested = (depth: number): string =>
      depth === 0 ? 'get: /' : `repeat: { times: 1, steps: [{ ${nested(depth - 1)} }] }`;
    expect(await stepsOf([nested(10)])).toHaveLength(1);
    expect(await problemsOf(nested(11))).toContainEqual(
      expect.stringMatching(/stands within more than 10 other steps$/),
    );
  });
});

describe('the environment', () => {
  it('fills texts everywhere, and what was taken is known as secret', async () => {
    const yaml = `target: "http://{{$env.HOST}}:1"
auth: { bearer: "{{ $env.TOKEN }}" }
scenarios:
  visit:
    steps:
      - { post: "/{{$env.TENANT}}/{{$user}}", json: { key: "a{{$env.TOKEN}}", n: "{{$env.PORT as number}}" } }
load: [{ hold: { users: 1, for: 1s } }]
`;
    const env = { HOST: 'localhost', TOKEN: 't"ok', TENANT: 'acme', PORT: '80', UNUSED: 'x' };
    const plan = await readPlan(yaml, { env });
    const step = plan.scenarios[0]?.steps[0] as RequestStep;
    expect(plan.target).toBe('http://localhost:1');
    expect(step.path.parts[0]).toBe('/acme/');
    expect(step.body).toMatchObject({ parts: ['{"key":"at\\"ok","n":80}'] });
    expect(step.headers.at(-1)?.value.parts.join('')).toBe('Bearer t"ok');
    expect(step.name).toBe('POST /{{$env.TENANT}}/{{$user}}');
    expect(plan.secrets?.toSorted()).toEqual(['80', 'acme', 't"ok']);
  });

  it('that lacks a value is a problem of the line', async () => {
    expect(
      await problemsOf('get: "/{{$env.TOKEN}}"', '{ post: /, json: { a: "{{$env.N as number}}" } }'),
    ).toEqual([
      'steps[0].get uses {{$env.TOKEN}}, which is not in the environment',
      'steps[1].json uses {{$env.N}}, which is not in the environment',
    ]);
    expect(await problemsOf('get: "/{{$env.toString}}"')).toEqual([
      'steps[0].get uses {{$env.toString}}, which is not in the environment',
    ]);
  });

  it('gives no value away in a message, and none that would be a template', async () => {
    const steps = ['{ get: /, headers: { a: "{{$env.TOKEN}} {{oops", b: "{{ x {{$env.TOKEN}} }}" } }'];
    const { problems } = await refusal(fileOf(steps), { env: { TOKEN: 'top-secret' } });
    expect(problems).toHaveLength(2);
    expect(problems.join()).not.toContain('top-secret');
    for (const A of ['{{$uuid}}', 'pass{{word}}', 'pass{{word'])
      expect((await refusal(fileOf(['get: "/{{$env.A}}"']), { env: { A } })).problems).toEqual([
        expect.stringMatching(/uses \{\{\$env\.A\}\}, whose value would be read as a template$/),
      ]);
  });
});
