import { request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import { createVirtualClock, type VirtualClock } from 'loadline/base';
import { createRegistry } from 'loadline/metrics';
import type { EmbeddedProxyOptions } from 'loadline/traffic';
import { describe, expect, it } from 'vitest';
import { eventually, getOnce, proxyBefore, RawClient, serve, serveRaw } from './proxied.ts';

interface Answered {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

interface Rig extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly port: number;
  /** Requests that the server got. */
  readonly asked: IncomingMessage[];
  send(
    path?: string,
    options?: { readonly method?: string; readonly headers?: Record<string, string> },
  ): Promise<Answered>;
  outcomes(): Record<string, number>;
  /** Of clients with the proxy. */
  connections(): number;
  kill(): Promise<void>;
}

/** A proxy that caches, on a clock that stands still, before a server. */
async function rig(
  respond: (request: IncomingMessage, response: ServerResponse, turn: number) => void,
  cache: EmbeddedProxyOptions['cache'] = {},
  more: Partial<EmbeddedProxyOptions> = {},
): Promise<Rig> {
  const clock = createVirtualClock();
  const registry = createRegistry();
  const asked: IncomingMessage[] = [];
  const server = await serve((request, response) => {
    asked.push(request);
    request.resume();
    respond(request, response, asked.length);
  });
  const proxy = await proxyBefore([server], {
    ...{ clock, registry, ...more },
    ...(cache === undefined ? {} : { cache }),
  });
  return {
    clock,
    port: proxy.port,
    asked,
    send: (path = '/', { method = 'GET', headers = {} } = {}) => sendTo(proxy.port, path, method, headers),
    outcomes: () => {
      const family = registry.families().find(({ name }) => name === 'loadline_proxy_cache_total');
      if (family === undefined || family.kind === 'histogram') return {};
      return Object.fromEntries([...family.series()].map(({ labels, value }) => [labels[1], value]));
    },
    connections: () => proxy.connections,
    kill: () => server.kill(),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await server.kill();
    },
  };
}

function sendTo(
  port: number,
  path: string,
  method: string,
  headers: Record<string, string>,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const asking = ask(
      { port, path, method, headers: { host: 'shop', ...headers }, agent: false },
      (response) => {
        let body = '';
        response.setEncoding('latin1').on('data', (piece) => (body += piece));
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
        response.on('error', reject);
      },
    );
    asking.on('error', reject);
    asking.end();
  });
}

const trusting = { trustsForwarded: true };

const answering =
  (headers: Record<string, string>, status = 200): Parameters<typeof rig>[0] =>
  (_, response, turn) => {
    response.writeHead(status, headers);
    response.end(`answer ${turn}`);
  };

