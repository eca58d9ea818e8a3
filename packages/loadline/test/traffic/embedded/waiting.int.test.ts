import type { Socket } from 'node:net';
import { createVirtualClock } from 'loadline/base';
import { createRegistry } from 'loadline/metrics';
import type { EmbeddedProxy, EmbeddedProxyOptions } from 'loadline/traffic';
import { describe, expect, it } from 'vitest';
import {
  eventually,
  exchange,
  get,
  getOnce,
  proxyBefore,
  RawClient,
  serve,
  serveRaw,
  type TestServer,
  upstream,
} from './proxied.ts';

const { signal } = new AbortController();

/** A server that answers when the test says so: who was asked for is told by the first of its requests that wait. */
interface Deliberate extends TestServer {
  /** Paths of requests that it has and has not answered. */
  readonly open: string[];
  answerFirst(): void;
}

async function deliberate(): Promise<Deliberate> {
  const open: string[] = [];
  const sockets: Socket[] = [];
  const server = await serveRaw((socket, text) => {
    for (const [, path = ''] of text.matchAll(/^(?:GET|POST) (\S+) HTTP/gm)) {
      open.push(path);
      sockets.push(socket);
    }
  });
  const answerFirst = (): void => {
    const path = open.shift() as string;
    sockets.shift()?.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`);
  };
  return { ...server, open, answerFirst };
}

interface Seen {
  readonly waiting: number;
  readonly waited: number;
}

/** A proxy whose upstreams may have so many requests at once, and what it tells of its line. */
async function proxyWithLine(
  servers: readonly TestServer[],
  requestsMax: number,
  options: Partial<EmbeddedProxyOptions> = {},
): Promise<{ proxy: EmbeddedProxy; seen: () => Seen }> {
  const registry = createRegistry();
  const limits = { upstreamRequestsMax: requestsMax, ...options.limits };
  const proxy = await proxyBefore(servers, { policy: 'least connections', ...options, registry, limits });
  const seen = (): Seen => {
    const series = registry.snapshot().map(({ name, series: [first] }) => [name, first] as const);
    const of = new Map(series);
    const gauge = of.get('loadline_proxy_queued');
    const histogram = of.get('loadline_proxy_queue_duration_seconds');
    return {
      waiting: gauge !== undefined && 'value' in gauge ? gauge.value : 0,
      waited: histogram !== undefined && 'histogram' in histogram ? histogram.histogram.count : 0,
    };
  };
  return { proxy, seen };
}

/** Clients that ask one after the other, so that the order in which they came is known. */
async function askInOrder(
  { proxy, seen }: Awaited<ReturnType<typeof proxyWithLine>>,
  server: Deliberate,
  paths: readonly string[],
): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  for (const path of paths) {
    const before = server.open.length + seen().waiting;
    clients.push(new RawClient(proxy.port).send(get(path)));
    await eventually(() => server.open.length + seen().waiting > before);
  }
  return clients;
}

describe('the line before upstreams that are busy', () => {
  it('lets each have so many at once, and sends the others in the order in which they came', async () => {
    await using server = await deliberate();
    const before = await proxyWithLine([server], 2);
    await using proxy = before.proxy;
    const clients = await askInOrder(before, server, ['/1', '/2', '/3', '/4', '/5']);
    expect(server.open).toEqual(['/1', '/2']);
    expect(before.seen()).toEqual({ waiting: 3, waited: 0 });
    expect(await proxy.observe(signal)).toMatchObject([{ inFlight: 2 }]);
    for (const [nth, client] of clients.entries()) {
      server.answerFirst();
      await client.hears(`/${nth + 1}`);
      await eventually(() => server.open.length === Math.min(2, 4 - nth));
      expect(server.open[0]).toBe(nth === 4 ? undefined : `/${nth + 2}`);
    }
    expect(before.seen()).toEqual({ waiting: 0, waited: 3 });
    // Each on a connection that there was already.
    expect(server.sockets.size).toBe(2);
    for (const client of clients) client.socket.destroy();
  });

  it('gives what waits to whoever comes, and not to those alone that were there', async () => {
    await using old = await deliberate();
    await using fresh = await deliberate();
    // By what happens, not by a look from time to time: no time passes here.
    const before = await proxyWithLine([old], 1, { clock: createVirtualClock() });
    await using proxy = before.proxy;
    const clients = await askInOrder(before, old, ['/1', '/2', '/3']);
    await proxy.apply([upstream('a', old), upstream('b', fresh)], signal);
    await eventually(() => fresh.open.length > 0);
    expect([old.open, fresh.open]).toEqual([['/1'], ['/2']]);
    fresh.answerFirst();
    await clients[1]?.hears('/2');
    await eventually(() => fresh.open.length > 0);
    expect(fresh.open).toEqual(['/3']);
    for (const client of clients) client.socket.destroy();
  });

  it('says 503 to who has waited for too long, and takes it from nobody else', async () => {
    const clock = createVirtualClock();
    await using server = await deliberate();
    const before = await proxyWithLine([server], 1, { clock, limits: { queueTimeoutMs: 2000 } });
    await using _proxy = before.proxy;
    const [first, late] = await askInOrder(before, server, ['/1', '/2']);
    await clock.advance(1500);
    expect(late?.heard).toBe('');
    const [last] = await askInOrder(before, server, ['/3']);
    await clock.advance(700);
    const refusal = await (late as RawClient).hears('problem+json');
    expect(refusal).toMatch(/^HTTP\/1\.1 503 /);
    expect(refusal.toLowerCase()).toContain('retry-after: 1');
    expect(await (late as RawClient).hears('none became free in time')).toBeDefined();
    expect(before.seen(), 'its wait is one, too').toEqual({ waiting: 1, waited: 1 });
    server.answerFirst();
    await first?.hears('/1');
    await eventually(() => server.open.length > 0);
    expect(server.open).toEqual(['/3']);
    server.answerFirst();
    await last?.hears('/3');
    // The refusal was the proxy's own, and holds for that request alone.
    late?.send(get('/4'));
    await eventually(() => server.open.length > 0);
    for (const client of [first, late, last]) client?.socket.destroy();
  });

  it('sends nothing for a client that has gone meanwhile', async () => {
    await using server = await deliberate();
    const before = await proxyWithLine([server], 1);
    await using _proxy = before.proxy;
    const [first, gone, last] = await askInOrder(before, server, ['/1', '/2', '/3']);
    gone?.socket.destroy();
    await eventually(() => before.seen().waiting === 1);
    server.answerFirst();
    await first?.hears('/1');
    await eventually(() => server.open.length > 0);
    expect(server.open).toEqual(['/3']);
    for (const client of [first, last]) client?.socket.destroy();
  });

  it('says 504, and sends nothing, where the time of a request is over before its turn', async () => {
    const clock = createVirtualClock();
    await using server = await deliberate();
    const before = await proxyWithLine([server], 1, { clock, deadlineMs: 1000 });
    await using _proxy = before.proxy;
    const clients = await askInOrder(before, server, ['/1', '/2']);
    await clock.advance(1200);
    for (const client of clients) expect(await client.hears('problem+json')).toMatch(/^HTTP\/1\.1 504 /);
    expect(server.open).toEqual(['/1']);
    for (const client of clients) client.socket.destroy();
  });

  it('sends nothing for which nobody waits, also before it has noticed that the time is over', async () => {
    const clock = createVirtualClock();
    await using server = await deliberate();
    const before = await proxyWithLine([server], 1, { clock, deadlineMs: 1020 });
    await using proxy = before.proxy;
    const [first, late] = await askInOrder(before, server, ['/1', '/2']);
    await clock.advance(1050);
    server.answerFirst();
    await first?.hears('/1');
    await eventually(() => before.seen().waiting === 0);
    expect(await proxy.observe(signal)).toMatchObject([{ inFlight: 0 }]);
    await clock.advance(100);
    expect(await late?.hears('problem+json')).toMatch(/^HTTP\/1\.1 504 /);
    for (const client of [first, late]) client?.socket.destroy();
  });

  it('lets nobody pass who comes just when there is room again', async () => {
    const clock = createVirtualClock();
    let answersBadly = true;
    const reached: string[] = [];
    await using moody = await serveRaw((socket, text) => {
      reached.push(/^GET (\S+)/.exec(text)?.[1] ?? '');
      if (answersBadly) socket.write('HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n');
    });
    await using steady = await deliberate();
    const ejection = { failuresMax: 1, durationMs: 1050, ejectedRatioMax: 1 };
    const before = await proxyWithLine([], 1, { clock, ejection, panicRatio: 0 });
    await using proxy = before.proxy;
    await proxy.apply([upstream('a', moody)], signal);
    expect(await exchange(proxy.port, getOnce('/bad'))).toContain('500');
    answersBadly = false;
    await proxy.apply([upstream('a', moody), upstream('b', steady)], signal);
    const clients = await askInOrder(before, steady, ['/1', '/2']);
    expect([steady.open, before.seen().waiting]).toEqual([['/1'], 1]);
    // It is back, and the line has not looked since.
    await clock.advance(1050);
    clients.push(new RawClient(proxy.port).send(get('/3')));
    await eventually(() => reached.length === 2);
    expect(reached).toEqual(['/bad', '/2']);
    for (const client of clients) client.socket.destroy();
  });

  it('repeats what broke before all that was never sent, elsewhere, and lets the others pass while there is room', async () => {
    await using dying = await deliberate();
    await using well = await deliberate();
    const before = await proxyWithLine([dying, well], 1);
    await using proxy = before.proxy;
    const paths = ['/1', '/2', '/3', '/4'];
    const clients: RawClient[] = [];
    for (const path of paths) {
      const was = dying.open.length + well.open.length + before.seen().waiting;
      clients.push(new RawClient(proxy.port).send(get(path)));
      await eventually(() => dying.open.length + well.open.length + before.seen().waiting > was);
    }
    const [broken] = dying.open;
    const [other] = well.open;
    // The connections alone break: the server is there, and could be asked again.
    dying.open.splice(0);
    for (const socket of dying.sockets) socket.resetAndDestroy();
    // Who has room is asked for those that have not tried it yet.
    await eventually(() => dying.open.length > 0);
    expect(dying.open).toEqual(['/3']);
    well.answerFirst();
    await clients[paths.indexOf(other as string)]?.hears(other as string);
    await eventually(() => well.open.length > 0);
    expect(well.open).toEqual([broken]);
    for (const client of clients) client.socket.destroy();
  });

  it('gives one that was taken out and is back no more than it has room for beside what it had', async () => {
    await using server = await deliberate();
    const before = await proxyWithLine([server], 2);
    await using proxy = before.proxy;
    const clients = await askInOrder(before, server, ['/1', '/2']);
    for (let time = 0; time < 2; time++) {
      await proxy.apply([], signal);
      await proxy.apply([upstream('a', server)], signal);
    }
    clients.push(...(await askInOrder(before, server, ['/3'])));
    expect([server.open, before.seen().waiting]).toEqual([['/1', '/2'], 1]);
    expect(await proxy.observe(signal)).toMatchObject([{ inFlight: 2 }]);
    server.answerFirst();
    await clients[0]?.hears('/1');
    await eventually(() => server.open.length === 2);
    expect(server.open).toEqual(['/2', '/3']);
    for (const client of clients) client.socket.destroy();
    // Nothing is held against it for longer than it is so.
    await eventually(async () => (await proxy.observe(signal))[0]?.inFlight === 0);
  });

  it('sends nothing for a client that has gone with the body of its request', async () => {
    await using server = await deliberate();
    const before = await proxyWithLine([server], 1);
    await using _proxy = before.proxy;
    const [first] = await askInOrder(before, server, ['/1']);
    const gone = new RawClient(before.proxy.port).send(
      'POST /2 HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello',
    );
    await eventually(() => before.seen().waiting === 1);
    gone.socket.destroy();
    await eventually(() => before.seen().waiting === 0);
    server.answerFirst();
    await first?.hears('/1');
    expect(server.open).toEqual([]);
    first?.socket.destroy();
  });

  it('repeats first what met a connection that was closed while it was idle, too', async () => {
    await using stale = await deliberate();
    await using well = await deliberate();
    const before = await proxyWithLine([stale], 1);
    await using proxy = before.proxy;
    const [was] = await askInOrder(before, stale, ['/0']);
    stale.answerFirst();
    await was?.hears('/0');
    const clients = await askInOrder(before, stale, ['/1']);
    await proxy.apply([upstream('a', stale), upstream('b', well)], signal);
    clients.push(...(await askInOrder(before, well, ['/2', '/3'])));
    expect([stale.open, well.open, before.seen().waiting]).toEqual([['/1'], ['/2'], 1]);
    await proxy.apply([upstream('a', stale, { mode: 'draining' }), upstream('b', well)], signal);
    for (const socket of stale.sockets) socket.resetAndDestroy();
    await eventually(() => before.seen().waiting === 2);
    well.answerFirst();
    await clients[1]?.hears('/2');
    await eventually(() => well.open.length > 0);
    expect(well.open).toEqual(['/1']);
    for (const client of [was, ...clients]) client?.socket.destroy();
  });

  it('asks the same one again rather than nobody, where the others had no room in time', async () => {
    const clock = createVirtualClock();
    await using dying = await deliberate();
    await using well = await deliberate();
    const before = await proxyWithLine([], 1, { clock });
    await using proxy = before.proxy;
    await proxy.apply([upstream('b', well)], signal);
    const clients = await askInOrder(before, well, ['/long']);
    await proxy.apply([upstream('a', dying), upstream('b', well)], signal);
    clients.push(...(await askInOrder(before, dying, ['/1'])));
    for (const socket of dying.sockets) socket.resetAndDestroy();
    await eventually(() => before.seen().waiting === 1);
    await clock.advance(5200);
    await eventually(() => dying.open.length === 2);
    // The one that broke hears nothing.
    for (let time = 0; time < 2; time++) dying.answerFirst();
    expect(await clients[1]?.hears('/1')).toMatch(/^HTTP\/1\.1 200 /);
    for (const client of clients) client.socket.destroy();
  });

  it('says at once that there is nobody, where the last one is taken out', async () => {
    await using server = await deliberate();
    const before = await proxyWithLine([server], 1, { clock: createVirtualClock() });
    await using proxy = before.proxy;
    const [first, waiting] = await askInOrder(before, server, ['/1', '/2']);
    await proxy.apply([], signal);
    expect(await waiting?.hears('No upstream can be sent requests')).toMatch(/^HTTP\/1\.1 503 /);
    // What is under way there ends as ever.
    server.answerFirst();
    await first?.hears('/1');
    for (const client of [first, waiting]) client?.socket.destroy();
  });

  it('takes the body of a request when it is its turn, and not before', async () => {
    await using server = await serve((request, response) => {
      if (request.url === '/slow') setTimeout(() => response.end('slow'), 50);
      else {
        let body = '';
        request.setEncoding('latin1').on('data', (piece: string) => {
          body += piece;
        });
        request.on('end', () => response.end(`got ${body}`));
      }
    });
    const before = await proxyWithLine([server], 1);
    await using proxy = before.proxy;
    const slow = new RawClient(proxy.port).send(get('/slow'));
    await eventually(async () => (await proxy.observe(signal))[0]?.inFlight === 1);
    const body = 'x'.repeat(200_000);
    const text = `POST /b HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const heard = await exchange(proxy.port, text);
    expect(heard).toContain(`got ${body}`);
    await slow.hears('slow');
    slow.socket.destroy();
  });

  it('lets a new one have a share of the limit only while its own share grows', async () => {
    const clock = createVirtualClock();
    await using server = await deliberate();
    const before = await proxyWithLine([server], 10, { clock, slowStartMs: 10_000 });
    await using _proxy = before.proxy;
    const paths = Array.from({ length: 6 }, (_, nth) => `/${nth}`);
    const clients = await askInOrder(before, server, paths);
    expect(server.open).toHaveLength(1);
    await clock.advance(4100);
    // Four tenths and a bit of ten, in whole requests.
    await eventually(() => server.open.length === 5);
    expect(before.seen().waiting).toBe(1);
    for (const client of clients) client.socket.destroy();
  });

  it('asks another zone rather than to let anybody wait', async () => {
    await using near = await deliberate();
    await using far = await deliberate();
    const before = await proxyWithLine([], 1, { zone: 'a' });
    await using proxy = before.proxy;
    await proxy.apply([upstream('n', near, { zone: 'a' }), upstream('f', far, { zone: 'b' })], signal);
    const one = new RawClient(proxy.port).send(get('/1'));
    await eventually(() => near.open.length === 1);
    const two = new RawClient(proxy.port).send(get('/2'));
    await eventually(() => far.open.length === 1);
    for (const client of [one, two]) client.socket.destroy();
  });

  it('ends with the proxy: who still waits is told, or cut', async () => {
    await using server = await deliberate();
    const before = await proxyWithLine([server], 1);
    const clients = await askInOrder(before, server, ['/1', '/2']);
    expect(await before.proxy.close({ graceMs: 0 })).toEqual({ cut: 2 });
    for (const client of clients) await client.ends();
    expect(server.open).toEqual(['/1']);
  });

  it('never has anybody wait where there is no limit', async () => {
    await using server = await deliberate();
    const before = await proxyWithLine([server], Number.POSITIVE_INFINITY);
    await using proxy = before.proxy;
    const clients = await askInOrder(before, server, ['/1', '/2', '/3']);
    expect(server.open).toHaveLength(3);
    for (const client of clients) client.socket.destroy();
    await using other = await serve((_, response) => response.end('ok'));
    await proxy.apply([upstream('b', other)], signal);
    expect(await exchange(proxy.port, getOnce())).toContain('ok');
  });
});
