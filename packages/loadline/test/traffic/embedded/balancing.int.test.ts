import { type Clock, createVirtualClock } from 'loadline/base';
import { createRegistry, renderPrometheus } from 'loadline/metrics';
import type { BalancePolicy, EmbeddedProxy } from 'loadline/traffic';
import { describe, expect, it } from 'vitest';
import {
  deadPort,
  eventually,
  exchange,
  get,
  getOnce,
  proxyBefore,
  RawClient,
  serve,
  serveRaw,
  upstream,
} from './proxied.ts';

const { signal } = new AbortController();
/** With a date, so that the proxy adds none. */
const date = 'date: Tue, 01 Dec 2026 00:00:00 GMT\r\n';
const ok = `HTTP/1.1 200 OK\r\n${date}Content-Length: 2\r\n\r\nok`;

async function statuses(proxy: EmbeddedProxy): Promise<string[]> {
  return (await proxy.observe(signal)).map(({ status }) => status);
}

const handedOn = `HTTP/1.1 200 OK\r\n${date}content-length: 2\r\nvia: 1.1 loadline\r\n\r\nok`;

/** A clock by which every answer takes about as long: it goes on by as much each time that somebody looks. */
function createSteadyClock(): Clock {
  const clock = createVirtualClock();
  let looks = 0;
  return { ...clock, monotonicMs: () => looks++ / 100 };
}

/** Sends so many requests over some connections, twenty of each in one piece. */
async function sendMany(port: number, requests: number, connections: number): Promise<void> {
  const each = Array.from({ length: connections }, async () => {
    const client = new RawClient(port);
    for (let sent = 0; sent < requests / connections; sent += 20) {
      client.heard = '';
      await client.send(get().repeat(20)).hears(handedOn.repeat(20));
    }
    client.socket.destroy();
  });
  await Promise.all(each);
}

