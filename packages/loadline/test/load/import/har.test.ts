import { describe, expect, it } from 'vitest';
import { recordingOf, type Told } from './recordings.ts';
import { bodyOf, fromHar, headerOf, read, requestsOf, shown } from './written.ts';

/** Method and path of each request that was written, holes by their names. */
function pathsOf(yaml: string): string[] {
  return requestsOf(read(yaml)).map(({ method, path }) => `${method} ${shown(path)}`);
}

function stepsOf(...told: readonly Told[]): ReturnType<typeof requestsOf> {
  return requestsOf(read(fromHar(recordingOf(...told))));
}

describe('what is written of a recording', () => {
  it('is a whole file: target, one scenario, a load to try it with', () => {
    const file = read(fromHar(recordingOf({ url: '/a' })));
    expect(file.target).toBe('http://shop.test');
    expect(file.scenarios.map(({ name }) => name)).toEqual(['shop']);
    expect(file.test?.stages.length).toBe(2);
  });

  it('is in the order in which it was sent', () => {
    const recording = recordingOf({ url: '/second', at: 2 }, { url: '/first', at: 1 });
    expect(pathsOf(fromHar(recording))).toEqual(['GET /first', 'GET /second']);
  });

  it('expects the status that was recorded', () => {
    const steps = stepsOf({ url: '/a' }, { url: '/b', status: 404 }, { url: '/c', status: 201 });
    expect(steps.map((step) => step.expect)).toEqual([[200], [404], [201]]);
  });

  it.each([304, 429, 500, 503])('expects no %i: it says nothing of what should be', (status) => {
    expect(stepsOf({ url: '/a', status })[0]?.expect).toBeUndefined();
  });

  it('asks for everything anew, and sends nothing that belongs to the browser or its connection', () => {
    const headers = {
      ':authority': 'shop.test',
      Host: 'shop.test',
      Connection: 'keep-alive',
      'Content-Length': '3',
      'sec-ch-ua': 'x',
      'Sec-Fetch-Mode': 'cors',
      Referer: 'http://shop.test/',
      Origin: 'http://shop.test',
      Cookie: 'a=b',
      'If-None-Match': '"1"',
      traceparent: '00-1',
      'X-Forwarded-For': '::1',
      Accept: 'text/html',
      'Accept-Language': 'de',
      'Accept-Encoding': 'gzip, br',
      'X-Shop': 'one',
    };
    const [step] = stepsOf({ url: '/a', headers });
    expect(step?.headers.map(({ name }) => name).toSorted()).toEqual([
      'accept',
      'accept-encoding',
      'accept-language',
      'cookie',
      'user-agent',
      'x-shop',
    ]);
  });

  it('gives headers that all requests have to the scenario, once', () => {
    const yaml = fromHar(
      recordingOf({ url: '/a', headers: { 'X-Shop': 'one' } }, { url: '/b', headers: { 'X-Shop': 'one' } }),
    );
    expect(yaml.match(/x-shop/g)).toHaveLength(1);
    expect(requestsOf(read(yaml)).map((step) => headerOf(step, 'x-shop'))).toEqual(['one', 'one']);
  });

  it('sends JSON, forms, parts and texts as they were', () => {
    const parts =
      '--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nRings: two\r\n--b\r\nContent-Disposition: form-data; name="photo"; filename="r.jpg"\r\nContent-Type: image/jpeg\r\n\r\n\xff\r\n--b--\r\n';
    const yaml = fromHar(
      recordingOf(
        { url: '/json', json: { n: 1, list: [true, null], text: '#' } },
        {
          url: '/form',
          body: { type: 'application/x-www-form-urlencoded; charset=UTF-8', text: 'a=1&b=%26&a=&c' },
        },
        { url: '/parts', body: { type: 'multipart/form-data; boundary=b', text: parts } },
        { url: '/text', body: { type: 'text/csv', text: 'a,b\n1,2\n' } },
        { url: '/vendor', body: { type: 'application/vnd.shop+json', text: '{"a":1}' } },
      ),
    );
    const steps = requestsOf(read(yaml));
    expect(steps.map(bodyOf)).toEqual([
      '{"n":1,"list":[true,null],"text":"#"}',
      'a=1&a=&b=%26&c=',
      'title=Rings: two',
      'a,b\n1,2\n',
      '{"a":1}',
    ]);
    expect(steps.map((step) => headerOf(step, 'content-type')?.replace(/;.*/, ''))).toEqual([
      'application/json',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'text/csv',
      'application/vnd.shop+json',
    ]);
    expect(yaml).toContain('into multipart "photo": { file: "r.jpg", type: image/jpeg }');
  });

  it('writes a list that is longer than a call may have arguments', () => {
    const json = Array.from({ length: 130_000 }, () => 7);
    expect(fromHar(recordingOf({ url: '/a', json })).match(/- 7$/gm)).toHaveLength(130_000);
  });

  it('leaves out a body that is no text, and says so', () => {
    const yaml = fromHar(
      recordingOf({ url: '/a', body: { type: 'application/x-protobuf', text: '\u0001\u0002\ufffd' } }),
    );
    expect(requestsOf(read(yaml)).map((step) => [step.body, headerOf(step, 'content-type')])).toEqual([
      [undefined, undefined],
    ]);
    expect(yaml).toContain('# Its body is not written, since it is no text: 3 B of application/x-protobuf.');
  });

  it('takes entries without an answer for what was written by hand', () => {
    const recording = { log: { entries: [{ request: { method: 'get', url: 'http://shop.test/a' } }] } };
    expect(
      requestsOf(read(fromHar(recording))).map(({ method, expect: expected }) => [method, expected]),
    ).toEqual([['GET', undefined]]);
  });

  it('keeps numbers that a double would round', () => {
    const body = { type: 'application/json', text: '{"id":9007199254740993,"big":1e400}' };
    expect(stepsOf({ url: '/a', body }).map(bodyOf)).toEqual([body.text]);
  });

  it('names requests that differ by an id alike, and those of GraphQL by their operation', () => {
    const steps = stepsOf(
      { url: '/orders/17' },
      { url: '/orders/18' },
      { url: '/users/123e4567-e89b-42d3-a456-426614174000/cart' },
      { url: '/graphql', json: { operationName: 'Cart', query: 'query Cart { id }' } },
      { url: '/plain' },
    );
    expect(steps.map(({ name }) => name)).toEqual([
      'GET /orders/{id}',
      'GET /orders/{id}',
      'GET /users/{id}/cart',
      'POST /graphql Cart',
      'GET /plain',
    ]);
  });

  it('makes keys anew that say that a request is sent once', () => {
    const headers = { 'Idempotency-Key': '123e4567-e89b-42d3-a456-426614174000' };
    expect(headerOf(stepsOf({ url: '/pay', json: {}, headers })[0] as never, 'idempotency-key')).toBe(
      '{{uuid}}',
    );
  });
});

