import { connect } from 'node:net';
import { issueToken } from '@loadline/foodshare';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  type CallOptions,
  membersOfOneGroup,
  offerTo,
  type Person,
  type Running,
  startRunning,
  tokenSecret,
} from './running.ts';

let running: Running;
let person: Person;

beforeAll(async () => {
  running = await startRunning(2000);
  [person] = (await membersOfOneGroup(running.database, 1)) as [Person];
});

afterAll(() => running[Symbol.asyncDispose]());

const anId = '00000000-0001-8003-8000-000000000000';
const nobody = 'ffffffff-ffff-4fff-8fff-ffffffffffff';

/** Every refusal is a problem document, and says nothing about our insides. */
function expectProblem(answer: Answer, status: number): void {
  expect(answer).toMatchObject({
    status,
    body: { status, title: expect.any(String), detail: expect.any(String) },
  });
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(answer.body.type).toMatch(/^urn:foodshare:problem:[a-z-]+$/);
  expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|at .*\.ts|FST_ERR|POSTGRES|SELECT|stack/i);
}

interface Case {
  readonly method?: string;
  readonly path: string;
  readonly status: number;
  /** What the list of wrong fields has to name, in any order. */
  readonly errors?: readonly string[];
  readonly request?: CallOptions;
}

async function expectRefusal({ method = 'GET', path, status, errors, request }: Case): Promise<void> {
  const answer = await running.call(method, path, { as: person.id, ...request });
  expectProblem(answer, status);
  if (errors !== undefined) {
    expect(answer.body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual(
      [...errors].sort(),
    );
  }
}

describe('discovery refuses', () => {
  it.each([
    ['?lat=91&lon=0&distance_km=5', ['#/lat']],
    ['?lat=-90.1&lon=180.1&distance_km=0', ['#/lat', '#/lon', '#/distance_km']],
    ['?lat=abc&lon=0&distance_km=5', ['#/lat']],
    ['?lat=&lon=0&distance_km=5', ['#/lat']],
    ['?lat=1e999&lon=0&distance_km=5', ['#/lat']],
    ['?lat=NaN&lon=0&distance_km=5', ['#/lat']],
    ['?lat=1&lat=2&lon=0&distance_km=5', ['#/lat']],
    ['?lat=50', ['#/lon', '#/distance_km']],
    ['?distance_km=5', ['#/lat', '#/lon']],
    ['?distance_km=5&lat=50', ['#/lon']],
    ['?lat=50&lon=9&distance_km=501', ['#/distance_km']],
    ['?reputation_min=-1', ['#/reputation_min']],
    ['?reputation_min=101', ['#/reputation_min']],
    ['?pickup_from=tomorrow', ['#/pickup_from']],
    ['?pickup_from=2026-02-30T12:00:00Z', ['#/pickup_from']],
    ['?pickup_to=2026-11-21', ['#/pickup_to']],
    ['?pickup_to=2026-11-21T12:00:00', ['#/pickup_to']],
    ['?pickup_to=9999999-11-21T12:00:00Z', ['#/pickup_to']],
    ['?limit=0', ['#/limit']],
    ['?limit=101', ['#/limit']],
    ['?limit=2.5', ['#/limit']],
    ['?cursor=zzz', ['#/cursor']],
    [`?cursor=${Buffer.from(`9.0.${anId}`).toString('base64url')}`, ['#/cursor']],
    [`?cursor=${'x'.repeat(201)}`, ['#/cursor']],
    ['?colour=green', ['#/colour']],
    ['?__proto__=1', undefined],
  ])('%s', (query, errors) =>
    expectRefusal({ path: `/api/food${query}`, status: 400, ...(errors === undefined ? {} : { errors }) }),
  );
});

describe('posting refuses', () => {
  it.each<[string, object, string[]]>([
    ['a number for a text', { title: 5 }, ['#/title']],
    ['a text for a number', { latitude: '52.5' }, ['#/latitude']],
    ['nothing for something', { description: null }, ['#/description']],
    ['an empty title', { title: '' }, ['#/title']],
    ['a title without end', { title: 'x'.repeat(121) }, ['#/title']],
    ['a character that can’t be stored', { description: 'a\u0000b' }, ['#/description']],
    ['a place off the earth', { latitude: 95, longitude: -181 }, ['#/latitude', '#/longitude']],
    ['a pickup in the past', { pickup_time: '2020-01-01T00:00:00Z' }, ['#/pickup_time']],
    ['a pickup in a year', { pickup_time: '2031-01-01T00:00:00Z' }, ['#/pickup_time']],
    ['a group that is no id', { group_id: 'mine' }, ['#/group_id']],
    ['a status of one’s own', { status: 'completed' }, ['#/status']],
    ['a list for a text', { pickup_location: ['here'] }, ['#/pickup_location']],
    ['a field left out', { title: undefined }, ['#/title']],
    ['several at once', { title: 1, longitude: 'x', extra: true }, ['#/title', '#/longitude', '#/extra']],
  ])('%s', (_, changes, errors) =>
    expectRefusal({
      method: 'POST',
      path: '/api/food',
      status: 400,
      errors,
      request: { body: offerTo(person.group, changes) },
    }),
  );

  it.each<[string, number, unknown, Record<string, string>?]>([
    ['malformed JSON', 400, '{"title": '],
    ['an empty body', 400, ''],
    ['a poisoned prototype', 400, '{"__proto__": {"isAdmin": true}}'],
    ['a list', 400, '[]'],
    ['a bare text', 400, '"food"'],
    ['null', 400, 'null'],
    ['a body larger than 64 KiB', 413, JSON.stringify({ title: 'x'.repeat(70_000) })],
    ['a form', 415, 'title=x', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a text', 415, 'title', { 'content-type': 'text/plain' }],
    ['a type that is none', 415, '{}', { 'content-type': 'json' }],
  ])('%s with %i', (_, status, body, headers = {}) =>
    expectRefusal({ method: 'POST', path: '/api/food', status, request: { body, headers } }),
  );

  it('to a group that doesn’t exist, and to one that one doesn’t belong to', async () => {
    const path = '/api/food';
    await expectRefusal({ method: 'POST', path, status: 404, request: { body: offerTo(nobody) } });
    await expectRefusal({
      method: 'POST',
      path,
      status: 403,
      request: { body: offerTo(person.group), as: nobody },
    });
  });
});

describe('the rest refuses', () => {
  it.each<[method: string, path: string, status: number, body?: unknown]>([
    ['POST', '/api/food/17/claim', 400],
    ['POST', `/api/food/${nobody}/claim`, 404],
    ['POST', `/api/food/${anId}%00/claim`, 400],
    ['POST', '/api/food/%zz/claim', 400],
    ['POST', `/api/food/${'x'.repeat(300)}/claim`, 404],
    ['POST', `/api/food/${nobody}/complete`, 404],
    ['POST', `/api/food/${anId}/complete`, 400, { stars: 6 }],
    ['POST', `/api/food/${anId}/complete`, 400, { stars: '5' }],
    ['POST', `/api/food/${anId}/complete`, 400, { stars: 2.5 }],
    ['GET', '/api/users/me/profile', 400],
    ['GET', `/api/users/${nobody}/profile`, 404],
    ['GET', '/api/groups/1;DROP TABLE users/analytics', 400],
    ['GET', `/api/groups/${nobody}/analytics`, 404],
    ['GET', '/api/rankings?limit=1000', 400],
    ['POST', '/api/credits/transfer', 400, { to_user_id: anId, amount: 0 }],
    ['POST', '/api/credits/transfer', 400, { to_user_id: anId, amount: -5 }],
    ['POST', '/api/credits/transfer', 400, { to_user_id: anId, amount: 1.5 }],
    ['POST', '/api/credits/transfer', 400, { to_user_id: anId, amount: 1e300 }],
    ['POST', '/api/credits/transfer', 400, { to_user_id: anId, amount: '1' }],
    ['POST', '/api/credits/transfer', 400, {}],
    ['POST', '/api/credits/transfer', 404, { to_user_id: nobody, amount: 1 }],
    [
      'POST',
      '/api/credits/transfer',
      409,
      { to_user_id: '00000000-0003-8001-8000-000000000000', amount: 999_999 },
    ],
    ['POST', `/api/admin/food/${anId}/expire`, 403],
    ['POST', `/api/admin/food/${anId}/moderate`, 403, { decision: 'remove', reason: 'x' }],
    ['POST', '/api/admin/summary/refresh', 403],
    ['GET', '/api/nothing', 404],
    ['GET', '/', 404],
    ['GET', '/api/food/../../etc/passwd', 404],
    ['DELETE', '/api/food', 405],
    ['PUT', '/api/food', 405, 'not even JSON'],
    ['GET', '/api/credits/transfer', 405],
    ['POST', '/health/ready', 405],
  ])('%s %s with %i', (method, path, status, body) =>
    expectRefusal({ method, path, status, ...(body === undefined ? {} : { request: { body } }) }),
  );

  it('a transfer to oneself, and an idempotency key of spaces', async () => {
    const path = '/api/credits/transfer';
    const body = { to_user_id: person.id.toUpperCase(), amount: 1 };
    await expectRefusal({ method: 'POST', path, status: 400, errors: ['#/to_user_id'], request: { body } });
    const headers = { 'idempotency-key': 'a b' };
    const other = { to_user_id: anId, amount: 1 };
    await expectRefusal({ method: 'POST', path, status: 400, request: { body: other, headers } });
  });

  it('unknown things of administrators, and wrong decisions', async () => {
    const request = { as: nobody, admin: true };
    const moderate = { method: 'POST', path: `/api/admin/food/${nobody}/moderate` };
    await expectRefusal({
      ...moderate,
      status: 404,
      request: { ...request, body: { decision: 'remove', reason: 'x' } },
    });
    const wrong = { ...request, body: { decision: 'ban', reason: '' } };
    await expectRefusal({ ...moderate, status: 400, errors: ['#/decision', '#/reason'], request: wrong });
    await expectRefusal({ method: 'POST', path: `/api/admin/food/${nobody}/expire`, status: 404, request });
  });

  it('says with 405 what would be possible', async () => {
    const answer = await running.call('PATCH', '/api/food', { as: person.id });
    expect(answer.headers.get('allow')).toBe('GET, HEAD, POST');
  });
});

describe('a request without a valid token is refused:', () => {
  const secret = new TextEncoder().encode(tokenSecret);
  const sign = (change: (token: SignJWT) => SignJWT, key = secret, alg = 'HS256'): Promise<string> =>
    change(
      new SignJWT({ roles: ['admin'] })
        .setProtectedHeader({ alg })
        .setIssuer('foodshare')
        .setSubject(nobody)
        .setExpirationTime('1h'),
    ).sign(key);

  it.each<[string, () => Promise<string | undefined>]>([
    ['none', async () => undefined],
    ['no bearer', async () => `Basic ${btoa('admin:admin')}`],
    ['nonsense', async () => 'Bearer nonsense'],
    ['signed with another secret', async () => `Bearer ${await sign((t) => t, new Uint8Array(32))}`],
    [
      'expired',
      async () => `Bearer ${await sign((t) => t.setExpirationTime(Math.floor(Date.now() / 1000) - 5))}`,
    ],
    [
      'without an end',
      async () =>
        `Bearer ${await new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).setIssuer('foodshare').setSubject(nobody).sign(secret)}`,
    ],
    ['not yet valid', async () => `Bearer ${await sign((t) => t.setNotBefore('1h'))}`],
    ['of another issuer', async () => `Bearer ${await sign((t) => t.setIssuer('elsewhere'))}`],
    ['of nobody', async () => `Bearer ${await sign((t) => t.setSubject('root'))}`],
    [
      'without a signature',
      async () =>
        `Bearer ${new UnsecuredJWT({}).setIssuer('foodshare').setSubject(nobody).setExpirationTime('1h').encode()}`,
    ],
    ['with our secret and another algorithm', async () => `Bearer ${await sign((t) => t, secret, 'HS512')}`],
    [
      'with another payload under a good signature',
      async () => {
        const [head, , signature] = (await issueToken({ userId: nobody, secret: tokenSecret })).split('.');
        const payload = Buffer.from(
          JSON.stringify({ iss: 'foodshare', sub: nobody, exp: 9e9, roles: ['admin'] }),
        );
        return `Bearer ${head}.${payload.toString('base64url')}.${signature}`;
      },
    ],
  ])('%s', async (_, authorization) => {
    const value = await authorization();
    const headers: Record<string, string> = value === undefined ? {} : { authorization: value };
    const answer = await running.call('GET', '/api/food', { headers });
    expectProblem(answer, 401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });
});

describe('what isn’t HTTP', () => {
  async function sendRaw(text: string): Promise<string> {
    const socket = connect(running.service.port, '127.0.0.1');
    socket.write(text);
    let answer = '';
    for await (const chunk of socket.setEncoding('utf8')) answer += chunk;
    return answer;
  }

  it('gets a problem document too, and the connection ends', async () => {
    const answer = await sendRaw('EHLO foodshare\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    expect(JSON.parse(answer.split('\r\n\r\n')[1] as string)).toMatchObject({ status: 400 });
  });

  it('as do headers without end', async () => {
    const answer = await sendRaw(`GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 431 /);
    expect(answer).toContain('application/problem+json');
  });
});

it('none of all this was a failure of ours', async () => {
  const { body } = await running.call('GET', '/metrics');
  expect(body).toContain('status="400"');
  expect(body).not.toMatch(/status="5\d\d"/);
});
