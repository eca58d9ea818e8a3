import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from 'loadline/base';
import { openTransport, resolveRedirectHosts, runLoad } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { planWith, request, scenario, template } from '../../simulation/simulate.ts';

interface Server extends AsyncDisposable {
  readonly port: number;
  readonly seen: IncomingMessage[];
}

async function serve(answer: (...args: Parameters<RequestListener>) => void): Promise<Server> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Redirects every request to what `location` says. */
const redirecting = (location: (request: IncomingMessage) => string): Promise<Server> =>
  serve((request, response) =>
    response.writeHead(302, { location: location(request), 'set-cookie': 'home=1; path=/' }).end(),
  );

async function load(target: Server, allowHosts: readonly string[], iterations = 3) {
  const url = `http://127.0.0.1:${target.port}`;
  const policy = { allowLoopback: true, allowHosts };
  const redirectHosts = await resolveRedirectHosts(url, '127.0.0.1', policy);
  const plan = planWith({
    target: url,
    scenarios: [
      scenario('visit', [
        request('/a', { headers: [{ name: 'authorization', value: template('Bearer secret') }] }),
      ]),
    ],
    stages: [{ kind: 'iterations', users: 1, perUser: iterations, durationMs: 20_000 }],
  });
  return runLoad(plan, {
    transport: await openTransport(url, '127.0.0.1', { redirectHosts }, systemClock, {
      users: 1,
      generator: 0,
      sessions: [],
    }),
  });
}

describe('a redirect to another origin', () => {
  it('is followed to another port of the target, over one connection a user, without credentials and cookies', async () => {
    await using other = await serve((_, response) =>
      response.writeHead(200, { 'set-cookie': 'away=1' }).end('there'),
    );
    await using target = await redirecting(() => `http://127.0.0.1:${other.port}/b?c`);
    const { total } = await load(target, []);
    expect([total.requests, total.errors, total.statuses]).toEqual([3, 0, { 200: 3 }]);
    expect(other.seen.map(({ url }) => url)).toEqual(['/b?c', '/b?c', '/b?c']);
    expect(new Set(other.seen.map(({ socket }) => socket.remotePort)).size).toBe(1);
    for (const { headers } of other.seen)
      expect([headers.authorization, headers.cookie]).toEqual([undefined, undefined]);
    for (const { headers } of target.seen) expect(headers.authorization).toBe('Bearer secret');
  });

  it('is followed to a host that was allowed, and no other', async () => {
    await using other = await serve((_, response) => response.end('there'));
    await using target = await redirecting(() => `http://localhost:${other.port}/b`);
    const allowed = await load(target, ['localhost']);
    expect([allowed.total.errors, other.seen.length]).toEqual([0, 3]);
    const refused = await load(target, [], 1);
    expect(refused.total.failures).toEqual({
      redirect: {
        count: 1,
        example: `a redirect to http://localhost:${other.port}, which is not the target; it was not followed`,
      },
    });
    expect(other.seen.length).toBe(3);
  });

  it('may lead back, and in a circle it ends', async () => {
    await using other = await redirecting(() => `http://127.0.0.1:${home}/done`);
    let home = 0;
    await using target = await serve((request, response) => {
      if (request.url === '/done') response.end('home');
      else response.writeHead(302, { location: `http://127.0.0.1:${other.port}/` }).end();
    });
    home = target.port;
    expect((await load(target, [], 2)).total.statuses).toEqual({ 200: 2 });
    await using circle = await redirecting((request) => `http://127.0.0.1:${other.port}${request.url}`);
    home = circle.port;
    const { total } = await load(circle, [], 1);
    expect(total.failures).toEqual({ redirect: { count: 1, example: 'more than 10 redirects in a row' } });
    expect(circle.seen.length + other.seen.length).toBe(2 + 11);
  });

  it('to ever more ports of a host is followed to sixteen of them', async () => {
    let port = 0;
    await using target = await redirecting(() => `http://127.0.0.1:${port++}/`);
    port = 1;
    const { total } = await load(target, [], 20);
    expect([total.failures.redirect?.count, total.failures.refused?.count]).toEqual([4, 16]);
  });
});
