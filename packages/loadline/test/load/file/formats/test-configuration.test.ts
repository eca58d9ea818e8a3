import { describe, expect, it } from 'vitest';
import { readPlan, refusal } from '../files.ts';

/** The scenarios of seeds/003, with their names and figures. */
const scenarios = [
  {
    name: 'vendor_dashboard_usage',
    weight: 40,
    endpoints: [
      { path: '/api/dashboard', method: 'GET', frequency: 0.1 },
      { path: '/api/clients', method: 'GET', frequency: 0.05 },
      { path: '/api/weddings/upcoming', method: 'GET', frequency: 0.05 },
    ],
  },
  {
    name: 'couple_form_submission',
    weight: 30,
    endpoints: [
      { path: '/api/forms/submit', method: 'POST', frequency: 0.02 },
      { path: '/api/photos/upload', method: 'POST', frequency: 0.01 },
    ],
  },
  {
    name: 'wedding_day_operations',
    weight: 20,
    endpoints: [
      { path: '/api/timeline/update', method: 'PUT', frequency: 0.1 },
      { path: '/api/communication/send', method: 'POST', frequency: 0.05 },
      { path: '/api/tasks/complete', method: 'PUT', frequency: 0.03 },
    ],
  },
  {
    name: 'payment_processing',
    weight: 10,
    endpoints: [
      { path: '/api/payments/process', method: 'POST', frequency: 0.01 },
      { path: '/api/invoices/generate', method: 'POST', frequency: 0.005 },
    ],
  },
];
const config = {
  testName: 'wedding season',
  testType: 'load',
  virtualUsers: 25,
  duration: 120,
  rampUpTime: 30,
  scenarios,
};
const target = 'http://127.0.0.1:1';

async function fromJson(value: unknown, choice = {}): ReturnType<typeof readPlan> {
  return readPlan(JSON.stringify(value, undefined, 2), { target, ...choice }, {}, 'config.json');
}

