import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultLimits } from '../../src/configuration.ts';
import { type Answer, type Plane, startPlane } from '../plane.ts';

let plane: Plane;

beforeAll(async () => {
  plane = await startPlane();
});

afterAll(async () => {
  await plane[Symbol.asyncDispose]();
});

const target = 'http://127.0.0.1:9';
const scenario = {
  scenarios: { browse: { steps: [{ get: '/food' }] } },
  load: [{ hold: { users: 2, for: '5s' } }],
};
const yaml = `target: ${target}
scenarios:
  browse:
    steps:
      - get: /food
load:
  - hold: { users: 2, for: 5s }
`;

const start = (body: unknown): Promise<Answer> =>
  plane.ask('operator', 'POST', '/performance/tests', { body });

function mistakes({ json }: Answer): string[] {
  return json.errors.map(({ pointer, detail }: Record<string, string>) => `${pointer} ${detail}`);
}

describe('an order', () => {
  it('is told that a rate without its quotes is no text', async () => {
    const refused = await start({ target, rate: 150 });
    expect([refused.status, refused.json.detail]).toEqual([400, '/rate must be a string, in quotes.']);
  });

  it.each([
    ['a profile', { target, profile: 'guide/stress', scale: 0.001 }],
    ['a profile of one path', { target, profile: 'peak', path: '/food?q=a', scale: 0.001 }],
    ['a rate', { target, rate: '5/s', duration: '3s' }],
    ['a scenario as JSON', { target, scenario }],
    ['a scenario as YAML', { scenario: yaml }],
    ['a profile for a scenario', { scenario: yaml, profile: 'enterprise/baseline' }],
  ])('may be %s', async (_name, body) => {
    const answer = await start(body);
    expect(answer.status, answer.text).toBe(202);
  });

  it('gets every mistake of its scenario told, with its place', async () => {
    const wrong = {
      scenarios: { browse: { weight: -1, steps: [{ get: '/food', expekt: 200 }] } },
      load: [{}],
    };
    const answer = await start({ target, scenario: wrong });
    expect([answer.status, answer.json.code]).toEqual([422, 'CONTROL_PLANE_SCENARIO_INVALID']);
    const pointers = answer.json.errors.map((each: { pointer: string }) => each.pointer);
    expect(pointers).toContain('/scenario/scenarios/browse/weight');
    expect(pointers).toContain('/scenario/scenarios/browse/steps/0/expekt');
    expect(pointers.some((pointer: string) => pointer.startsWith('/scenario/load/0'))).toBe(true);
  });

  it('gets what was asked for besides the scenario told, at its own place', async () => {
    const answer = await start({ target: 'nowhere', profile: 'peek', duration: '-3s' });
    const pointers = answer.json.errors.map((each: { pointer: string }) => each.pointer);
    expect(pointers).toEqual(expect.arrayContaining(['/target', '/profile', '/duration']));
  });

  it('needs a load', async () => {
    expect((await start({ target })).json.errors[0].pointer).toBe('/profile');
    expect((await start({ target, scenario: 'just: text' })).status).toBe(422);
    expect((await start({ target, scenario: 'a: [1' })).json.errors[0].detail).toMatch(/^line \d/);
  });

  it.each([
    ['data', { ...scenario, data: { people: { file: '/etc/passwd' } } }, '/scenario/data'],
    ['code', { scenarios: { a: { script: './x.ts' } } }, '/scenario/scenarios/a/script'],
    [
      'a file to send, however deep',
      {
        ...scenario,
        scenarios: {
          a: { steps: [{ repeat: { times: 2, steps: [{ post: '/', multipart: { f: { file: 'x' } } }] } }] },
        },
      },
      '/scenario/scenarios/a/steps/0/repeat/steps/0/multipart/f/file',
    ],
  ])('may name no %s on this machine', async (_name, body, pointer) => {
    const answer = await start({ target, scenario: body });
    expect(answer.status).toBe(422);
    expect(mistakes(answer)[0]).toMatch(new RegExp(`^${pointer} names`));
  });

  it('reads nothing of the environment', async () => {
    const steps = [{ get: '/', headers: { authorization: '{{$env.PATH}}' } }];
    const answer = await start({ target, scenario: { ...scenario, scenarios: { a: { steps } } } });
    expect(answer.status).toBe(422);
    expect(answer.text).not.toContain(process.env.PATH ?? 'no path');
  });

  it.each([
    ['nests without end', '['.repeat(100_000)],
    ['unfolds to gigabytes', `a: &a [x,x,x,x,x,x,x,x,x]\n${bomb()}`],
  ])('may not be a text that %s', async (_name, text) => {
    const answer = await start({ target, scenario: text });
    expect(answer.status, answer.text.slice(0, 300)).toBe(422);
  });

  it('may not ask for more users than there may be', async () => {
    const small = { ...defaultLimits, usersMax: 100 };
    await using limited = await startPlane({ configuration: { limits: small } });
    const body = { target, profile: 'enterprise/stress' };
    const answer = await limited.ask('operator', 'POST', '/performance/tests', { body });
    expect(mistakes(answer)).toEqual(['/profile leads to 5000 users; here are 100 allowed']);
  });

  it('may not last longer than a test may take', async () => {
    const scenarios = { a: { steps: [{ get: '/' }] } };
    const lasting = (time: string) => ({ scenarios, load: [{ hold: { users: 1, for: time } }] });
    expect(mistakes(await start({ target, scenario: lasting('7h') }))).toEqual([
      '/scenario leads to 7 h; here are 6 h allowed',
    ]);
    const stretched = await start({ target, scenario: lasting('1h'), duration: '10h' });
    expect(mistakes(stretched)).toEqual(['/duration leads to 10 h; here are 6 h allowed']);
    expect((await start({ target, scenario: lasting('6h') })).status).toBe(202);
  });
});

