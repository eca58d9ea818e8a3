import { once } from 'node:events';
import { createServer as createHttp1Server } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { systemClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { createHttp2Transport } from '../../../src/load/transports/http2.ts';
import {
  continuation,
  data,
  goAway,
  headers,
  lastData,
  openHeaders,
  ping,
  reset,
  serveFrames,
} from './http2-frames.ts';
import { openSender } from './sending.ts';

const codes = { noError: 0, internalError: 2, refusedStream: 7, cancel: 8, enhanceYourCalm: 11 } as const;

describe('HTTP/2, when the server', () => {
  it.each<[does: string, reason: string, message: RegExp, answer: (stream: number) => Buffer[]]>([
    ['resets a stream', 'reset', /INTERNAL_ERROR/, (id) => [reset(id, codes.internalError)]],
    [
      'resets a stream in mid-response',
      'reset',
      /INTERNAL_ERROR/,
      (id) => [headers(id), data(id, 'half'), reset(id, codes.internalError)],
    ],
    [
      'cancels a stream in mid-response',
      'reset',
      /CANCEL/,
      (id) => [headers(id), data(id, 'half'), reset(id, codes.cancel)],
    ],
    ['closes a stream without an answer', 'closed', /before the answer/, (id) => [reset(id, codes.noError)]],
    ['refuses every stream', 'reset', /REFUSED_STREAM/, (id) => [reset(id, codes.refusedStream)]],
    ['goes away with an error', 'reset', /code 11/, () => [goAway(0, codes.enhanceYourCalm)]],
    ['sends a body without a head', 'malformed', /no HTTP\/2/, (id) => [lastData(id, 'x')]],
    ['sends a head without a status', 'malformed', /PROTOCOL_ERROR/, (id) => [headers(id, Buffer.alloc(0))]],
    [
      'sends a head that is none',
      'malformed',
      /no HTTP\/2/,
      (id) => [headers(id, Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff))],
    ],
    ['answers a stream that is not there', 'malformed', /no HTTP\/2/, (id) => [headers(id + 2)]],
    [
      'announces a frame of 16 MB',
      'malformed',
      /no HTTP\/2/,
      () => [Buffer.of(255, 255, 255, 0, 0, 0, 0, 0, 1)],
    ],
    [
      'sends a head that never ends',
      'malformed',
      /no HTTP\/2/,
      (id) => [openHeaders(id), ...new Array<Buffer>(5000).fill(continuation(id))],
    ],
    ['floods with pings', 'malformed', /no HTTP\/2/, () => new Array<Buffer>(20_000).fill(ping())],
    [
      'floods with empty frames',
      'malformed',
      /no HTTP\/2/,
      (id) => [headers(id), ...new Array<Buffer>(50_000).fill(data(id, ''))],
    ],
  ])('%s, the request fails as %s, and so does the next', async (_, reason, message, answer) => {
    const server = await serveFrames(answer);
    await using user = openUser(server.target);
    for (let time = 0; time < 2; time++) {
      expect(await user.send({ timeoutMs: 2000 })).toMatchObject({
        reason,
        message: expect.stringMatching(message),
      });
    }
    await server.stop();
  });

  it('refuses a stream once, the request goes out once more', async () => {
    let refusals = 0;
    const server = await serveFrames((id) =>
      refusals++ === 0 ? [reset(id, codes.refusedStream)] : [headers(id), lastData(id, 'fine')],
    );
    await using user = openUser(server.target);
    expect(await user.send({ method: 'POST', body: 'x' })).toMatchObject({ status: 200, body: 'fine' });
    expect([server.requests, server.connections]).toEqual([[1, 3], 1]);
    await server.stop();
  });

  it('goes away before it has read a request, it goes out once more on a new connection', async () => {
    let times = 0;
    const server = await serveFrames((id) =>
      times++ === 0 ? [goAway(0, codes.noError)] : [headers(id), lastData(id, 'fine')],
    );
    await using user = openUser(server.target);
    expect(await user.send({ method: 'POST', body: 'x' })).toMatchObject({ status: 200, body: 'fine' });
    expect([server.requests, server.connections]).toEqual([[1, 1], 2]);
    await server.stop();
  });

  it('goes away after a request, it still answers that, and the next goes over a new connection', async () => {
    const server = await serveFrames((id) => [goAway(id, codes.noError), headers(id), lastData(id, 'fine')]);
    await using user = openUser(server.target);
    expect(await user.send()).toMatchObject({ status: 200, body: 'fine' });
    expect(await user.send()).toMatchObject({ status: 200, body: 'fine' });
    expect(server.connections).toBe(2);
    await server.stop();
  });

  it('answers before it has read a request, the rest of the request is given up', async () => {
    const server = await serveFrames((id) => [headers(id), lastData(id, 'no')]);
    await using user = openUser(server.target);
    const answer = await user.send({ method: 'POST', body: 'x'.repeat(1_000_000) });
    expect(answer).toMatchObject({ status: 200, body: 'no' });
    await user.send();
    expect(server.resets).toEqual([1]);
    await server.stop();
  });

  it.each([
    ['goes out once more', 'GET', { status: 200, body: 'fine' }],
    ['is not repeated', 'POST', { reason: 'closed' }],
  ])(
    'closes an idle connection as a request is on its way, it %s where it is a %s',
    async (_, method, expected) => {
      let times = 0;
      const server = await serveFrames((id) =>
        times++ === 1 ? 'hang up' : [headers(id), lastData(id, 'fine')],
      );
      await using user = openUser(server.target);
      await user.send();
      expect(await user.send({ method })).toMatchObject(expected);
      await server.stop();
    },
  );

  it('hangs up on the first request, it is not repeated', async () => {
    const server = await serveFrames(() => 'hang up');
    await using user = openUser(server.target);
    expect(await user.send()).toMatchObject({ reason: 'closed' });
    expect(server.requests.length).toBe(1);
    await server.stop();
  });

  it.each<[does: string, reason: string, onConnection: (socket: Socket) => void]>([
    ['closes each connection', 'closed', (socket) => socket.end()],
    ['resets each connection', 'reset', (socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['sends garbage', 'malformed', (socket) => socket.write('garbage '.repeat(20))],
    ['accepts and says nothing', 'timeout', () => undefined],
  ])('%s, the request fails as %s', async (_, reason, onConnection) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      onConnection(socket);
    });
    await using user = openUser(await targetOf(server));
    expect(await user.send({ timeoutMs: 300 })).toMatchObject({ reason });
    server.close();
  });

  it('only speaks HTTP/1.1, the request fails as malformed', async () => {
    const server = createHttp1Server((_, response) => response.end());
    await using user = openUser(await targetOf(server));
    expect(await user.send()).toMatchObject({
      reason: 'malformed',
      message: expect.stringContaining('no HTTP/2'),
    });
    server.close();
  });

  it('is not there, the request fails as refused', async () => {
    const server = createServer();
    const target = await targetOf(server);
    server.close();
    await once(server, 'close');
    await using user = openUser(target);
    expect(await user.send()).toMatchObject({ reason: 'refused', sentMs: undefined });
  });
});

function openUser(target: URL) {
  const transport = createHttp2Transport({ target, address: '127.0.0.1', clock: systemClock });
  return {
    ...openSender(transport),
    async [Symbol.asyncDispose]() {
      transport.close();
    },
  };
}

async function targetOf(server: Server): Promise<URL> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}
