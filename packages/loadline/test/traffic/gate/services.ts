import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { Gated } from 'loadline/traffic';

/** A service that runs on loopback, behind gates. */
export interface Service extends AsyncDisposable {
  readonly url: string;
  readonly server: Server;
}

/** What every service streams at `/events`, again and again, in the way of its framework. */
const event = 'data: a dish\n\n';
const eventHeaders = { 'content-type': 'text/event-stream' };

/** A request that has arrived at the service itself, and waits for its answer. */
export interface Arrived {
  readonly path: string;
  /** The framework's own request. */
  readonly raw: object;
  answer(text: string): void;
}

export type OpenService = (
  gates: readonly Gated[],
  onRequest: (arrived: Arrived) => void,
) => Promise<Service>;

/**
 * The same little service in each framework: it hands every request on to the test, which answers. Each imports its own,
 * so that one that is started as a process does not wait for the others.
 */
export const services: Readonly<Record<string, OpenService>> = {
  async 'node:http'(gates, onRequest) {
    const service: RequestListener = (raw, response) => {
      const { url = '' } = raw;
      if (url !== '/events') return onRequest({ path: url, raw, answer: (text) => response.end(text) });
      response.writeHead(200, eventHeaders);
      writeOn(response);
    };
    const handler = gates.reduceRight((inner, gate) => gate.node(inner), service);
    return listen(createServer(handler).listen(0, '127.0.0.1'));
  },

  async Express(gates, onRequest) {
    const { default: express } = await import('express');
    const app = express();
    for (const gate of gates) app.use(gate.express());
    app.use('/api', (request, response) =>
      onRequest({ path: request.originalUrl, raw: request, answer: (text) => response.send(text) }),
    );
    app.get('/events', (_request, response) => writeOn(response.set(eventHeaders)));
    return listen(app.listen(0, '127.0.0.1'));
  },

  async Fastify(gates, onRequest) {
    const { default: Fastify } = await import('fastify');
    const app = Fastify({ forceCloseConnections: true });
    for (const gate of gates) app.register(gate.fastify());
    app.get('/events', (_request, reply) => reply.headers(eventHeaders).send(Readable.from(events())));
    app.register(async (scope) => {
      scope.all('/api/*', (request) => {
        return new Promise<string>((resolve) =>
          onRequest({ path: request.url, raw: request.raw, answer: resolve }),
        );
      });
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { ...(await listen(app.server)), [Symbol.asyncDispose]: () => app.close() };
  },

  async Hono(gates, onRequest) {
    const [{ serve }, { Hono }, { streamSSE }] = await Promise.all([
      import('@hono/node-server'),
      import('hono'),
      import('hono/streaming'),
    ]);
    const app = new Hono();
    for (const gate of gates) app.use(gate.hono());
    app.all('/api/*', async (context) => {
      const answer = Promise.withResolvers<string>();
      onRequest({ path: context.req.path, raw: context.req.raw, answer: answer.resolve });
      return context.text(await answer.promise);
    });
    app.get('/events', (context) =>
      streamSSE(context, async (stream) => {
        while (!stream.aborted) {
          await stream.writeSSE({ data: 'a dish' });
          await pause();
        }
      }),
    );
    return listen(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server);
  },
};

async function* events(): AsyncGenerator<string> {
  for (;;) {
    yield event;
    await pause();
  }
}

function writeOn(response: ServerResponse): void {
  if (response.closed) return;
  response.write(event);
  setTimeout(() => writeOn(response), 5);
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

async function listen(server: Server): Promise<Service> {
  if (!server.listening) await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    server,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
