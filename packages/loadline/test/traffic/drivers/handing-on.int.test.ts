import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deadlineHeader } from 'loadline/resilience';
import type { WantedUpstream } from 'loadline/traffic';
import { describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { echo, get, proxyBefore, RawClient, serve, upstream } from '../embedded/proxied.ts';
import { startHaproxy } from './haproxy-server.ts';
import { startNginx } from './nginx-server.ts';

interface Before extends AsyncDisposable {
  readonly port: number;
}

interface Trust {
  readonly trustsForwarded?: boolean;
}

/** Each kind of proxy before one server. */
const kinds = {
  HAProxy: async (server, trust = {}) => {
    const haproxy = await startHaproxy({ file: trust });
    await haproxy.driver.apply([server], new AbortController().signal);
    const look = async (): Promise<unknown> => haproxy.driver.observe(new AbortController().signal);
    await expect.poll(look).toMatchObject([{ status: 'up' }]);
    return { port: portOf(haproxy.url), [Symbol.asyncDispose]: () => haproxy[Symbol.asyncDispose]() };
  },
  nginx: async (server, trust = {}) => {
    const nginx = await startNginx(trust);
    await nginx.driver.apply([server], new AbortController().signal);
    return { port: portOf(nginx.url), [Symbol.asyncDispose]: () => nginx[Symbol.asyncDispose]() };
  },
  'the embedded proxy': async (server, trust = {}) => proxyBefore([server], trust),
} satisfies Record<string, (server: WantedUpstream, trust?: Trust) => Promise<Before>>;

describe.each(Object.entries(kinds))('what %s hands on', (_name, startBefore) => {
  it('is no upgrade but to a WebSocket: behind another, requests would get around what a proxy checks', async () => {
    await using server = await serve(echo);
    await using proxy = await startBefore(upstream('a', server));
    const upgradesFor = async (lines: string): Promise<string[]> =>
      fieldsOf(await answerTo(proxy.port, `Connection: Upgrade, HTTP2-Settings\r\n${lines}`), 'upgrade');
    expect(await upgradesFor('Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n')).toEqual([]);
    expect(await upgradesFor('upgrade: H2C\r\n')).toEqual([]);
    for (const both of ['Upgrade: websocket\r\nUpgrade: h2c\r\n', 'Upgrade: websocket, h2c\r\n'])
      expect((await upgradesFor(`${both}${keyLines}`)).join()).not.toMatch(/h2c/i);
  });

  it.each([false, true])(
    'is no Connection that names a line of its origin: a proxy behind would leave that line out (trusted: %s)',
    async (trustsForwarded) => {
      await using server = await serve(echo);
      await using proxy = await startBefore(upstream('a', server), { trustsForwarded });
      const named = `X-Forwarded-For, X-Forwarded-Proto, ${deadlineHeader}`;
      for (const line of [`Connection: ${named}`, `Connection: close\r\nConnection: ${named}`]) {
        const answer = await answerTo(proxy.port, `${line}\r\n`);
        expect(fieldsOf(answer, 'connection').join()).not.toMatch(/x-/i);
        expect(fieldsOf(answer, 'x-forwarded-for')).toEqual(['127.0.0.1']);
      }
      const upgrade = `Connection: ${named}, Upgrade\r\nUpgrade: websocket\r\n${keyLines}`;
      const answer = await answerTo(proxy.port, upgrade);
      expect(fieldsOf(answer, 'connection').join()).toMatch(/^upgrade$/i);
      expect(fieldsOf(answer, 'x-forwarded-for')).toEqual(['127.0.0.1']);
    },
  );

  it('is no tunnel: on one, requests would get around it too', async () => {
    await using server = await serveTunnels();
    await using proxy = await startBefore(upstream('a', server));
    const client = new RawClient(proxy.port).send('CONNECT test:80 HTTP/1.1\r\nHost: test:80\r\n\r\n');
    expect(await client.hears(/^HTTP\/1\.1 \d+ /)).toMatch(/^HTTP\/1\.1 (?:400|405|501) /);
    client.socket.destroy();
    expect(server.tunnels).toBe(0);
  });

  it('is a WebSocket, with what is sent on it', async () => {
    await using server = await serveWebSockets();
    await using proxy = await startBefore(upstream('a', server));
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/chat`);
    await once(socket, 'open');
    socket.send('hello');
    const [echoed] = (await once(socket, 'message')) as [Buffer];
    expect(echoed.toString()).toBe('hello');
    socket.close();
    await once(socket, 'close');
  });

  it('is nothing that a client from outside says of its origin and its time', async () => {
    await using server = await serve(echo);
    await using proxy = await startBefore(upstream('a', server));
    const answer = await answerTo(proxy.port, claims);
    expect(fieldsOf(answer, deadlineHeader)).toEqual([]);
    expect(fieldsOf(answer, 'x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(fieldsOf(answer, 'x-forwarded-host')).toEqual(['test']);
    expect(fieldsOf(answer, 'x-forwarded-proto')).toEqual(['http']);
    expect(fieldsOf(answer, 'forwarded').join()).not.toContain('203.0.113.1');
  });

  it('is what a proxy of ours says of them, where one is before it', async () => {
    await using server = await serve(echo);
    await using proxy = await startBefore(upstream('a', server), { trustsForwarded: true });
    const answer = await answerTo(proxy.port, claims);
    const [leftMs, ...more] = fieldsOf(answer, deadlineHeader).map(Number);
    expect(more).toEqual([]);
    expect(leftMs).toBeGreaterThan(0);
    expect(leftMs).toBeLessThanOrEqual(60_000);
    expect(fieldsOf(answer, 'x-forwarded-for').join(', ')).toBe('203.0.113.1, 127.0.0.1');
    expect(fieldsOf(answer, 'x-forwarded-host')).toEqual(['shop.example.test']);
    expect(fieldsOf(answer, 'x-forwarded-proto')).toEqual(['https']);
    expect(fieldsOf(answer, 'forwarded').join()).toContain('203.0.113.1');
    const bare = await answerTo(proxy.port, '');
    expect(fieldsOf(bare, deadlineHeader)).toEqual([]);
    expect(fieldsOf(bare, 'x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(fieldsOf(bare, 'x-forwarded-host')).toEqual(['test']);
    expect(fieldsOf(bare, 'x-forwarded-proto')).toEqual(['http']);
  });
});

const claims = [
  'X-Envoy-Expected-RQ-Timeout-MS: 60000',
  'X-Forwarded-For: 203.0.113.1',
  'X-Forwarded-Host: shop.example.test',
  'X-Forwarded-Proto: https',
  'Forwarded: for=203.0.113.1',
  '',
].join('\r\n');

const keyLines = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

function portOf(url: string): number {
  return Number(new URL(url).port);
}

/** What is answered to a request with these lines: by the server with what it got, or by the proxy with a refusal. */
async function answerTo(port: number, lines: string): Promise<string> {
  const client = new RawClient(port).send(get('/', lines));
  const answer = await client.hears(/"rawTrailers"|^HTTP\/1\.1 [45]/);
  client.socket.destroy();
  return answer;
}

/** What the server got in the lines of this name. */
function fieldsOf(answer: string, name: string): string[] {
  const [, listed = '[]'] = /"rawHeaders":(\[[^\]]*\])/.exec(answer) ?? [];
  const raw = JSON.parse(listed) as string[];
  return raw.filter((_, at) => at % 2 === 1 && raw[at - 1]?.toLowerCase() === name);
}

async function serveTunnels(): Promise<Before & { readonly tunnels: number }> {
  let tunnels = 0;
  const server = createServer((_, response) => response.end());
  server.on('connect', (_, socket) => {
    tunnels++;
    socket.end('HTTP/1.1 200 OK\r\n\r\n');
  });
  const closing = await listening(server, () => undefined);
  return {
    ...closing,
    get tunnels() {
      return tunnels;
    },
  };
}

async function serveWebSockets(): Promise<Before> {
  const server = createServer((_, response) => response.end());
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  return listening(server, () => {
    for (const client of sockets.clients) client.terminate();
  });
}

async function listening(server: Server, beforeClose: () => void): Promise<Before> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      beforeClose();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