describe('pauses', () => {
  const pausesOf = (yaml: string): unknown[] =>
    read(yaml).scenarios[0]?.steps.flatMap((step) => (step.kind === 'think' ? [step.think] : [])) ?? [];

  it('are from when all before was answered, rounded, and only above 300 ms', () => {
    const recording = recordingOf(
      { url: '/a', at: 0, tookMs: 1000 },
      { url: '/b', at: 0.1, tookMs: 100 },
      { url: '/c', at: 1.2 },
      { url: '/d', at: 3.456 },
      { url: '/e', at: 30.7 },
    );
    expect(pausesOf(fromHar(recording))).toEqual([
      { kind: 'fixed', durationMs: 2200 },
      { kind: 'fixed', durationMs: 27_000 },
    ]);
  });

  it('are five minutes at most, and the file says what they were', () => {
    const yaml = fromHar(recordingOf({ url: '/a', at: 0 }, { url: '/b', at: 3600 }));
    expect(pausesOf(yaml)).toEqual([{ kind: 'fixed', durationMs: 300_000 }]);
    expect(yaml).toContain('# In the recording it was 60 minutes.');
  });

  it('are left out where they are not wanted', () => {
    expect(
      pausesOf(fromHar(recordingOf({ url: '/a', at: 0 }, { url: '/b', at: 5 }), { think: false })),
    ).toEqual([]);
  });
});

