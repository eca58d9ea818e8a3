/**
 * The service of the benchmark `observe`, in a process of its own: `service.ts node:http|fastify`. It serves the same
 * twice, on a port where it is observed and on one where it is not, so that both share one heap, one compiler and
 * whatever else happens on the machine. It tells its ports, and to any message its CPU time.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { type Observer, observe } from 'loadline/observe';

/** The first message. */
export interface Ports {
  readonly plain: number;
  readonly observed: number;
}

/** The answer to any message. */
export interface CpuTime {
  readonly cpuUs: number;
}

const framework = process.argv[2];
const open = framework === 'fastify' ? openFastify : openNode;
const ports: Ports = {
  plain: await open(undefined),
  observed: await open(observe({ controlKey: 'a-key-of-some-length' })),
};

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuUs: user + system } satisfies CpuTime);
});
process.send?.(ports);

/** A dish as JSON, as any service would put one together. */
function dish(id: string): object {
  return { id, title: 'Lentil soup', portions: 3, allergens: ['celery'], place: { lat: 52.5, lon: 13.4 } };
}

async function openNode(observer: Observer | undefined): Promise<number> {
  const handler = ({ url = '' }: IncomingMessage, response: ServerResponse): void => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(dish(url.slice(6))));
  };
  const routes = {
    routeOf: () => '/food/:id',
    userOf: ({ headers }: IncomingMessage) => headers['x-user']?.toString(),
  };
  const server: Server = createServer(observer === undefined ? handler : observer.node(handler, routes));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function openFastify(observer: Observer | undefined): Promise<number> {
  const app: FastifyInstance = Fastify();
  if (observer !== undefined) {
    app.register(observer.fastify({ userOf: ({ raw }) => raw.headers['x-user']?.toString() }));
  }
  app.get<{ Params: { id: string } }>('/food/:id', async ({ params }) => dish(params.id));
  await app.listen({ port: 0, host: '127.0.0.1' });
  return (app.server.address() as AddressInfo).port;
}
