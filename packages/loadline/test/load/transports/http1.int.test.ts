import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from 'loadline/base';
import { createHttp1Transport } from 'loadline/load';
import { expect, it } from 'vitest';
import { describeTransport, openChannel } from '../../contracts/transport-contract.ts';

async function serve(answer: Parameters<typeof createServer>[1]) {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const target = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return {
    target,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const pass = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

describeTransport('HTTP/1.1', async () => {
  const { target, stop } = await serve(({ url }, response) => {
    if (url === '/ok') response.setHeader('X-Answer', 'yes').end('fine');
    else if (url === '/missing') response.writeHead(404).end();
  });
  return {
    transport: createHttp1Transport({ target, address: '127.0.0.1', clock: systemClock }),
    pass,
    stop,
  };
});

it('HTTP/1.1 sends method, path under the base, host, headers and body as they are', async () => {
  const seen: unknown[] = [];
  const server = await serve(async (request, response) => {
    let body = '';
    for await (const piece of request.setEncoding('utf8')) body += piece;
    const { host, 'content-length': length, 'x-name': name } = request.headers;
    seen.push([request.method, request.url, host, length, name, body]);
    response.end();
  });
  const target = new URL(`${server.target.origin}/base/`);
  const transport = createHttp1Transport({ target, address: '127.0.0.1', clock: systemClock });
  const channel = openChannel(transport);
  for (const [method, body] of [
    ['POST', '{"name":"Zoë 🥕"}'],
    ['GET', undefined],
    ['DELETE', undefined],
    ['PUT', ''],
    ['POST', undefined],
  ] as const) {
    const request = {
      method,
      path: '/x?q=1',
      headers: 'x-name: Zo\r\n',
      body,
      timeoutMs: 5000,
      keepsBody: false,
      isConstant: false,
    };
    await new Promise((resolve) => channel.send(request, resolve));
  }
  transport.close();
  await server.stop();
  const { host } = target;
  expect(seen).toEqual([
    ['POST', '/base/x?q=1', host, '20', 'Zo', '{"name":"Zoë 🥕"}'],
    ['GET', '/base/x?q=1', host, undefined, 'Zo', ''],
    ['DELETE', '/base/x?q=1', host, undefined, 'Zo', ''],
    ['PUT', '/base/x?q=1', host, '0', 'Zo', ''],
    ['POST', '/base/x?q=1', host, '0', 'Zo', ''],
  ]);
});

it('HTTP/1.1 keeps no timer while no request is under way', async () => {
  const waiting = new Set<object>();
  const clock: Clock = {
    ...systemClock,
    setTimer(callback, delayMs) {
      const mark = {};
      waiting.add(mark);
      const timer = systemClock.setTimer(() => {
        waiting.delete(mark);
        callback();
      }, delayMs);
      return {
        cancel() {
          waiting.delete(mark);
          timer.cancel();
        },
      };
    },
  };
  const { target, stop } = await serve((_, response) => response.end());
  const transport = createHttp1Transport({ target, address: '127.0.0.1', clock });
  const request = {
    method: 'GET',
    path: '/',
    headers: '',
    body: undefined,
    timeoutMs: 5000,
    keepsBody: false,
    isConstant: false,
  };
  await new Promise((resolve) => openChannel(transport).send(request, resolve));
  expect(waiting.size).toBe(1);
  await pass(200);
  expect(waiting.size).toBe(0);
  transport.close();
  await stop();
});