describe('the cache of the embedded proxy', () => {
  it('answers from what it keeps while that is fresh, and says how old it is', async () => {
    await using cached = await rig(answering({ 'cache-control': 'max-age=60', 'x-own': 'kept' }));
    expect(await cached.send()).toMatchObject({ body: 'answer 1' });
    await cached.clock.advance(59_000);
    const { body, headers } = await cached.send();
    expect(body).toBe('answer 1');
    expect(headers).toMatchObject({ age: '59', 'x-own': 'kept', 'cache-status': 'loadline; hit' });
    await cached.clock.advance(1000);
    expect(await cached.send()).toMatchObject({ body: 'answer 2' });
    expect(cached.outcomes()).toEqual({ miss: 2, hit: 1 });
  });

  it.each([
    ['no word of the sender', {}],
    ['no-store', { 'cache-control': 'no-store' }],
    ['private', { 'cache-control': 'private, max-age=60' }],
    ['a cookie', { 'cache-control': 'max-age=60', 'set-cookie': 'a=b' }],
    ['Vary: *', { 'cache-control': 'max-age=60', vary: '*' }],
    ['a date alone', { 'last-modified': 'Thu, 01 Jan 2020 00:00:00 GMT', 'cache-control': 'no-store' }],
  ] satisfies [string, Record<string, string>][])('answers nothing from what has %s', async (_, headers) => {
    await using cached = await rig(answering(headers));
    await cached.send();
    expect(await cached.send()).toMatchObject({ body: 'answer 2' });
  });

  it('keeps nothing that was asked for with a key, unless it is said to be for all', async () => {
    await using secret = await rig(answering({ 'cache-control': 'max-age=60' }));
    const headers = { authorization: 'Bearer x' };
    await secret.send('/', { headers });
    expect(await secret.send()).toMatchObject({ body: 'answer 2' });
    await using open = await rig(answering({ 'cache-control': 'public, max-age=60' }));
    await open.send('/', { headers });
    expect(await open.send()).toMatchObject({ body: 'answer 1' });
  });

  it.each([
    ['immutable without a time', { 'cache-control': 'public, immutable' }],
    [
      'immutable beside Expires',
      {
        'cache-control': 'immutable',
        date: 'Thu, 01 Jan 2026 00:00:00 GMT',
        expires: 'Thu, 01 Jan 2026 00:00:01 GMT',
      },
    ],
    ['two times, of which the first is over', { 'cache-control': 'max-age=1, max-age=60' }],
  ] satisfies [string, Record<string, string>][])(
    'takes nothing for fresh beyond its time: %s',
    async (_, headers) => {
      await using cached = await rig(answering(headers));
      await cached.send();
      await cached.clock.advance(2000);
      expect(await cached.send()).toMatchObject({ body: 'answer 2' });
    },
  );

  it('lets no client have what is stale where the sender forbids it to all caches', async () => {
    const headers = { 'cache-control': 'max-stale' };
    await using shared = await rig(answering({ 'cache-control': 's-maxage=10' }));
    await using plain = await rig(answering({ 'cache-control': 'max-age=10' }));
    for (const cached of [shared, plain]) {
      await cached.send();
      await cached.clock.advance(20_000);
    }
    expect(await shared.send('/', { headers })).toMatchObject({ body: 'answer 2' });
    expect(await plain.send('/', { headers })).toMatchObject({ body: 'answer 1' });
  });

  it('keeps apart what Vary says of how a client came to the proxy before, and keeps nothing that is for one address', async () => {
    const varying = (vary: string) => rig(answering({ 'cache-control': 'max-age=60', vary }), {}, trusting);
    for (const name of ['X-Forwarded-Proto', 'X-Forwarded-Host']) {
      await using cached = await varying(name);
      const bodies = [];
      for (const value of ['a', 'b', 'a'])
        bodies.push((await cached.send('/', { headers: { [name]: value } })).body);
      expect(bodies).toEqual(['answer 1', 'answer 2', 'answer 1']);
    }
    for (const name of ['X-Forwarded-For', 'Accept, Forwarded']) {
      await using cached = await varying(name);
      await cached.send();
      expect(await cached.send()).toMatchObject({ body: 'answer 2' });
    }
  });

  it('takes spellings of one host for one, and forgets what was changed by another of them', async () => {
    await using cached = await rig(answering({ 'cache-control': 'max-age=60' }));
    for (const host of ['shop', 'SHOP', 'shop:80', 'shop:'])
      expect(await cached.send('/', { headers: { host } })).toMatchObject({ body: 'answer 1' });
    expect(await cached.send('/', { headers: { host: 'shop:8080' } })).toMatchObject({ body: 'answer 2' });
    await cached.send('/', { method: 'POST', headers: { host: 'SHOP:80' } });
    expect(await cached.send()).toMatchObject({ body: 'answer 4' });
  });

  it('counts the age of an answer from when it was asked for, and has it for all who waited nevertheless', async () => {
    const held: (() => void)[] = [];
    await using cached = await rig((_, response, turn) => {
      response.writeHead(200, { 'cache-control': 'max-age=10' });
      response.write('answer ');
      if (turn === 1) held.push(() => response.end('1'));
      else response.end(`${turn}`);
    });
    const all = [cached.send(), cached.send(), cached.send()];
    await eventually(() => held.length === 1 && cached.connections() === all.length);
    await cached.clock.advance(9000);
    await cached.clock.advance(3000);
    held[0]?.();
    expect((await Promise.all(all)).map(({ body }) => body)).toEqual(Array(3).fill('answer 1'));
    expect(cached.asked).toHaveLength(1);
    expect(await cached.send()).toMatchObject({ body: 'answer 2' });
  });

  it('keeps apart what differs in host, target, or what Vary names', async () => {
    await using cached = await rig(answering({ 'cache-control': 'max-age=60', vary: 'Accept-Language' }));
    const bodies = [];
    for (const language of ['de', 'en', 'de', 'en'])
      bodies.push((await cached.send('/', { headers: { 'accept-language': language } })).body);
    expect(bodies).toEqual(['answer 1', 'answer 2', 'answer 1', 'answer 2']);
    expect(await cached.send('/?b', { headers: { 'accept-language': 'de' } })).toMatchObject({
      body: 'answer 3',
    });
    expect(await cached.send('/', { headers: { 'accept-language': 'de', host: 'other' } })).toMatchObject({
      body: 'answer 4',
    });
  });

  it('answers HEAD from what it keeps of GET, and never GET from HEAD', async () => {
    await using cached = await rig(answering({ 'cache-control': 'max-age=60' }));
    await cached.send('/', { method: 'HEAD' });
    expect(await cached.send()).toMatchObject({ body: 'answer 2' });
    expect(await cached.send('/', { method: 'HEAD' })).toMatchObject({
      body: '',
      headers: { 'content-length': '8' },
    });
    expect(cached.asked).toHaveLength(2);
  });

  it('keeps no cookie that was meant for one client, whether it came with an answer or with 304', async () => {
    await using cached = await rig((request, response, turn) => {
      const { cookie, 'if-none-match': tag } = request.headers;
      const given = cookie === undefined ? { 'set-cookie': `session=${turn}` } : {};
      response.writeHead(tag === '"v1"' ? 304 : 200, { etag: '"v1"', ...given });
      response.end(tag === '"v1"' ? undefined : 'page');
    });
    const withCookie = { headers: { cookie: 'session=own' } };
    expect((await cached.send()).headers['set-cookie']).toEqual(['session=1']);
    expect((await cached.send('/', withCookie)).headers['set-cookie']).toBeUndefined();
    // From here on the page is kept, and each client's 304 is its own.
    expect((await cached.send()).headers['set-cookie']).toEqual(['session=3']);
    expect((await cached.send('/', withCookie)).headers['set-cookie']).toBeUndefined();
    expect(cached.outcomes()).toEqual({ miss: 2, validated: 2 });
  });

  it('asks whether what is stale is still right, and hands it out again where it is', async () => {
    await using cached = await rig((request, response) => {
      const isSame = request.headers['if-none-match'] === '"v1"';
      response.writeHead(isSame ? 304 : 200, {
        'cache-control': 'max-age=60',
        etag: '"v1"',
        'x-turn': isSame ? '2' : '1',
      });
      response.end(isSame ? undefined : 'whole');
    });
    await cached.send();
    await cached.clock.advance(61_000);
    expect(await cached.send()).toMatchObject({
      status: 200,
      body: 'whole',
      headers: { 'x-turn': '2', age: '0' },
    });
    expect(await cached.send()).toMatchObject({ body: 'whole' });
    expect(cached.asked).toHaveLength(2);
    expect(cached.outcomes()).toEqual({ miss: 1, validated: 1, hit: 1 });
  });

  it('asks each time where the sender wants that, and while it is fresh not where it does not', async () => {
    const respond: Parameters<typeof rig>[0] = (request, response) => {
      const control = request.url === '/no-cache' ? 'no-cache' : 'max-age=60, must-revalidate';
      const isSame = request.headers['if-none-match'] === '"v1"';
      response.writeHead(isSame ? 304 : 200, { 'cache-control': control, etag: '"v1"' });
      response.end();
    };
    await using cached = await rig(respond);
    for (let turn = 0; turn < 2; turn++) await cached.send('/no-cache');
    expect(cached.asked).toHaveLength(2);
    for (let turn = 0; turn < 2; turn++) await cached.send('/must');
    expect(cached.asked).toHaveLength(3);
  });

  it('answers 304 to a client that has just this one, from what it keeps and while it fetches', async () => {
    await using cached = await rig(answering({ 'cache-control': 'max-age=60', etag: '"v1"' }));
    const headers = { 'if-none-match': 'W/"v0", "v1"' };
    for (let turn = 0; turn < 2; turn++)
      expect(await cached.send('/', { headers })).toMatchObject({
        status: 304,
        body: '',
        headers: { etag: '"v1"' },
      });
    expect(await cached.send()).toMatchObject({ status: 200, body: 'answer 1' });
    expect(cached.asked).toHaveLength(1);
  });

  it('says with 304 how old what it keeps is, with the age at which it came, and anew once that was validated', async () => {
    await using cached = await rig((request, response) => {
      const isSame = request.headers['if-none-match'] === '"v1"';
      const age = isSame ? {} : { age: '10' };
      response.writeHead(isSame ? 304 : 200, { 'cache-control': 'max-age=60', etag: '"v1"', ...age });
      response.end(isSame ? undefined : 'page');
    });
    const has = { headers: { 'if-none-match': '"v1"' } };
    expect(await cached.send()).toMatchObject({ status: 200, headers: { age: '10' } });
    await cached.clock.advance(30_000);
    const kept = await cached.send('/', has);
    expect(kept).toMatchObject({ status: 304, headers: { age: '40', 'cache-status': 'loadline; hit' } });
    await cached.clock.advance(21_000);
    expect(await cached.send('/', has)).toMatchObject({ status: 304, headers: { age: '0' } });
    await cached.clock.advance(5000);
    expect(await cached.send('/', has)).toMatchObject({ status: 304, headers: { age: '5' } });
    expect(cached.outcomes()).toEqual({ miss: 1, hit: 2, validated: 1 });
  });

  it('fetches once for all who want it at the same time', async () => {
    const held: (() => void)[] = [];
    await using cached = await rig((_, response) => {
      held.push(() => {
        response.setHeader('cache-control', 'max-age=60');
        response.end('once');
      });
    });
    const answers = Array.from({ length: 50 }, () => cached.send());
    await eventually(() => held.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    held[0]?.();
    expect((await Promise.all(answers)).map(({ body }) => body)).toEqual(Array(50).fill('once'));
    expect(held).toHaveLength(1);
    // On a busy machine some come when it is there already.
    const { miss, waited = 0, hit = 0 } = cached.outcomes();
    expect([miss, waited + hit]).toEqual([1, 49]);
    expect(waited).toBeGreaterThan(0);
  });

  it('fetches on for those who wait when the one who asked first has gone', async () => {
    const held: (() => void)[] = [];
    await using cached = await rig((_, response) => {
      held.push(() => {
        response.setHeader('cache-control', 'max-age=60');
        response.end('for the others');
      });
    });
    const asking = ask({ port: cached.port, headers: { host: 'shop' } });
    asking.on('error', () => {});
    asking.end();
    await eventually(() => held.length === 1);
    const other = cached.send();
    await eventually(() => cached.connections() === 2);
    asking.destroy();
    await eventually(() => cached.connections() === 1);
    held[0]?.();
    expect(await other).toMatchObject({ body: 'for the others' });
    expect(held).toHaveLength(1);
  });

  it('lets nobody wait for what is not for others', async () => {
    const held: (() => void)[] = [];
    await using cached = await rig((_, response) => {
      response.setHeader('cache-control', 'private');
      response.flushHeaders();
      held.push(() => response.end('mine'));
    });
    const answers = [cached.send(), cached.send(), cached.send()];
    await eventually(() => held.length === 3);
    for (const release of held) release();
    expect((await Promise.all(answers)).map(({ body }) => body)).toEqual(['mine', 'mine', 'mine']);
  });

  it('hands out what is stale while it fetches, where the sender allows it', async () => {
    await using cached = await rig(answering({ 'cache-control': 'max-age=10, stale-while-revalidate=30' }));
    await cached.send();
    await cached.clock.advance(20_000);
    expect(await cached.send()).toMatchObject({ body: 'answer 1', headers: { age: '20' } });
    await eventually(async () => (await cached.send()).body === 'answer 2');
    expect(cached.asked).toHaveLength(2);
  });

  it('fetches the whole of it where HEAD has found it stale', async () => {
    await using cached = await rig(answering({ 'cache-control': 'max-age=10, stale-while-revalidate=30' }));
    await cached.send();
    await cached.clock.advance(20_000);
    await cached.send('/', { method: 'HEAD' });
    await eventually(async () => (await cached.send()).body === 'answer 2');
    expect(cached.asked.map(({ method }) => method)).toEqual(['GET', 'GET']);
  });

  it.each([
    ['fails', 'max-age=10, stale-if-error=60', 'answer 1', 200],
    ['fails, and the sender does not allow it', 'max-age=10', 'answer 2', 500],
    [
      'fails, and the sender wants it to be right',
      'max-age=10, stale-if-error=60, must-revalidate',
      'answer 2',
      500,
    ],
  ])('hands out what is stale where the upstream %s', async (_, control, body, status) => {
    await using cached = await rig((_request, response, turn) => {
      response.writeHead(turn === 1 ? 200 : 500, { 'cache-control': control });
      response.end(`answer ${turn}`);
    });
    await cached.send();
    await cached.clock.advance(20_000);
    expect(await cached.send()).toMatchObject({ body, status });
  });

  it('hands out what is stale to those who waited, too, and asks who fails once for all', async () => {
    const held: (() => void)[] = [];
    await using cached = await rig((_, response, turn) => {
      response.writeHead(turn === 1 ? 200 : 500, { 'cache-control': 'max-age=10, stale-if-error=60' });
      if (turn === 1) response.end('answer 1');
      else {
        response.flushHeaders();
        held.push(() => response.end('failed'));
      }
    });
    await cached.send();
    await cached.clock.advance(20_000);
    const all = [cached.send(), cached.send(), cached.send()];
    await eventually(() => held.length === 1 && cached.connections() >= all.length);
    for (const release of held) release();
    expect((await Promise.all(all)).map(({ body }) => body)).toEqual(['answer 1', 'answer 1', 'answer 1']);
    expect(cached.asked).toHaveLength(2);
  });

  it('hands out what is stale where the upstream is gone', async () => {
    await using cached = await rig(answering({ 'cache-control': 'max-age=10, stale-if-error=60' }));
    await cached.send();
    await cached.clock.advance(20_000);
    await cached.kill();
    expect(await cached.send()).toMatchObject({ body: 'answer 1', status: 200 });
    await cached.clock.advance(60_000);
    expect(await cached.send()).toMatchObject({ status: 502 });
    expect(cached.outcomes()).toEqual({ miss: 2, stale: 1 });
  });

  it('forgets what a request has changed', async () => {
    await using cached = await rig(answering({ 'cache-control': 'max-age=60' }));
    await cached.send('/food');
    await cached.send('/food', { method: 'POST' });
    expect(await cached.send('/food')).toMatchObject({ body: 'answer 3' });
    expect(cached.outcomes()).toMatchObject({ bypass: 1 });
  });

  it('keeps nothing that was on its way while a request changed it', async () => {
    const held: (() => void)[] = [];
    await using cached = await rig((request, response, turn) => {
      response.writeHead(200, { 'cache-control': 'max-age=60' });
      const end = (): unknown => response.end(`answer ${turn}`);
      if (request.method === 'GET' && turn === 1) held.push(end);
      else end();
    });
    const before = cached.send();
    await eventually(() => held.length === 1);
    await cached.send('/', { method: 'POST' });
    expect(await cached.send()).toMatchObject({ body: 'answer 3' });
    held[0]?.();
    expect(await before).toMatchObject({ body: 'answer 1' });
    expect(await cached.send()).toMatchObject({ body: 'answer 3' });
  });

  it('keeps what it keeps when a change was refused', async () => {
    await using cached = await rig((request, response, turn) => {
      response.writeHead(request.method === 'POST' ? 403 : 200, { 'cache-control': 'max-age=60' });
      response.end(`answer ${turn}`);
    });
    await cached.send();
    await cached.send('/', { method: 'POST' });
    expect(await cached.send()).toMatchObject({ body: 'answer 1' });
  });

  it('keeps no more bytes than it may: the least recently used go first', async () => {
    await using cached = await rig(
      (_, response, turn) => {
        response.setHeader('cache-control', 'max-age=60');
        response.end(`${turn}`.padEnd(10_000, 'x'));
      },
      { bytesMax: 35_000 },
    );
    for (const path of ['/a', '/b', '/c', '/a', '/d']) await cached.send(path);
    expect(cached.asked.map(({ url }) => url)).toEqual(['/a', '/b', '/c', '/d']);
    await cached.send('/a');
    await cached.send('/b');
    expect(cached.asked.map(({ url }) => url)).toEqual(['/a', '/b', '/c', '/d', '/b']);
  });

  it('hands on what is too long to be kept', async () => {
    const long = 'x'.repeat(300_000);
    await using cached = await rig(
      (request, response) => {
        response.setHeader('cache-control', 'max-age=60');
        if (request.url === '/chunks') response.write('');
        else response.setHeader('content-length', long.length);
        response.end(long);
      },
      { entryBytesMax: 100_000 },
    );
    for (const path of ['/chunks', '/length', '/chunks', '/length'])
      expect((await cached.send(path)).body === long).toBe(true);
    expect(cached.asked).toHaveLength(4);
  });

  it('gives a slow client time for what is long, and none to one that takes nothing', async () => {
    const long = 'x'.repeat(20_000_000);
    await using cached = await rig(
      (_, response) => {
        response.writeHead(200, { 'cache-control': 'max-age=3600', 'content-length': long.length });
        response.end(long);
      },
      { bytesMax: 30_000_000, entryBytesMax: 30_000_000 },
    );
    const [first, later, still] = [0, 1, 2].map(() => new RawClient(cached.port)) as [
      RawClient,
      RawClient,
      RawClient,
    ];
    let allowed = 0;
    for (const client of [first, later, still]) {
      client.socket.on('data', () => {
        if (client === still || client.heard.length > allowed) client.socket.pause();
      });
      // The first is told what is fetched, the others what is kept.
      await client.send(getOnce()).hears('200 OK');
    }
    // Until the system's own buffers are full, nobody can tell who takes nothing.
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (let second = 0; second < 25; second++) {
      allowed += 500_000;
      for (const { socket } of [first, later]) socket.resume();
      await eventually(() => first.heard.length > allowed && later.heard.length > allowed);
      await cached.clock.advance(1000);
    }
    still.socket.removeAllListeners('data').resume();
    await still.ends();
    expect(still.error).toMatchObject({ code: 'ECONNRESET' });
    allowed = Number.POSITIVE_INFINITY;
    for (const client of [first, later]) {
      client.socket.resume();
      const [, body] = (await client.ends()).split('\r\n\r\n');
      expect(body).toHaveLength(long.length);
    }
    expect(cached.asked).toHaveLength(1);
  });

  it('keeps nothing of an answer that broke off', async () => {
    let turn = 0;
    await using server = await serveRaw((socket) => {
      turn++;
      if (turn > 1) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole');
      else {
        socket.write('HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 5\r\n\r\nha');
        setTimeout(() => socket.resetAndDestroy(), 10);
      }
    });
    await using proxy = await proxyBefore([server], { cache: {} });
    await expect(sendTo(proxy.port, '/', 'GET', {})).rejects.toThrow();
    expect(await sendTo(proxy.port, '/', 'GET', {})).toMatchObject({ body: 'whole' });
  });

  it.each([
    ['parts', { range: 'bytes=0-1' }],
    ['what is not to be kept', { 'cache-control': 'no-store' }],
  ])('has no say in requests for %s', async (_, headers) => {
    await using cached = await rig(answering({ 'cache-control': 'max-age=60' }));
    await cached.send('/', { headers });
    expect(await cached.send('/', { headers })).toMatchObject({ body: 'answer 2' });
  });

  it('answers 504 where only what is kept is wanted, and it is not', async () => {
    await using cached = await rig(answering({ 'cache-control': 'max-age=60' }));
    expect(await cached.send('/', { headers: { 'cache-control': 'only-if-cached' } })).toMatchObject({
      status: 504,
    });
    expect(cached.asked).toHaveLength(0);
  });

  it.each(['no-cache', 'No-Cache', 'MAX-AGE=0'])(
    'asks anew where the client wants that, by %s',
    async (wish) => {
      await using cached = await rig(answering({ 'cache-control': 'max-age=60' }));
      await cached.send();
      await cached.clock.advance(1000);
      expect(await cached.send('/', { headers: { 'cache-control': wish } })).toMatchObject({
        body: 'answer 2',
      });
      expect(await cached.send()).toMatchObject({ body: 'answer 2' });
    },
  );
});