describe('what is left out', () => {
  it('is told in the comment on top: assets, other hosts, what is no HTTP, what nobody answered', () => {
    const yaml = fromHar(
      recordingOf(
        { url: '/page' },
        { url: '/api' },
        { url: '/logo.png' },
        { url: '/style', more: { _resourceType: 'stylesheet' } },
        { url: 'https://cdn.test/x' },
        { url: 'data:text/plain,x' },
        { url: 'ws://shop.test/live' },
        { url: '/gone', status: 0 },
        { url: '/cached', more: { _fromCache: 'disk' } },
        { url: '/api', method: 'OPTIONS', headers: { 'Access-Control-Request-Method': 'PUT' } },
        { url: '/dav', method: 'PROPFIND' },
      ),
    );
    expect(pathsOf(yaml)).toEqual(['GET /page', 'GET /api']);
    for (const line of [
      'scripts and media (--assets keeps them): 2',
      'to other hosts (--host NAME imports those of one): 1, to cdn.test (1)',
      'no HTTP, such as data:: 1',
      'WebSocket connections: 1',
      'without an answer: 1',
      'cache of the browser answered: 1',
      'preflights, which browsers send by themselves: 1',
      'requests by PROPFIND, which scenario files do not know: 1',
    ])
      expect(yaml).toContain(line);
  });

  it('comes back by an option', () => {
    const recording = recordingOf(
      { url: '/a' },
      { url: '/b' },
      { url: '/logo.png' },
      { url: 'https://api.test:8443/x' },
    );
    expect(pathsOf(fromHar(recording, { assets: true }))).toContain('GET /logo.png');
    const other = fromHar(recording, { host: 'api.test' });
    expect(pathsOf(other)).toEqual(['GET /x']);
    expect(read(other).target).toBe('https://api.test:8443');
    expect(pathsOf(fromHar(recording, { host: 'api.test:8443' }))).toEqual(['GET /x']);
  });

  it('can be chosen by patterns of paths', () => {
    const recording = recordingOf({ url: '/api/a' }, { url: '/api/health' }, { url: '/page?x=/api/' });
    expect(pathsOf(fromHar(recording, { include: ['/api/*'], exclude: ['*/health'] }))).toEqual([
      'GET /api/a',
    ]);
  });

  it.each([
    [{}, /^log\.entries is missing; a HAR file/],
    [{ log: { entries: [] } }, /^log\.entries holds no requests$/],
    [
      { log: { entries: new Array(10_001).fill({}) } },
      /^log\.entries holds 10001 requests; the limit is 10000/,
    ],
    [
      { log: { entries: [{ request: { method: 'GET', url: 'x' } }, {}] } },
      /^log\.entries\.0\.request\.url must be an address.*\nlog\.entries\.1\.request\.method must be a text.*\nlog\.entries\.1\.request\.url/,
    ],
    [
      recordingOf({ url: '/a.png' }),
      /^log\.entries holds nothing that makes load; left out were images.*: 1$/,
    ],
  ])('where nothing can be written, every reason is told with its place: %#', (value, message) => {
    expect(fromHar(value)).toMatch(message);
  });

  it('a host that nobody asked is told with those that were', () => {
    expect(fromHar(recordingOf({ url: '/a' }), { host: 'x.test' })).toBe(
      'log.entries holds no requests to x.test; there are some to shop.test (1)',
    );
  });
});

describe('redirects', () => {
  it('are followed by the user, so what they lead to is not asked for twice', () => {
    const steps = stepsOf(
      { url: '/login', json: {}, status: 302, answerHeaders: { Location: '/home#top' } },
      { url: '/home', status: 301, answerHeaders: { Location: 'http://shop.test/start' } },
      { url: '/start', answer: {} },
      { url: '/home' },
    );
    expect(steps.map(({ method, path, expect: statuses }) => [method, shown(path), statuses])).toEqual([
      ['POST', '/login', [200]],
      ['GET', '/home', [200]],
    ]);
  });

  it('to what is not imported are the answer', () => {
    const steps = stepsOf(
      { url: '/a', status: 302, answerHeaders: { Location: '/b' } },
      { url: '/b', status: 303, answerHeaders: { Location: 'https://login.test/' } },
      { url: 'https://login.test/' },
    );
    expect(steps.map(({ expect: statuses, redirectsMax }) => [statuses, redirectsMax])).toEqual([[[303], 1]]);
  });
});

