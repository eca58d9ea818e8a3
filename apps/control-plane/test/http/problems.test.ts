import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Plane, startPlane } from '../plane.ts';

let plane: Plane;

beforeAll(async () => {
  plane = await startPlane();
});

afterAll(async () => {
  await plane[Symbol.asyncDispose]();
});

const post = (body: unknown, headers: Record<string, string> = {}) =>
  plane.ask('admin', 'POST', '/keys', { body, headers });

describe('a refusal', () => {
  it('is a problem document with a pointer to each mistake', async () => {
    const refused = await post({ name: '', role: 'king', 'a/b~c': 1 });
    expect(refused.status).toBe(400);
    expect(refused.headers['content-type']).toContain('application/problem+json');
    expect(refused.json).toMatchObject({
      type: 'urn:loadline:problem:CONTROL_PLANE_REQUEST_INVALID',
      title: 'Bad Request',
      status: 400,
      requestId: refused.headers['x-request-id'],
    });
    const pointers = refused.json.errors.map((each: { pointer: string }) => each.pointer);
    expect(pointers.toSorted()).toEqual(['/a~1b~0c', '/name', '/role']);
  });

  it('names the text of a path or a query that no database has a place for', async () => {
    const errors = [{ in: 'query', pointer: '/service', detail: 'holds the character U+0000' }];
    const query = await plane.ask('viewer', 'GET', '/performance/metrics/cpu?service=a%00b');
    expect(query).toMatchObject({ status: 400, json: { errors } });
    const path = await plane.ask('admin', 'DELETE', '/keys/%00');
    expect(path).toMatchObject({ status: 400, json: { errors: [{ in: 'path', pointer: '/keyId' }] } });
  });

  it('names a field that is missing, and one of a query', async () => {
    expect((await post({})).json.errors).toEqual([
      { in: 'body', pointer: '/name', detail: 'is missing' },
      { in: 'body', pointer: '/role', detail: 'is missing' },
    ]);
    expect((await post([])).json.errors).toMatchObject([{ pointer: '', detail: 'must be an object' }]);
    const query = await plane.ask('admin', 'GET', '/audit?limit=0&order=up');
    expect(query.json.errors).toEqual([
      { in: 'query', pointer: '/order', detail: 'is not known here' },
      { in: 'query', pointer: '/limit', detail: 'must be >= 1' },
    ]);
  });

  it('asks which field was meant where it knows none of that name', async () => {
    const refused = await post({ name: 'ci', rol: 'viewer' });
    expect(refused.json.errors).toEqual([
      { in: 'body', pointer: '/role', detail: 'is missing' },
      { in: 'body', pointer: '/rol', detail: 'is not known here; did you mean role?' },
    ]);
    expect(refused.json.detail).toBe('/role is missing; /rol is not known here; did you mean role?');
  });

  it('says what it got where only some words are known, and which was probably meant', async () => {
    const refused = await post({ name: 'ci', role: 'veiwer' });
    expect(refused.json.errors).toEqual([
      {
        in: 'body',
        pointer: '/role',
        detail: 'must be one of reporter, viewer, operator, admin, got "veiwer"; did you mean viewer?',
      },
    ]);
  });

  it('shows how a version is written in a header', async () => {
    const asked = { headers: { 'if-match': '1' }, body: { group: 'shop', policy: 'fast/service' } };
    const refused = await plane.ask('admin', 'PUT', '/performance/scaling/config', asked);
    expect(refused.json.errors).toEqual([
      { in: 'header', pointer: '/if-match', detail: 'must be written like "3"' },
    ]);
  });

  it('says how a key is sent where `Authorization` holds none', async () => {
    const headers = { authorization: 'll_000000000000_none' };
    const refused = await plane.ask(undefined, 'GET', '/keys', { headers });
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([
      401,
      'Bearer error="invalid_request"',
    ]);
    expect(refused.json.detail).toContain('it is `Bearer`, a space, and the key');
  });

  it.each([
    ['no JSON', '{ "name": ', 400, 'CONTROL_PLANE_BODY_MALFORMED'],
    ['nothing', '', 400, 'CONTROL_PLANE_BODY_MALFORMED'],
    ['a prototype', '{ "__proto__": {} }', 400, 'CONTROL_PLANE_BODY_MALFORMED'],
    ['a null character', '{ "name": "a\\u0000", "role": "viewer" }', 400, 'CONTROL_PLANE_BODY_MALFORMED'],
    [
      'lists without end',
      `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      400,
      'CONTROL_PLANE_BODY_MALFORMED',
    ],
    ['a number', '5', 400, 'CONTROL_PLANE_REQUEST_INVALID'],
    ['null', 'null', 400, 'CONTROL_PLANE_REQUEST_INVALID'],
    ['too much', JSON.stringify({ name: 'x'.repeat(1_100_000) }), 413, 'CONTROL_PLANE_BODY_TOO_LARGE'],
  ])('answers %s', async (_name, body, status, code) => {
    const refused = await post(body);
    expect([refused.status, refused.json.code]).toEqual([status, code]);
  });

  it('answers another type of body, and none', async () => {
    const text = await post('name: ci', { 'content-type': 'text/yaml' });
    expect([text.status, text.json.code]).toEqual([415, 'CONTROL_PLANE_MEDIA_TYPE_UNKNOWN']);
    expect((await plane.ask('admin', 'POST', '/keys')).status).toBe(400);
  });

  it('answers addresses and methods that are not there', async () => {
    const unknown = await plane.ask('admin', 'GET', '/performance/unknown');
    expect([unknown.status, unknown.json.code]).toEqual([404, 'CONTROL_PLANE_NOT_FOUND']);
    expect(unknown.json.detail).toBe(
      'There is nothing at "/performance/unknown"; /docs has all that there is.',
    );
    const method = await plane.ask('admin', 'PUT', '/performance/tests/some-id');
    expect([method.status, method.headers.allow]).toEqual([405, 'GET, HEAD, DELETE']);
    expect((await plane.ask('admin', 'GET', '/keys/%zz')).status).toBe(400);
    expect((await plane.ask('admin', 'GET', `/performance/tests/${'x'.repeat(3000)}`)).status).toBe(404);
  });

  it('tells browsers to trust it with nothing', async () => {
    const { headers } = await plane.ask(undefined, 'GET', '/keys');
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
    });
  });
});

describe('too many requests', () => {
  it('are refused by key, with the time to wait, and hold nobody else up', async () => {
    await using small = await startPlane({ configuration: { keyRequestsMax: 3, strangerRequestsMax: 2 } });
    for (let count = 0; count < 3; count++)
      expect((await small.ask('viewer', 'GET', '/session')).status).toBe(200);
    const refused = await small.ask('viewer', 'GET', '/session');
    expect([refused.status, refused.json.code]).toEqual([429, 'CONTROL_PLANE_TOO_MANY']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect((await small.ask('operator', 'GET', '/session')).status).toBe(200);
  });

  it('are answered about health however many came from there', async () => {
    await using small = await startPlane({ configuration: { strangerRequestsMax: 1 } });
    expect((await small.ask(undefined, 'GET', '/session')).status).toBe(401);
    expect((await small.ask(undefined, 'GET', '/session')).status).toBe(429);
    for (const path of ['/health/live', '/health/ready', '/health/live', '/health/ready'])
      expect((await small.ask(undefined, 'GET', path)).status).toBe(200);
    expect((await small.ask(undefined, 'GET', '/health/else')).status).toBe(429);
  });

  it('are counted by address where no key is known, on every address', async () => {
    await using small = await startPlane({ configuration: { strangerRequestsMax: 2 } });
    expect((await small.ask(undefined, 'GET', '/session')).status).toBe(401);
    expect((await small.ask(undefined, 'GET', '/nowhere')).status).toBe(404);
    expect((await small.ask(undefined, 'GET', '/nowhere')).status).toBe(429);
    expect((await small.ask(undefined, 'GET', '/session')).status).toBe(429);
    expect((await small.ask('viewer', 'GET', '/session')).status).toBe(200);
  });
});