describe('a test configuration', () => {
  it('gives each scenario its share of the users', async () => {
    const plan = await fromJson(config);
    expect([plan.name, plan.stages]).toEqual(['wedding season', []]);
    expect(plan.scenarios.map(({ name, stages }) => [name, stages])).toEqual(
      [10, 8, 5, 2].map((users, index) => [
        scenarios[index]?.name,
        [
          { kind: 'users', from: 0, to: users, durationMs: 30_000 },
          { kind: 'users', from: users, to: users, durationMs: 90_000 },
        ],
      ]),
    );
  });

  it.each([1, 3, 7, 50, 99, 1001])('with %i users leaves none out and adds none', async (virtualUsers) => {
    const plan = await fromJson({ ...config, virtualUsers });
    const held = plan.scenarios.map(({ stages }) => stages?.at(-1));
    expect(held.reduce((sum, stage) => sum + (stage?.kind === 'users' ? stage.to : 0), 0)).toBe(virtualUsers);
  });

  it('paces each user by the sum of the frequencies, and draws by each', async () => {
    const [dashboard] = (await fromJson(config)).scenarios;
    expect(dashboard?.steps).toMatchObject([
      { kind: 'pace', every: { kind: 'exponential', meanMs: expect.closeTo(5000, 6) } },
      {
        kind: 'choose',
        branches: [
          { weight: 0.1, steps: [{ name: 'GET /api/dashboard' }] },
          { weight: 0.05, steps: [{ name: 'GET /api/clients' }] },
          { weight: 0.05, steps: [{ name: 'GET /api/weddings/upcoming' }] },
        ],
      },
    ]);
  });

  it('scales before it shares, so that the sum stays right', async () => {
    const plan = await fromJson(config, { scale: 0.1 });
    expect(plan.scenarios.map(({ stages }) => stages?.at(-1))).toMatchObject([
      { to: 1 },
      { to: 1 },
      { to: 1 },
      { to: 0 },
    ]);
  });

  it.each([
    ['its default export', `export default ${JSON.stringify(config)};`],
    [
      'its config',
      `const other = 1;\nexport { other };\nexport const config: object = ${JSON.stringify(config)};`,
    ],
    ['its only export', `export const anything = ${JSON.stringify(config)} as const;`],
  ])('is what a TypeScript file has as %s', async (_, text) => {
    const plan = await readPlan(text, { target }, {}, `${Math.random()}.ts`.slice(2));
    expect(plan.scenarios).toEqual((await fromJson(config)).scenarios);
  });

  it('may be scenarios alone, which a profile or a rate gives a load', async () => {
    const text = `export function getWeddingLoadTestScenarios(): unknown { return ${JSON.stringify(scenarios)}; }`;
    const name = 'scenarios-of-a-wedding.ts';
    const plan = await readPlan(text, { target, profile: 'wedding_day', scale: 0.001 }, {}, name);
    expect(plan.scenarios.map(({ stages }) => stages?.at(-1))).toMatchObject([
      { to: 20 },
      { to: 15 },
      { to: 10 },
      { to: 5 },
    ]);
    const open = await readPlan(text, { target, rate: '10' }, {}, name);
    expect(open.scenarios.map(({ stages }) => stages?.[0])).toMatchObject(
      [4, 3, 2, 1].map((rate) => ({ kind: 'arrivals', to: rate })),
    );
    expect((await refusal(text, { target }, {}, name)).problems).toEqual([
      expect.stringMatching(
        /^profile is missing, and so is a rate: the file says no load; profiles for any file are daily_peak,/,
      ),
    ]);
  });

  it('tells every mistake, with its line where it is JSON', async () => {
    const wrong = {
      ...config,
      testType: 'strss',
      rampUpTime: 121,
      scenarios: [
        { ...scenarios[0], weigth: 1, endpoints: [{ path: 'a#b', method: 'get', frequency: 0 }] },
        { ...scenarios[0], endpoints: [] },
      ],
    };
    const { problems } = await refusal(JSON.stringify(wrong, undefined, 2), { target }, {}, 'config.json');
    expect(problems).toEqual([
      'line 3, testType must be one of load, stress, spike, endurance, got "strss"; did you mean stress?',
      'line 6, rampUpTime must not be longer than duration, of which it is a part',
      'line 7, scenarios must have weights that add up to 100, the percentage of users; they are 80',
      'line 7, scenarios has two scenarios named "vendor_dashboard_usage"',
      'line 13, scenarios[0].endpoints[0].path must begin with a slash, as in /api/dashboard',
      expect.stringMatching(/^line 13, .*path must hold no #/),
      expect.stringMatching(/^line 14, .*method must be one of GET, .*did you mean GET\?$/),
      expect.stringMatching(/^line 15, .*frequency must be a number above 0/),
      'line 18, scenarios[0].weigth is not known; did you mean weight?',
      'line 23, scenarios[1].endpoints must not be empty',
    ]);
    const inTypeScript = await refusal(`export default ${JSON.stringify(wrong)}`, { target }, {}, 'wrong.ts');
    expect(inTypeScript.problems).toContain('scenarios[0].weigth is not known; did you mean weight?');
  });
});

describe('a file', () => {
  it('of JSON may hold our own format, and tells where it is no JSON', async () => {
    const own =
      '{ "scenarios": { "a": { "steps": [{ "get": "/" }] } }, "load": [{ "hold": { "users": 1, "for": "1s" } }] }';
    expect((await readPlan(own, { target }, {}, 'own.json')).scenarios).toMatchObject([{ name: 'a' }]);
    expect((await refusal('{ "name": "a",\n "name": "b" }', { target }, {}, 'own.json')).problems).toEqual([
      expect.stringMatching(/^line 1, scenarios is missing/),
      'line 2: name stands twice in its map',
    ]);
  });

  it.each([
    ['{ "a": 1,\n }', 'line 2: is no JSON: Expected double-quoted property name'],
    ['{ "a": [ 1,\n ] }', "line 2: is no JSON: Unexpected token ']'"],
    ['{\n"a": "x\ny" }', 'line 2: is no JSON: Bad control character in string literal'],
    ['{ "a": 1 }\n\n,', 'line 3: is no JSON: Unexpected non-whitespace character after JSON'],
    ['{ "a": {{x}} }', "line 1: is no JSON: Expected property name or '}'"],
    ['// x\n{}', "line 1: is no JSON: Unexpected token '/'"],
    ['{ "a":\n', 'line 2: is no JSON: Unexpected end of JSON input'],
    [`[${'"x",\n'.repeat(2000)}]`, "line 2001: is no JSON: Unexpected token ']'"],
  ])('of JSON that is none tells its line: %.30s', async (text, problem) => {
    expect((await refusal(text, { target }, {}, 'own.json')).problems).toEqual([problem]);
  });

  it('of TypeScript may be a scenario, alone or beside others', async () => {
    const script = 'export default async (user: unknown): Promise<void> => { void user; };';
    const alone = await readPlan(script, { target, rate: '5' }, {}, 'shopping.ts');
    expect(alone.scenarios).toMatchObject([{ name: 'shopping', script: expect.any(Function), steps: [] }]);
    const yaml = `scenarios: { buy: { weight: 2, script: buy.ts }, look: { steps: [{ get: / }] } }
load: [{ hold: { users: 1, for: 1s } }]
thresholds: { checkout.latency: p95 < 1s }
`;
    const beside = await readPlan(yaml, { target }, { 'buy.ts': script });
    expect(beside.scenarios).toMatchObject([{ name: 'buy', script: expect.any(Function) }, { name: 'look' }]);
    const inside =
      'export default { scenarios: { buy: { script: async () => {} } }, load: [{ hold: { users: 1, for: "1s" } }] };';
    expect((await readPlan(inside, { target }, {}, 'inside.ts')).scenarios).toMatchObject([{ name: 'buy' }]);
  });

  it('of TypeScript that is none, or exports nothing, is refused', async () => {
    expect((await refusal('export const a = 1, b = 2;', { target }, {}, 'two.ts')).problems).toEqual([
      'has neither a default export, nor one named config, nor just one',
    ]);
    expect((await refusal('export default {', { target }, {}, 'broken.ts')).code).toBe(
      'LOAD_FILE_UNREADABLE',
    );
    const ofClass = 'scenarios: { a: { script: b.ts } }\nload: [{ hold: { users: 1, for: 1s } }]\n';
    expect((await refusal(ofClass, { target }, { 'b.ts': 'export default class {}' })).problems).toEqual([
      expect.stringMatching(/scenarios\.a\.script has no default export that is a function/),
    ]);
    const yaml =
      'scenarios: { a: { script: b.ts, steps: [] }, c: { script: d.ts } }\nload: [{ hold: { users: 1, for: 1s } }]\n';
    expect((await refusal(yaml, { target }, { 'b.ts': 'export const x = 1;' })).problems).toEqual([
      'line 1, scenarios.a.steps stands beside script, which says all of it itself',
      expect.stringMatching(/scenarios\.a\.script has no default export that is a function/),
      'line 1, scenarios.c.script names a file that cannot be read: d.ts: there is no such file',
    ]);
  });

  it('of TypeScript may be a class with a method that returns its scenarios', async () => {
    const scenarios = [
      { name: 'visit', weight: 100, endpoints: [{ path: '/a', method: 'GET', frequency: 1 }] },
    ];
    const methods = `constructor(private must: string) { throw new Error(); } run() {}
      getWeddingLoadTestScenarios() { return ${JSON.stringify(scenarios)}; }`.replace('private ', '');
    const text = `export class LoadTestRunner { ${methods} }`;
    const plan = await readPlan(text, { target, rate: '5' }, {}, 'runner.ts');
    expect(plan.scenarios.map(({ name, script }) => [name, script])).toEqual([['visit', undefined]]);
  });

  it.each([
    [
      'run() {}',
      /exports the class Runner, which must have one method like getLoadTestScenarios, and has none/,
    ],
    ['getAScenarios() {} getBScenarios() {}', /and has getAScenarios, getBScenarios/],
    [
      'all = []; getScenarios() { return this.all.map(String); }',
      /whose getScenarios needs more than the class has/,
    ],
  ])('of TypeScript whose class says no scenarios is refused: %s', async (methods, problem) => {
    const { problems } = await refusal(
      `export class Runner { ${methods} }`,
      { target, rate: '5' },
      {},
      'runner.ts',
    );
    expect(problems).toEqual([expect.stringMatching(problem)]);
  });
});