describe('a target', () => {
  it.each([
    ['a metadata address', 'http://169.254.169.254', 'never allowed'],
    ['the same as IPv6', 'http://[::ffff:169.254.169.254]', 'never allowed'],
    ['a private address', 'http://10.0.0.1', 'a private address, which --allow-target of this control plane'],
    ['a public address', 'http://192.0.2.1', 'a public address'],
  ])('may not be %s', async (_name, refused, reason) => {
    const answer = await start({ target: refused, profile: 'peak', scale: 0.001 });
    expect([answer.status, answer.json.code]).toEqual([422, 'CONTROL_PLANE_TARGET_REFUSED']);
    expect(mistakes(answer)[0]).toContain(reason);
  });

  it('may not be this machine, where nobody has allowed it', async () => {
    await using closed = await startPlane({ configuration: { targets: {} } });
    const body = { target, profile: 'peak', scale: 0.001 };
    const answer = await closed.ask('operator', 'POST', '/performance/tests', { body });
    expect(answer.json.code).toBe('CONTROL_PLANE_TARGET_REFUSED');
  });

  it('that is production wants its name spelt out, each time', async () => {
    const body = { target: 'http://127.0.0.99:9', profile: 'peak', scale: 0.001 };
    const silent = await start(body);
    expect([silent.status, silent.json.code]).toEqual([422, 'CONTROL_PLANE_PRODUCTION']);
    expect((await start({ ...body, production: 'yes' })).status).toBe(422);
    expect((await start({ ...body, production: '127.0.0.99' })).status).toBe(202);
    expect((await start(body)).status).toBe(422);
  });

  it('that is production is so with a last dot, too', async () => {
    await using plane = await startPlane({ configuration: { productionHosts: ['shop.example.org'] } });
    const body = { target: 'http://shop.example.org.:9', profile: 'peak', scale: 0.001 };
    const refused = await plane.ask('operator', 'POST', '/performance/tests', { body });
    expect(refused.json.code).toBe('CONTROL_PLANE_PRODUCTION');
  });
});

/** Each line nine times the one before. */
function bomb(): string {
  return 'bcdefgh'
    .split('')
    .map((name, index) => {
      const before = 'abcdefg'[index];
      return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(',')}]`;
    })
    .join('\n');
}