describe('balancing by the embedded proxy', () => {
  // By address it is keys that are spread, and a test has one address.
  it.each(['round robin', 'least connections', 'two choices'] satisfies BalancePolicy[])(
    'by %s spreads 4,000 requests each over equal instances with a variation below 0.05',
    async (policy) => {
      // Two choices goes by latency, and is to see equal ones as equal, however busy the machine of the test is.
      const clock = createSteadyClock();
      const counts = [0, 0];
      await using stack = new AsyncDisposableStack();
      const servers = [];
      for (const at of counts.keys())
        servers.push(
          stack.use(
            await serveRaw((socket) => {
              counts[at] = (counts[at] as number) + 1;
              socket.write(ok);
            }),
          ),
        );
      await using proxy = await proxyBefore(servers, { policy, clock });
      await sendMany(proxy.port, 8000, 8);
      const deviation = Math.sqrt(
        counts.reduce((sum, count) => sum + (count - 4000) ** 2, 0) / counts.length,
      );
      expect(counts.reduce((sum, count) => sum + count)).toBe(8000);
      expect(deviation / 4000).toBeLessThan(0.05);
    },
  );

  it('by address sends a client to the same one', async () => {
    await using a = await serveRaw((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na'));
    await using b = await serveRaw((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb'));
    await using proxy = await proxyBefore([a, b], { policy: 'address hash' });
    const answers = [];
    for (let turn = 0; turn < 10; turn++) answers.push((await exchange(proxy.port, getOnce())).slice(-1));
    expect(new Set(answers).size).toBe(1);
  });

  it('by address goes, behind a proxy of ours, by the client of that one', async () => {
    await using a = await serveRaw((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na'));
    await using b = await serveRaw((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb'));
    await using proxy = await proxyBefore([a, b], { policy: 'address hash', trustsForwarded: true });
    const answererOf = async (client: number): Promise<string> =>
      (await exchange(proxy.port, getOnce('/', `X-Forwarded-For: 192.0.2.${client}, 10.0.0.1\r\n`))).slice(
        -1,
      );
    const first = [];
    for (let client = 0; client < 20; client++) first.push(await answererOf(client));
    expect(new Set(first)).toEqual(new Set(['a', 'b']));
    for (let client = 0; client < 20; client++) expect(await answererOf(client)).toBe(first[client]);
  });

  it('by two choices leaves alone who was slow', async () => {
    let asked = 0;
    await using slow = await serve((_, response) => {
      asked++;
      setTimeout(() => response.end('ok'), 50);
    });
    await using quick = await serve((_, response) => response.end('ok'));
    await using proxy = await proxyBefore([slow, quick], { policy: 'two choices' });
    for (let turn = 0; turn < 40; turn++) await exchange(proxy.port, getOnce());
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(10);
  });

  it('takes out who fails, and lets it in again after a while', async () => {
    const clock = createVirtualClock();
    let [isWell, asked] = [false, 0];
    await using ill = await serve((_, response) => {
      asked++;
      response.statusCode = isWell ? 200 : 500;
      response.end('ill');
    });
    await using well = await serve((_, response) => response.end('well'));
    const registry = createRegistry();
    await using proxy = await proxyBefore([ill, well], { clock, registry });
    for (let turn = 0; turn < 20; turn++) await exchange(proxy.port, getOnce());
    expect(asked).toBe(5);
    expect(await statuses(proxy)).toEqual(['down', 'up']);
    isWell = true;
    await clock.advance(10_001);
    expect(await statuses(proxy)).toEqual(['up', 'up']);
    for (let turn = 0; turn < 4; turn++) await exchange(proxy.port, getOnce());
    expect(asked).toBe(7);
    let text = '';
    for await (const slice of renderPrometheus(registry)) text += slice;
    expect(text).toContain('loadline_proxy_ejections_total{proxy="embedded",upstream="a"} 1');
    expect(text).toContain('loadline_proxy_requests_total{proxy="embedded",upstream="a",status="5xx"} 5');
    expect(text).toContain(
      'loadline_proxy_upstream_duration_seconds_count{proxy="embedded",upstream="b"} 17',
    );
  });

  it('sends to all again when so many are down that the others would be overrun', async () => {
    const clock = createVirtualClock();
    const asked = [0, 0, 0];
    await using stack = new AsyncDisposableStack();
    const servers = [];
    for (const at of asked.keys())
      servers.push(
        stack.use(
          await serve((request, response) => {
            if (request.url === '/health/ready') response.statusCode = at === 0 ? 200 : 503;
            else asked[at] = (asked[at] as number) + 1;
            response.end();
          }),
        ),
      );
    await using proxy = await proxyBefore(servers, { clock, healthCheck: {} });
    await eventually(async () => {
      await clock.advance(500);
      return (await statuses(proxy)).every((status) => status !== 'starting');
    });
    expect(await statuses(proxy)).toEqual(['up', 'down', 'down']);
    for (let turn = 0; turn < 6; turn++) await exchange(proxy.port, getOnce());
    expect(asked).toEqual([2, 2, 2]);
  });

  it('sends to one that is checked only when it is up, and no more when it is not', async () => {
    const clock = createVirtualClock();
    let isReady = true;
    let isAsked = 0;
    await using server = await serve((request, response) => {
      if (request.url === '/health/ready') isAsked++;
      response.statusCode = request.url === '/health/ready' && !isReady ? 503 : 200;
      response.end();
    });
    await using proxy = await proxyBefore([server], { clock, healthCheck: {}, panicRatio: 0 });
    expect(await statuses(proxy)).toEqual(['starting']);
    expect(await exchange(proxy.port, getOnce())).toMatch(/^HTTP\/1.1 503 /);
    const until = async (status: string): Promise<void> =>
      eventually(async () => {
        await clock.advance(1000);
        return (await statuses(proxy))[0] === status;
      });
    await until('up');
    expect(await exchange(proxy.port, getOnce())).toMatch(/^HTTP\/1.1 200 /);
    isReady = false;
    isAsked = 0;
    await until('down');
    expect(isAsked).toBe(3);
    expect(await exchange(proxy.port, getOnce())).toMatch(/^HTTP\/1.1 503 /);
  });

  it('takes a health answer that has no end for none, and holds no connection for it', async () => {
    const clock = createVirtualClock();
    await using endless = await serveRaw(
      (socket) => void socket.write('HTTP/1.1 200 OK\r\n\r\nhealthy, and '),
    );
    await using proxy = await proxyBefore([endless], { clock, healthCheck: {} });
    for (let turn = 0; turn < 4; turn++) {
      await clock.advance(5000);
      // Time for the answer to come, as far as it does.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await statuses(proxy)).toEqual(['down']);
    // That of the check that is under way now, at most.
    await eventually(() => endless.sockets.size <= 1);
  });

  it('holds nothing of before against one that its checks have seen down and up again', async () => {
    const clock = createVirtualClock();
    let isWell = true;
    let failedChecks = 0;
    await using server = await serve((request, response) => {
      response.statusCode = isWell ? 200 : 500;
      if (!isWell && request.url === '/health/ready') failedChecks++;
      response.end();
    });
    await using other = await serve((_, response) => response.end());
    await using proxy = await proxyBefore([server, other], {
      clock,
      healthCheck: {},
      ejection: { durationMs: 3_600_000, durationMsMax: 3_600_000 },
      panicRatio: 0,
    });
    const until = async (status: string): Promise<void> =>
      eventually(async () => {
        await clock.advance(1000);
        return (await statuses(proxy))[0] === status;
      });
    await until('up');
    isWell = false;
    for (let turn = 0; turn < 20; turn++) await exchange(proxy.port, getOnce());
    expect((await statuses(proxy))[0]).toBe('down');
    await eventually(async () => {
      await clock.advance(1000);
      return failedChecks >= 4;
    });
    isWell = true;
    await until('up');
  });

  it('takes out who lets the time of requests pass, but not for a client that is in a hurry', async () => {
    const clock = createVirtualClock();
    let asked = 0;
    await using hanging = await serveRaw(() => asked++);
    await using well = await serve((_, response) => response.end('well'));
    const ejection = { durationMs: 3_600_000, durationMsMax: 3_600_000 };
    const options = { clock, deadlineMs: 1000, trustsForwarded: true, panicRatio: 0, ejection };
    await using proxy = await proxyBefore([hanging, well], options);
    const ask = async (lines: string): Promise<void> => {
      const before = asked;
      const client = new RawClient(proxy.port).send(getOnce('/', lines));
      await eventually(() => asked > before || client.isEnded);
      await clock.advance(1200);
      await client.ends();
    };
    for (let turn = 0; turn < 20; turn++) await ask('X-Envoy-Expected-RQ-Timeout-MS: 900\r\n');
    expect([asked, await statuses(proxy)]).toEqual([10, ['up', 'up']]);
    for (let turn = 0; turn < 20; turn++) await ask('');
    expect([asked, (await statuses(proxy))[0]]).toEqual([15, 'down']);
  });

  it('takes nobody out who says that a client was in too much of a hurry', async () => {
    await using hasty = await serve((_, response) => {
      response.statusCode = 504;
      response.end();
    });
    await using proxy = await proxyBefore([hasty], { clock: createVirtualClock(), trustsForwarded: true });
    const inHaste = getOnce('/', 'X-Envoy-Expected-RQ-Timeout-MS: 1\r\n');
    for (let turn = 0; turn < 6; turn++) await exchange(proxy.port, inHaste);
    expect(await statuses(proxy)).toEqual(['up']);
    for (let turn = 0; turn < 6; turn++) await exchange(proxy.port, getOnce());
    expect(await statuses(proxy)).toEqual(['down']);
  });

  it('is content, where it checks by TCP, with a connection', async () => {
    await using silent = await serveRaw(() => {});
    const clock = createVirtualClock();
    await using proxy = await proxyBefore([silent, { port: await deadPort() }], {
      clock,
      healthCheck: { kind: 'tcp' },
    });
    await eventually(async () => {
      await clock.advance(500);
      return (await statuses(proxy)).every((status) => status !== 'starting');
    });
    expect(await statuses(proxy)).toEqual(['up', 'down']);
  });

  it('lets the share of a new one grow', async () => {
    const clock = createVirtualClock();
    const asked = new Map<string, number>();
    const answering = (id: string) =>
      serve((_, response) => {
        asked.set(id, (asked.get(id) ?? 0) + 1);
        response.end();
      });
    await using a = await answering('a');
    await using b = await answering('b');
    await using proxy = await proxyBefore([a], { clock, slowStartMs: 10_000 });
    await exchange(proxy.port, getOnce());
    await clock.advance(10_000);
    await proxy.apply([upstream('a', a), upstream('b', b)], signal);
    const shareOfB = async (): Promise<number> => {
      asked.clear();
      for (let turn = 0; turn < 44; turn++) await exchange(proxy.port, getOnce());
      return (asked.get('b') ?? 0) / 44;
    };
    expect(await shareOfB()).toBeCloseTo(0.1 / 1.1, 1);
    await clock.advance(5000);
    expect(await shareOfB()).toBeCloseTo(0.5 / 1.5, 1);
    await clock.advance(5000);
    expect(await shareOfB()).toBeCloseTo(0.5, 1);
  });

  it('counts of its zone with the whole weight who is down, also where shares grow slowly', async () => {
    const clock = createVirtualClock();
    const asked = { here: 0, there: 0 };
    const answering = (zone: keyof typeof asked, isWell: boolean) =>
      serve((request, response) => {
        if (request.url === '/health/ready') response.statusCode = isWell ? 200 : 503;
        else asked[zone]++;
        response.end();
      });
    await using well = await answering('here', true);
    await using ill = await answering('here', false);
    await using there = await answering('there', true);
    await using proxy = await proxyBefore([], { clock, zone: 'eu', slowStartMs: 10_000, healthCheck: {} });
    await proxy.apply(
      [
        upstream('well', well, { zone: 'eu' }),
        upstream('ill', ill, { zone: 'eu' }),
        upstream('there', there, { zone: 'us' }),
      ],
      signal,
    );
    await eventually(async () => {
      await clock.advance(500);
      return (await statuses(proxy)).join() === 'up,down,up';
    });
    await exchange(proxy.port, getOnce());
    await clock.advance(11_000);
    for (let turn = 0; turn < 100; turn++) await exchange(proxy.port, getOnce());
    // Half of the zone carries seven tenths of it.
    expect(asked.there).toBeGreaterThan(15);
    expect(asked.there).toBeLessThan(45);
  });

  it('stays in its own zone, and goes elsewhere for what that is short of', async () => {
    const asked = new Map<string, number>();
    const answering = (id: string) =>
      serve((_, response) => {
        asked.set(id, (asked.get(id) ?? 0) + 1);
        response.end();
      });
    await using here = await answering('here');
    await using there = await answering('there');
    await using proxy = await proxyBefore([], { zone: 'eu' });
    const listed = [upstream('here', here, { zone: 'eu' }), upstream('there', there, { zone: 'us' })];
    await proxy.apply(listed, signal);
    for (let turn = 0; turn < 10; turn++) await exchange(proxy.port, getOnce());
    expect(Object.fromEntries(asked)).toEqual({ here: 10 });
    await proxy.apply(
      [upstream('here', here, { zone: 'eu', mode: 'draining' }), listed[1] as (typeof listed)[number]],
      signal,
    );
    expect(await exchange(proxy.port, getOnce())).toMatch(/^HTTP\/1.1 200 /);
    expect(asked.get('there')).toBe(1);
  });
});
