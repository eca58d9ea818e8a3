import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import Fastify from 'fastify';
import { type Observer, observe } from 'loadline/observe';
import { describe, expect, it } from 'vitest';
import { numbers, requestsOf } from './numbers.ts';

/** A server on loopback and one connection to it, on which nothing is sent yet. */
interface Line extends AsyncDisposable {
  readonly server: Server;
  readonly socket: Socket;
  /** All that has come back so far. */
  readonly received: () => string;
}

async function openLine(server: Server): Promise<Line> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  socket.on('error', () => undefined);
  return {
    server,
    socket,
    received: () => text,
    async [Symbol.asyncDispose]() {
      socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers `/late` never, breaks the connection at `/break`, and says hello to all others. */
const handler: RequestListener = ({ url }, response) => {
  if (url === '/break') response.destroy();
  else if (url !== '/late') response.end('hello');
};

const routeOf = ({ url }: { readonly url?: string | undefined }): string | undefined => url;

const inFlightOf = (observer: Observer): number | undefined =>
  numbers(observer, 'http_requests_in_flight')[''];

describe('requests that do not go as planned', () => {
  it('are counted one by one where they come at once on one connection', async () => {
    await using observer = observe();
    await using line = await openLine(createServer(observer.node(handler, { routeOf })));
    const three = 'GET /a HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(3);
    line.socket.write(`${three}HEAD /a HTTP/1.1\r\nhost: x\r\n\r\n`);
    await expect.poll(() => requestsOf(observer)).toEqual({ 'GET /a 200': 3, 'HEAD /a 200': 1 });
    line.socket.write('GET /a HTTP/1.1\r\nhost: x\r\n\r\n');
    await expect.poll(() => requestsOf(observer)).toEqual({ 'GET /a 200': 4, 'HEAD /a 200': 1 });
    expect(numbers(observer, 'http_server_connections_total')).toEqual({ '': 1 });
    expect(inFlightOf(observer)).toBe(0);
  });

  it('all end when their connection does, also those whose turn had not come', async () => {
    await using observer = observe();
    await using line = await openLine(createServer(observer.node(handler, { routeOf })));
    line.socket.write('GET /a HTTP/1.1\r\nhost: x\r\n\r\nGET /late HTTP/1.1\r\nhost: x\r\n\r\n');
    line.socket.write('GET /b HTTP/1.1\r\nhost: x\r\n\r\n');
    await expect.poll(() => requestsOf(observer)).toEqual({ 'GET /a 200': 1 });
    await expect.poll(() => inFlightOf(observer)).toBe(2);
    line.socket.destroy();
    await expect.poll(() => inFlightOf(observer)).toBe(0);
    expect(requestsOf(observer)).toEqual({ 'GET /a 200': 1, 'GET /late 499': 1, 'GET /b 499': 1 });
  });

  it('count once where the service breaks the connection itself', async () => {
    await using observer = observe();
    await using line = await openLine(createServer(observer.node(handler, { routeOf })));
    line.socket.write('GET /break HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(line.socket, 'close');
    await expect.poll(() => requestsOf(observer)).toEqual({ 'GET /break 499': 1 });
    expect(inFlightOf(observer)).toBe(0);
  });

  it('are none where a connection is taken over by another protocol', async () => {
    await using observer = observe();
    const server = createServer(observer.node(handler, { routeOf }));
    observer.watch(server);
    server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
    await using line = await openLine(server);
    line.socket.write('GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n');
    await once(line.socket, 'close');
    await expect.poll(() => line.received()).toContain('101');
    expect([requestsOf(observer), inFlightOf(observer)]).toEqual([{}, 0]);
    await expect.poll(() => numbers(observer, 'http_server_connections')).toEqual({ '': 0 });
  });

  it('are one each, though the same adapter was put in twice', async () => {
    await using observer = observe();
    const middleware = observer.express();
    const twice: RequestListener = (request, response) =>
      middleware(request, response, () =>
        middleware(request, response, () => void handler(request, response)),
      );
    await using line = await openLine(createServer(twice));
    line.socket.write('GET /a HTTP/1.1\r\nhost: x\r\n\r\n');
    await expect.poll(() => requestsOf(observer)).toEqual({ 'GET unmatched 200': 1 });
    expect(inFlightOf(observer)).toBe(0);
  });

  it('are one each, though the same adapter sees them again when they are over', async () => {
    await using observer = observe();
    const middleware = observer.express();
    let seenAgain = 0;
    const again: RequestListener = (request, response) =>
      middleware(request, response, () => {
        response.once('finish', () => middleware(request, response, () => undefined));
        response.once('close', () => middleware(request, response, () => void seenAgain++));
        handler(request, response);
      });
    await using line = await openLine(createServer(again));
    line.socket.write('GET /a HTTP/1.1\r\nhost: x\r\n\r\nGET /late HTTP/1.1\r\nhost: x\r\n\r\n');
    await expect.poll(() => requestsOf(observer)).toEqual({ 'GET unmatched 200': 1 });
    line.socket.destroy();
    await expect.poll(() => seenAgain).toBe(2);
    expect(requestsOf(observer)).toEqual({ 'GET unmatched 200': 1, 'GET unmatched 499': 1 });
    expect(inFlightOf(observer)).toBe(0);
  });

  it('are seen by each of two observers', async () => {
    await using inner = observe();
    await using outer = observe();
    const both = outer.node(inner.node(handler, { routeOf }), { routeOf: () => '/:any' });
    await using line = await openLine(createServer(both));
    line.socket.write('GET /a HTTP/1.1\r\nhost: x\r\n\r\n');
    await expect.poll(() => requestsOf(outer)).toEqual({ 'GET /:any 200': 1 });
    expect(requestsOf(inner)).toEqual({ 'GET /a 200': 1 });
  });

  it('are answered and counted though the service cannot tell their route and their user', async () => {
    await using observer = observe();
    const fail = (): never => {
      throw new Error('planted');
    };
    await using line = await openLine(createServer(observer.node(handler, { routeOf: fail, userOf: fail })));
    line.socket.write('GET /a HTTP/1.1\r\nhost: x\r\n\r\n');
    await expect.poll(() => requestsOf(observer)).toEqual({ 'GET unmatched 200': 1 });
    await expect.poll(() => line.received()).toContain('hello');
    expect(numbers(observer, 'http_route_lookup_failures_total')).toEqual({ '': 1 });
    expect(numbers(observer, 'http_user_lookup_failures_total')).toEqual({ '': 1 });
  });

  it('are counted though plain JavaScript gives numbers for their route and their user', async () => {
    await using observer = observe();
    const seven = (() => 7) as unknown as () => string;
    await using line = await openLine(
      createServer(observer.node(handler, { routeOf: seven, userOf: seven })),
    );
    line.socket.write('GET /a HTTP/1.1\r\nhost: x\r\n\r\n');
    await expect.poll(() => requestsOf(observer)).toEqual({ 'GET unmatched 200': 1 });
    expect(numbers(observer, 'http_route_lookup_failures_total')).toEqual({ '': 1 });
    expect(numbers(observer, 'http_user_lookup_failures_total')).toEqual({ '': 1 });
    expect(numbers(observer, 'http_active_users')).toEqual({ '': 0 });
  });

  it('are counted stream by stream over HTTP/2', async () => {
    await using observer = observe();
    const observed = observer.node(handler, { routeOf }) as unknown as Parameters<
      typeof createHttp2Server
    >[1];
    const server = createHttp2Server({}, observed);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const late = client.request({ ':path': '/late' }).on('error', () => undefined);
    const streams = ['/a', '/a'].map((path) => client.request({ ':path': path }).resume());
    await Promise.all(streams.map((stream) => once(stream, 'close')));
    await expect.poll(() => requestsOf(observer)).toEqual({ 'GET /a 200': 2 });
    expect(inFlightOf(observer)).toBe(1);
    late.close();
    await expect.poll(() => requestsOf(observer)).toEqual({ 'GET /a 200': 2, 'GET /late 499': 1 });
    expect(inFlightOf(observer)).toBe(0);
    client.close();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  it('are counted though they come over no connection', async () => {
    await using observer = observe();
    await using app = Fastify();
    app.register(observer.fastify());
    app.get('/food/:id', async () => 'a dish');
    for (const id of ['1', '2']) expect((await app.inject(`/food/${id}`)).body).toBe('a dish');
    await expect.poll(() => requestsOf(observer)).toEqual({ 'GET /food/:id 200': 2 });
    expect(inFlightOf(observer)).toBe(0);
    expect(numbers(observer, 'http_server_connections_total')).toEqual({ '': 0 });
  });

  it('are told apart by the adapter that knows their route, where two see them', async () => {
    await using observer = observe();
    const middleware = observer.express({ routeOf: () => '/:any' });
    const both = observer.node((request, response) =>
      middleware(request, response, () => void handler(request, response)),
    );
    await using line = await openLine(createServer(both));
    line.socket.write('GET /a HTTP/1.1\r\nhost: x\r\n\r\nGET /b HTTP/1.1\r\nhost: x\r\n\r\n');
    await expect.poll(() => requestsOf(observer)).toEqual({ 'GET /:any 200': 2 });
    expect(inFlightOf(observer)).toBe(0);
  });

  it('are counted to their end where the observer is closed meanwhile, and no others', async () => {
    const observer = observe();
    const answers: (() => void)[] = [];
    const late: RequestListener = (_request, response) => void answers.push(() => response.end('hello'));
    await using line = await openLine(createServer(observer.node(late, { routeOf })));
    const hears = channel('http.server.response.finish');
    line.socket.write('GET /a HTTP/1.1\r\nhost: x\r\n\r\n');
    await expect.poll(() => answers.length).toBe(1);
    await observer.close();
    expect(hears.hasSubscribers).toBe(true);
    answers.pop()?.();
    await expect.poll(() => requestsOf(observer)).toEqual({ 'GET /a 200': 1 });
    expect(hears.hasSubscribers).toBe(false);
    line.socket.write('GET /b HTTP/1.1\r\nhost: x\r\n\r\n');
    await expect.poll(() => answers.length).toBe(1);
    answers.pop()?.();
    await expect.poll(() => line.received().split('hello').length).toBe(3);
    expect([requestsOf(observer), inFlightOf(observer)]).toEqual([{ 'GET /a 200': 1 }, 0]);
  });

  it('share a method where nobody knows it, whatever a client makes up', async () => {
    await using observer = observe();
    const observed = observer.node(handler, { routeOf }) as unknown as Parameters<
      typeof createHttp2Server
    >[1];
    const server = createHttp2Server({}, observed);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const streams = ['A', 'B', 'PATCH', 'C'].map((method) =>
      client.request({ ':path': '/a', ':method': method }, { endStream: true }).resume(),
    );
    await Promise.all(streams.map((stream) => once(stream, 'close')));
    await expect.poll(() => requestsOf(observer)).toEqual({ 'other /a 200': 3, 'PATCH /a 200': 1 });
    client.close();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
});