describe('what a server has made up', () => {
  it('is saved from its answer, and filled into paths, queries, headers and bodies', () => {
    const token = 'tok_8f7d6a5b4c';
    const yaml = fromHar(
      recordingOf(
        { url: '/login', json: {}, answer: { token, user: { id: 4711 } } },
        {
          url: '/orders',
          json: { user: 4711, ref: 'u-4711' },
          headers: { Authorization: `Bearer ${token}` },
          answer: { data: { id: 'ord-91ab72cd' } },
        },
        {
          url: `/orders/ord-91ab72cd/pay?user=4711&x=a%20b`,
          headers: { Authorization: `Bearer ${token}`, 'X-Order': 'order=ord-91ab72cd' },
        },
        { url: '/say', body: { type: 'text/plain', text: 'about "ord-91ab72cd".' } },
        { url: '/form', body: { type: 'application/x-www-form-urlencoded', text: 'order=ord-91ab72cd&a=b' } },
      ),
    );
    const [login, order, pay, say, form] = requestsOf(read(yaml)) as [never, never, never, never, never];
    expect((login as ReturnType<typeof stepsOf>[number]).saves).toEqual([
      { name: 'token', from: { kind: 'json', pointer: ['token'] } },
      { name: 'userId', from: { kind: 'json', pointer: ['user', 'id'] } },
    ]);
    expect(headerOf(order, 'authorization')).toBe('Bearer {{token}}');
    expect(bodyOf(order)).toBe('{"user":{{userId}},"ref":"u-4711"}');
    expect(shown((pay as ReturnType<typeof stepsOf>[number]).path)).toBe(
      '/orders/{{orderId}}/pay?user={{userId}}&x=a%20b',
    );
    expect(headerOf(pay, 'x-order')).toBe('order={{orderId}}');
    expect(bodyOf(say)).toBe('about "{{orderId}}".');
    expect(bodyOf(form)).toBe('order={{orderId}}&a=b');
    expect(yaml).toContain('#   orderId, from POST /orders');
  });

  it('may be a cookie, a header, or a hidden field of a page', () => {
    const steps = stepsOf(
      {
        url: '/page',
        html: '<meta content="meta-1234567" name=\'csrf-token\'><input type=hidden name="form_key" value="field-7654321">',
        answerHeaders: { 'Set-Cookie': 'XSRF=cookie-998877; Path=/', ETag: '"v1-abcdef"' },
      },
      {
        url: '/save',
        body: { type: 'application/x-www-form-urlencoded', text: 'form_key=field-7654321' },
        headers: { 'X-CSRF': 'meta-1234567', 'X-XSRF': 'cookie-998877', 'If-Match': '"v1-abcdef"' },
      },
    );
    expect(steps[0]?.saves.map(({ name, from }) => [name, from.kind]).toSorted()).toEqual([
      ['csrfToken', 'pattern'],
      ['etag', 'header'],
      ['formKey', 'pattern'],
      ['xsrf', 'cookie'],
    ]);
    expect(['x-csrf', 'x-xsrf', 'if-match'].map((name) => headerOf(steps[1] as never, name))).toEqual([
      '{{csrfToken}}',
      '{{xsrf}}',
      '{{etag}}',
    ]);
    expect(bodyOf(steps[1] as never)).toBe('form_key={{formKey}}');
  });

  it('is also a short id, where it follows the path that it came from', () => {
    const steps = stepsOf(
      { url: '/orders', json: {}, answer: { id: 7 } },
      { url: '/orders/7/pay' },
      { url: '/pages/7' },
    );
    expect(steps.map(({ path }) => shown(path))).toEqual(['/orders', '/orders/{{orderId}}/pay', '/pages/7']);
  });

  it('is not what the client sent first, nor an ordinary word, nor a date or a price', () => {
    const steps = stepsOf(
      {
        url: '/items?client=abc-12345',
        answer: { id: 'abc-12345', status: 'available', day: '2026-01-01', price: 1500 },
      },
      { url: '/items/abc-12345?status=available&day=2026-01-01&max=1500', answer: {} },
    );
    expect(steps[0]?.saves).toEqual([]);
    expect(shown((steps[1] as (typeof steps)[number]).path)).toBe(
      '/items/abc-12345?status=available&day=2026-01-01&max=1500',
    );
  });

  it('is never filled in before it was answered', () => {
    const steps = stepsOf(
      { url: '/x', answer: {} },
      { url: '/items', answer: { id: 'item-123456' } },
      { url: '/items/item-123456' },
    );
    expect(steps.map(({ path, saves }) => [shown(path), saves.length])).toEqual([
      ['/x', 0],
      ['/items', 1],
      ['/items/{{itemId}}', 0],
    ]);
  });

  it('is never filled in before it was answered, also where nobody sees that it was sent', () => {
    const basic = { Authorization: `Basic ${Buffer.from('user-12345:x').toString('base64')}` };
    const steps = stepsOf(
      { url: '/first', headers: basic },
      { url: '/me', answer: { id: 'user-12345' } },
      { url: '/users/user-12345', headers: basic },
    );
    expect(steps.map((step) => headerOf(step, 'authorization'))).toEqual([
      'user-12345:<PASSWORD>',
      undefined,
      '{{meId}}:<PASSWORD>',
    ]);
  });

  it('has a name of its own, also where there are many', () => {
    const steps = stepsOf(
      { url: '/orders', json: {}, answer: { id: 'order-11111' } },
      { url: '/orders', json: {}, answer: { id: 'order-22222' } },
      { url: '/merge/order-11111/order-22222' },
    );
    expect(shown((steps[2] as (typeof steps)[number]).path)).toBe('/merge/{{orderId}}/{{orderId2}}');
  });
});
