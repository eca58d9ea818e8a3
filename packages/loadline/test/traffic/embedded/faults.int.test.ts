import type { Socket } from 'node:net';
import { createVirtualClock, type VirtualClock } from 'loadline/base';
import { createRegistry, renderPrometheus } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';
import {
  bodyOf,
  deadPort,
  echo,
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
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A request whose client sends the body when it is told that it may. */
const expecting = 'POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n';

/** Counters of the proxy by name, without labels. */
function counted(registry: ReturnType<typeof createRegistry>, name: string): number {
  const family = registry.families().find((each) => each.name === `loadline_proxy_${name}`);
  if (family === undefined || family.kind === 'histogram') return 0;
  return [...family.series()].reduce((sum, { value }) => sum + value, 0);
}

/** Lets time pass until the connection has ended. */
async function untilEnded(client: RawClient, clock: VirtualClock): Promise<string> {
  await eventually(async () => {
    await clock.advance(1000);
    return client.isEnded;
  });
  return await client.ends();
}

describe('the embedded proxy repeats', () => {
  it('any request that nothing has reached, at another upstream', async () => {
    await using server = await serve(echo);
    const registry = createRegistry();
    await using proxy = await proxyBefore([{ port: await deadPort() }, server], { registry });
    for (let turn = 0; turn < 4; turn++) {
      const heard = await exchange(
        proxy.port,
        'POST /a HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello',
      );
      expect(heard).toContain('"body":"hello"');
    }
    expect(counted(registry, 'retries_total')).toBeGreaterThan(0);
  });

  it('an idempotent one whose upstream has died before a byte of the answer', async () => {
    let asked = 0;
    await using dying = await serveRaw((socket) => {
      asked++;
      socket.resetAndDestroy();
    });
    await using server = await serve(echo);
    await using proxy = await proxyBefore([dying, server]);
    for (let turn = 0; turn < 4; turn++)
      expect(await exchange(proxy.port, getOnce())).toMatch(/^HTTP\/1.1 200 /);
    expect(asked).toBeGreaterThan(0);
  });

  it('no POST that may have been read, and says so', async () => {
    let asked = 0;
    await using dying = await serveRaw((socket) => {
      asked++;
      socket.resetAndDestroy();
    });
    await using proxy = await proxyBefore([dying]);
    const heard = await exchange(
      proxy.port,
      'POST / HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
    );
    expect(heard).toMatch(/^HTTP\/1.1 502 Bad Gateway\r\ncontent-type: application\/problem\+json\r\n/);
    expect(heard).toContain('The upstream a broke off (ECONNRESET).');
    expect(asked).toBe(1);
  });

  it('nothing of which a byte of the answer has come', async () => {
    let asked = 0;
    await using dying = await serveRaw((socket) => {
      asked++;
      socket.end('HTTP/1.1 200 OK\r\nContent-');
    });
    await using proxy = await proxyBefore([dying]);
    expect(await exchange(proxy.port, getOnce())).toMatch(/^HTTP\/1.1 502 /);
    expect(asked).toBe(1);
  });

  it('a request whose idle connection was closed just then, without a word', async () => {
    const asked: string[] = [];
    const closing = (id: string) =>
      serveRaw((socket, text) => {
        asked.push(`${id} ${/\/\w+/.exec(text)?.[0]}`);
        if (asked.length === 2) socket.resetAndDestroy();
        else socket.write(ok);
      });
    await using a = await closing('a');
    await using b = await closing('b');
    await using proxy = await proxyBefore([a, b], { policy: 'address hash', ejection: { failuresMax: 1 } });
    const heard = await new RawClient(proxy.port).send(get('/first') + getOnce('/second')).ends();
    expect(heard.match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
    // At the same one: that it closed an idle connection says nothing against it.
    const [id] = asked[0]?.split(' ') ?? [];
    expect(asked).toEqual([`${id} /first`, `${id} /second`, `${id} /second`]);
    expect((await proxy.observe(signal)).map(({ status }) => status)).toEqual(['up', 'up']);
  });

  it('nothing because of a connection that was closed while it was idle: it lets go of that at once', async () => {
    let asked = 0;
    await using server = await serveRaw((socket) => {
      asked++;
      socket.write(ok);
    });
    const registry = createRegistry();
    const clock = createVirtualClock(); // Stands still, so that no idle time runs out either.
    await using proxy = await proxyBefore([server], { registry, clock });
    const client = new RawClient(proxy.port).send(get('/first'));
    await client.hears(ok.slice(-2));
    // As the system does for a process that is killed: with a word of farewell, not with a reset.
    for (const socket of server.sockets) socket.end();
    await eventually(() => server.sockets.size === 0);
    const heard = await client.send(getOnce('/second')).ends();
    expect(heard.match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
    expect([asked, counted(registry, 'retries_total')]).toEqual([2, 0]);
  });

  it('only as much as its budget allows', async () => {
    let asked = 0;
    await using dying = await serveRaw((socket) => {
      asked++;
      socket.resetAndDestroy();
    });
    const registry = createRegistry();
    await using proxy = await proxyBefore([dying], {
      registry,
      clock: createVirtualClock(), // Stands still: no second passes in which the budget fills.
      retry: { budgetRatio: 0.1, budgetPerSecondMin: 2 },
      ejection: { failuresMax: 0 },
    });
    const requests = 100;
    for (let turn = 0; turn < requests; turn++) await exchange(proxy.port, getOnce());
    expect(asked - requests).toBeGreaterThanOrEqual(10);
    expect(asked - requests).toBeLessThanOrEqual(2 + 0.1 * requests);
    expect(counted(registry, 'retries_over_budget_total')).toBeGreaterThan(0);
  });

  it('now and then where its budget is less than one a second', async () => {
    let asked = 0;
    await using dying = await serveRaw((socket) => {
      asked++;
      socket.resetAndDestroy();
    });
    const clock = createVirtualClock();
    await using proxy = await proxyBefore([dying], {
      clock,
      retry: { budgetRatio: 0, budgetPerSecondMin: 0.5 },
      ejection: { failuresMax: 0 },
    });
    const askedBy = async (requests: number): Promise<number> => {
      asked = 0;
      for (let turn = 0; turn < requests; turn++) await exchange(proxy.port, getOnce());
      return asked;
    };
    expect(await askedBy(5)).toBe(6);
    await clock.advance(2000);
    expect(await askedBy(5)).toBe(6);
    await clock.advance(20_000);
    expect(await askedBy(5)).toBe(6);
  });
});

describe('the embedded proxy and the time that a request has left', () => {
  const left = (leftMs: number): string => getOnce('/', `X-Envoy-Expected-RQ-Timeout-MS: ${leftMs}\r\n`);
  const toldIn = (heard: string): string | undefined =>
    /"x-envoy-expected-rq-timeout-ms","(\d+)"/i.exec(heard)?.[1];

  it('tells it to upstreams: what it is given itself, or a client less whom it believes', async () => {
    await using server = await serve(echo);
    const clock = createVirtualClock();
    await using open = await proxyBefore([server], { clock, trustsForwarded: true });
    await using inner = await proxyBefore([server], { clock, trustsForwarded: true, deadlineMs: 500 });
    await using edge = await proxyBefore([server], { clock, deadlineMs: 500 });
    const told = async ({ port }: { port: number }, request: string): Promise<string | undefined> =>
      toldIn(await exchange(port, request));
    expect([await told(open, left(700)), await told(open, getOnce())]).toEqual(['700', undefined]);
    expect([await told(inner, left(700)), await told(inner, left(70))]).toEqual(['500', '70']);
    expect([await told(edge, left(70)), await told(edge, getOnce())]).toEqual(['500', '500']);
  });

  it('tells the next upstream what is then left, and sends nothing when that is nothing', async () => {
    const clock = createVirtualClock();
    const waiting: Socket[] = [];
    await using dying = await serveRaw((socket) => void waiting.push(socket));
    await using server = await serve(echo);
    await using proxy = await proxyBefore([dying, server], { clock, trustsForwarded: true });
    const ask = async (passMs: number): Promise<string> => {
      const client = new RawClient(proxy.port).send(left(700));
      await eventually(() => waiting.length > 0);
      await clock.advance(passMs);
      waiting.pop()?.resetAndDestroy();
      return await client.ends();
    };
    expect(toldIn(await ask(90))).toBe('610');
    // The other one is asked in between.
    await exchange(proxy.port, getOnce());
    expect(await exchange(proxy.port, left(0))).toMatch(/^HTTP\/1\.1 504 [\s\S]*is over/);
    expect(waiting).toHaveLength(0);
    // It breaks before the proxy looks again, and with no time for another; or it goes on for too long.
    expect(await ask(705)).toMatch(/^HTTP\/1\.1 504 [\s\S]*is over/);
    await exchange(proxy.port, getOnce());
    expect(await ask(1000)).toMatch(/^HTTP\/1\.1 504 [\s\S]*is over/);
  });

  it('gives all of it to an upstream, also where that is more than one has without it', async () => {
    const clock = createVirtualClock();
    const waiting: Socket[] = [];
    await using server = await serveRaw((socket) => void waiting.push(socket));
    await using patient = await proxyBefore([server], { clock, deadlineMs: 60_000 });
    const limits = { responseTimeoutMs: 1000 };
    await using strict = await proxyBefore([server], { clock, deadlineMs: 60_000, limits });
    const ask = async ({ port }: { port: number }, passMs: number): Promise<string> => {
      const client = new RawClient(port).send(getOnce());
      await eventually(() => waiting.length > 0);
      await clock.advance(passMs);
      waiting.pop()?.end(ok);
      return await client.ends();
    };
    expect(await ask(patient, 59_000)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await ask(patient, 60_500)).toMatch(/^HTTP\/1\.1 504 [\s\S]*is over/);
    expect(await ask(strict, 1500)).toMatch(/^HTTP\/1\.1 504 [\s\S]*did not answer in time/);
  });
});

describe('the embedded proxy hedges', () => {
  it('a GET that takes long at a second upstream, and hears who is first', async () => {
    const clock = createVirtualClock();
    let cancelled = 0;
    await using slow = await serve((request) => {
      request.on('close', () => cancelled++);
    });
    await using quick = await serve((_, response) => response.end('quick'));
    const registry = createRegistry();
    await using proxy = await proxyBefore([slow, quick], { clock, hedgeAfterMs: 50, registry });
    const client = new RawClient(proxy.port).send(getOnce());
    await eventually(async () => (await proxy.observe(signal)).some(({ inFlight }) => inFlight === 1));
    await clock.advance(50);
    expect(await client.ends()).toContain('quick');
    expect(counted(registry, 'hedges_total')).toBe(1);
    let shown = '';
    for await (const slice of renderPrometheus(registry)) shown += slice;
    // From when it was sent to that one, and not to the first.
    expect(shown).toContain(
      'loadline_proxy_upstream_duration_seconds_sum{proxy="embedded",upstream="b"} 0\n',
    );
    await eventually(() => cancelled === 1);
    expect((await proxy.observe(signal)).map(({ inFlight }) => inFlight)).toEqual([0, 0]);
  });
});

describe('when somebody goes away', () => {
  it('a client that does cancels its request at the upstream', async () => {
    let [begun, cancelled] = [false, false];
    await using server = await serve((request) => {
      begun = true;
      request.on('close', () => (cancelled = true));
    });
    const registry = createRegistry();
    await using proxy = await proxyBefore([server], { registry });
    const client = new RawClient(proxy.port).send(get());
    await eventually(() => begun);
    client.socket.destroy();
    await eventually(() => cancelled);
    expect(counted(registry, 'cancelled_total')).toBe(1);
    expect(await proxy.observe(signal)).toMatchObject([{ inFlight: 0, status: 'up' }]);
  });

  it.each([
    ['a length', 'Content-Length: 100\r\n\r\nhalf'],
    ['chunks', 'Transfer-Encoding: chunked\r\n\r\n64\r\nhalf'],
  ])('an upstream that does in the middle of an answer of %s cuts the client off', async (_, rest) => {
    await using server = await serveRaw((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${rest}`);
      setImmediate(() => socket.resetAndDestroy());
    });
    await using proxy = await proxyBefore([server]);
    const client = new RawClient(proxy.port).send(get());
    const heard = await client.ends();
    expect(heard).not.toMatch(/0\r\n\r\n$/);
    expect(client.error).toMatchObject({ code: 'ECONNRESET' });
  });

  it('an old client is told by a reset that its answer is not whole', async () => {
    await using server = await serveRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nhalf');
      setTimeout(() => socket.resetAndDestroy(), 20);
    });
    await using proxy = await proxyBefore([server]);
    const client = new RawClient(proxy.port).send('GET / HTTP/1.0\r\n\r\n');
    await client.ends();
    expect(client.error).toMatchObject({ code: 'ECONNRESET' });
  });

  it('an upstream that talks nonsense is 502', async () => {
    await using server = await serveRaw((socket) => socket.write('SSH-2.0-OpenSSH\r\n'));
    await using proxy = await proxyBefore([server]);
    expect(await exchange(proxy.port, getOnce())).toMatch(/^HTTP\/1.1 502 [\s\S]*sent no HTTP response/);
  });

  it('an upstream that switches protocols, which nobody had asked for, is 502', async () => {
    await using server = await serveRaw((socket) =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'),
    );
    await using proxy = await proxyBefore([server]);
    expect(await exchange(proxy.port, getOnce())).toMatch(/^HTTP\/1.1 502 [\s\S]*switched protocols/);
  });

  it('an answer with more than it says is not believed beyond it, and its connection not used again', async () => {
    const connections = new Set<Socket>();
    await using server = await serveRaw((socket) => {
      connections.add(socket);
      socket.write(`${ok}HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled`);
    });
    await using proxy = await proxyBefore([server]);
    const heard = await new RawClient(proxy.port).send(get() + getOnce()).ends();
    expect(heard).not.toContain('smuggled');
    expect(connections.size).toBe(2);
  });
});

describe('limits of the embedded proxy', () => {
  it('answer a head that does not come in time with 408', async () => {
    const clock = createVirtualClock();
    await using proxy = await proxyBefore([], { clock });
    const client = new RawClient(proxy.port).send(get());
    await client.hears(/ 503 [\s\S]*\}\n$/);
    client.send('GET / HTTP/1.1\r\nHost:');
    expect(await untilEnded(client, clock)).toMatch(/HTTP\/1.1 408 /);
  });

  it('answer a body that does not come in time with 408', async () => {
    const clock = createVirtualClock();
    let begun = false;
    await using server = await serve((request) => {
      begun = true;
      request.on('error', () => {});
    });
    await using proxy = await proxyBefore([server], { clock });
    const client = new RawClient(proxy.port).send(
      'POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nhalf',
    );
    await eventually(() => begun);
    expect(await untilEnded(client, clock)).toMatch(/^HTTP\/1.1 408 /);
  });

  it('answer a body that comes a byte now and then with 408, and not one that comes slowly', async () => {
    const clock = createVirtualClock();
    let got = 0;
    await using server = await serve((request) => {
      request.on('error', () => {});
      request.on('data', (bytes: Buffer) => (got += bytes.length));
    });
    await using proxy = await proxyBefore([server], { clock });
    const post = 'POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9999\r\n\r\n';
    const [drip, slow] = [new RawClient(proxy.port).send(post), new RawClient(proxy.port).send(post)];
    for (let second = 1; second <= 12; second++) {
      slow.send('x'.repeat(200));
      if (!drip.isEnded) drip.send('x');
      await eventually(() => got >= second * 200);
      await clock.advance(1000);
    }
    // Within the twelve seconds: it was never silent for ten.
    expect(await drip.ends()).toMatch(/^HTTP\/1.1 408 /);
    expect(slow.isEnded).toBe(false);
    slow.socket.destroy();
  });

  it('let who waits for leave send its body where its upstream says nothing, and tell it so once', async () => {
    const clock = createVirtualClock();
    const asked: { socket: Socket; text: string }[] = [];
    await using server = await serveRaw((socket, text) => void asked.push({ socket, text }));
    await using proxy = await proxyBefore([server], { clock });
    const client = new RawClient(proxy.port).send(expecting);
    await eventually(() => asked.length === 1);
    expect(asked[0]?.text).toMatch(/\r\nexpect: 100-continue\r\n/i);
    await clock.advance(900);
    expect(client.heard).toBe('');
    await clock.advance(300);
    await eventually(() => client.heard === 'HTTP/1.1 100 Continue\r\n\r\n');
    await clock.advance(5000);
    client.send('hi');
    await eventually(() => asked.length === 2);
    expect(asked[1]?.text).toBe('hi');
    asked[1]?.socket.write(`HTTP/1.1 100 Continue\r\n\r\n${ok}`);
    expect(await client.hears(/ok$/)).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK\r\n/);
    client.socket.destroy();
  });

  it('answer one that has leave, and does not send its body, with 408', async () => {
    const clock = createVirtualClock();
    await using server = await serveRaw((socket) => void socket.write('HTTP/1.1 100 Continue\r\n\r\n'));
    await using proxy = await proxyBefore([server], { clock });
    const client = new RawClient(proxy.port).send(expecting);
    await client.hears('100 Continue');
    expect(await untilEnded(client, clock)).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 408 /);
  });

  it('expect no body of one that was answered instead of being given leave, however long the answer', async () => {
    const clock = createVirtualClock();
    const sockets: Socket[] = [];
    await using server = await serveRaw((socket) => {
      sockets.push(socket);
      socket.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 8\r\n\r\nnot ');
    });
    await using proxy = await proxyBefore([server], { clock });
    const client = new RawClient(proxy.port).send(expecting);
    await client.hears('not ');
    await clock.advance(20_000);
    sockets[0]?.write('this');
    expect(await client.ends()).toMatch(/^HTTP\/1.1 401 [\s\S]*\r\nconnection: close\r\n[\s\S]*not this$/);
    expect(client.error).toBeUndefined();
  });

  it('answer too long a body with 413, by what it says and by what comes', async () => {
    await using server = await serve(echo);
    await using proxy = await proxyBefore([server], { limits: { bodyBytesMax: 4 } });
    const post = 'POST / HTTP/1.1\r\nHost: test\r\n';
    expect(await exchange(proxy.port, `${post}Content-Length: 5\r\n\r\nhello`)).toMatch(/^HTTP\/1.1 413 /);
    expect(await exchange(proxy.port, `${post}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`)).toMatch(
      /^HTTP\/1.1 413 /,
    );
  });

  it('answer too long a head, or too many lines, with 431', async () => {
    await using proxy = await proxyBefore([], { limits: { headBytesMax: 200, fieldsMax: 5 } });
    expect(await exchange(proxy.port, get('/', `A: ${'a'.repeat(300)}\r\n`))).toMatch(/^HTTP\/1.1 431 /);
    expect(await exchange(proxy.port, get('/', 'A: b\r\n'.repeat(6)))).toMatch(/^HTTP\/1.1 431 /);
  });

  it('answer one client too many with 503 and when to come again', async () => {
    await using server = await serve((_, response) => response.end('ok'));
    await using proxy = await proxyBefore([server], { limits: { connectionsMax: 1 } });
    const first = new RawClient(proxy.port).send(get());
    await first.hears('ok');
    expect(await new RawClient(proxy.port).ends()).toMatch(/^HTTP\/1.1 503 [\s\S]*\r\nretry-after: 1\r\n/);
    first.send(getOnce('/again'));
    expect((await first.ends()).match(/HTTP\/1.1 200/g)).toHaveLength(2);
  });

  it('end a connection that is idle for long', async () => {
    const clock = createVirtualClock();
    await using server = await serve((_, response) => response.end('ok'));
    await using proxy = await proxyBefore([server], { clock });
    const client = new RawClient(proxy.port).send(get());
    await client.hears('ok');
    await clock.advance(59_000);
    expect(client.isEnded).toBe(false);
    await clock.advance(1200);
    await client.ends();
  });

  it('answer for an upstream that does not with 504', async () => {
    const clock = createVirtualClock();
    let begun = false;
    await using server = await serve(() => (begun = true));
    await using proxy = await proxyBefore([server], { clock });
    const client = new RawClient(proxy.port).send(getOnce());
    await eventually(() => begun);
    await clock.advance(30_200);
    expect(await client.ends()).toMatch(/^HTTP\/1.1 504 [\s\S]*The upstream a did not answer in time/);
  });

  it('cut an answer that stands still', async () => {
    const clock = createVirtualClock();
    await using server = await serve((_, response) => void response.write('half'));
    await using proxy = await proxyBefore([server], { clock });
    const client = new RawClient(proxy.port).send(get());
    await client.hears('half');
    await clock.advance(60_200);
    await client.ends();
    expect(client.error).toMatchObject({ code: 'ECONNRESET' });
  });

  it('reset a client that takes nothing of its answer, and leave one that takes little', async () => {
    const clock = createVirtualClock();
    const long = 'x'.repeat(20_000_000);
    await using server = await serve((_, response) => response.end(long));
    await using proxy = await proxyBefore([server], { clock });
    const still = new RawClient(proxy.port).send(get());
    still.socket.on('data', () => still.socket.pause());
    const slow = new RawClient(proxy.port).send(getOnce());
    let allowed = 0;
    slow.socket.on('data', () => {
      if (slow.heard.length > allowed) slow.socket.pause();
    });
    await Promise.all([still.hears('200 OK'), slow.hears('200 OK')]);
    // Until the system's own buffers are full, nobody can tell who takes nothing.
    const waiting = (): number => [...server.sockets].reduce((sum, socket) => sum + socket.writableLength, 0);
    await eventually(async () => {
      const before = waiting();
      await new Promise((resolve) => setTimeout(resolve, 50));
      return waiting() === before;
    });
    const second = async (): Promise<void> => {
      allowed = slow.heard.length + 500_000;
      slow.socket.resume();
      await eventually(() => slow.socket.isPaused());
      await clock.advance(1000);
    };
    for (let count = 0; count < 12; count++) await second();
    // On a busy machine the buffers may not have been full yet when time began to pass.
    while (server.sockets.size === 2) await second();
    allowed = Number.POSITIVE_INFINITY;
    still.socket.removeAllListeners('data').resume();
    await still.ends();
    expect(still.error).toMatchObject({ code: 'ECONNRESET' });
    // Also what is left when all has been said, and the connection is to end, has its time.
    slow.socket.resume();
    expect((await slow.ends()).length).toBeGreaterThan(long.length);
  });

  it('leave a stream of events alone while it is silent', async () => {
    const clock = createVirtualClock();
    let push = (): void => {};
    await using server = await serve((_, response) => {
      response.setHeader('content-type', 'text/event-stream');
      response.write(': hello\n\n');
      push = () => response.write('data: late\n\n');
    });
    await using proxy = await proxyBefore([server], { clock });
    const client = new RawClient(proxy.port).send(get());
    await client.hears('hello');
    await clock.advance(600_000);
    push();
    await client.hears('data: late');
    client.socket.destroy();
  });
});

describe('draining', () => {
  it('sends an upstream nothing new, and lets what it has under way end', async () => {
    const held: (() => void)[] = [];
    await using first = await serve((_, response) => void held.push(() => response.end('from a')));
    await using second = await serve((_, response) => response.end('from b'));
    await using proxy = await proxyBefore([first]);
    const [client, other] = [
      new RawClient(proxy.port).send(getOnce()),
      new RawClient(proxy.port).send(getOnce()),
    ];
    await eventually(() => held.length === 2);
    held[1]?.();
    // So that there is an idle connection too.
    await Promise.race([client.hears('from a'), other.hears('from a')]);
    await proxy.apply([upstream('a', first, { mode: 'draining' }), upstream('b', second)], signal);
    expect(await proxy.observe(signal)).toMatchObject([
      { id: 'a', status: 'draining', inFlight: 1 },
      { id: 'b', status: 'up', inFlight: 0 },
    ]);
    await eventually(() => first.sockets.size === 1);
    for (let turn = 0; turn < 4; turn++) expect(await exchange(proxy.port, getOnce())).toContain('from b');
    held[0]?.();
    for (const each of [client, other]) expect(await each.ends()).toContain('from a');
    expect(await proxy.observe(signal)).toMatchObject([{ id: 'a', inFlight: 0 }, { id: 'b' }]);
    await eventually(() => first.sockets.size === 0);
  });

  it('answers 503 and when to come again while there is no upstream', async () => {
    await using proxy = await proxyBefore([]);
    expect(await exchange(proxy.port, getOnce())).toMatch(/^HTTP\/1.1 503 [\s\S]*\r\nretry-after: 1\r\n/);
  });

  it('of the proxy itself answers what is under way, says that it was the last, and takes no new connection', async () => {
    const held: (() => void)[] = [];
    await using server = await serve((_, response) => void held.push(() => response.end('the last')));
    await using proxy = await proxyBefore([server]);
    const { port } = proxy;
    const client = new RawClient(port).send(get());
    await eventually(() => held.length === 1);
    const closing = proxy.close({ graceMs: 10_000 });
    await expect(exchange(port, get())).resolves.toBe('');
    held[0]?.();
    expect(await client.ends()).toMatch(/connection: close\r\n[\s\S]*the last$/);
    expect(await closing).toEqual({ cut: 0 });
  });

  it('of the proxy itself leaves an idle client a moment, for what it may just be sending', async () => {
    const clock = createVirtualClock();
    await using server = await serve((_, response) => response.end('ok'));
    await using proxy = await proxyBefore([server], { clock });
    const [sending, silent] = [new RawClient(proxy.port).send(get()), new RawClient(proxy.port).send(get())];
    await Promise.all([sending.hears('ok'), silent.hears('ok')]);
    const closing = proxy.close({ graceMs: 10_000 });
    await clock.advance(500);
    sending.heard = '';
    expect(await sending.send(get()).ends()).toMatch(/^HTTP\/1.1 200 [\s\S]*connection: close\r\n/);
    await clock.advance(700);
    await silent.ends();
    await eventually(() => proxy.connections === 0);
    await clock.advance(100);
    expect(await closing).toEqual({ cut: 0 });
  });

  it('of the proxy itself is told to whoever gives it orders afterwards, by its name', async () => {
    const clock = createVirtualClock();
    const proxy = await proxyBefore([], { clock, healthCheck: {} });
    const { name } = proxy;
    await proxy.close({ graceMs: 0 });
    expect(proxy.name).toBe(name);
    const closed = { code: 'TRAFFIC_PROXY_UNREACHABLE', message: expect.stringContaining('it was closed') };
    await expect(proxy.observe(signal)).rejects.toMatchObject(closed);
    await expect(proxy.apply([upstream('a', { port: 1 })], signal)).rejects.toMatchObject(closed);
    expect(clock.pending).toBe(0);
  });

  it('of the proxy itself cuts and counts what has not ended when the grace is over', async () => {
    let begun = false;
    await using server = await serve(() => (begun = true));
    await using proxy = await proxyBefore([server]);
    const client = new RawClient(proxy.port).send(get());
    await eventually(() => begun);
    expect(await proxy.close({ graceMs: 50 })).toEqual({ cut: 1 });
    await client.ends();
  });
});

describe('a body that is refused half-way', () => {
  it('leaves the upstream with a broken request, and not with one that looks whole', async () => {
    let ended: string | undefined;
    await using server = await serve((request) => {
      bodyOf(request).then(
        () => (ended = 'whole'),
        () => (ended = 'broken'),
      );
    });
    await using proxy = await proxyBefore([server]);
    const post = 'POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n';
    const client = new RawClient(proxy.port).send(`${post}2\r\nab\r\n`);
    await eventually(() => server.sockets.size === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await client.send('nonsense').ends()).toMatch(/^HTTP\/1.1 400 /);
    await eventually(() => ended !== undefined);
    expect(ended).toBe('broken');
  });
});
