/**
 * A service of the benchmark `observe`, in a process of its own: `service.ts KIND WATCH ORDER`. It serves the same
 * twice, on a port where it is watched and on one where it is not, so that both share one heap, one compiler and
 * whatever else happens on the machine. It tells its ports, and to any message what it has used and seen so far.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyPluginCallback } from 'fastify';
import { createRegistry } from 'loadline/metrics';
import pg from 'pg';
import { userOfToken } from './token.ts';
import type { Asking, Counted, Watch, WatchName } from './watches.ts';

/** The first message. */
export interface Ports {
  readonly plain: number;
  readonly watched: number;
}

/** The answer to any message. */
export interface Used {
  readonly cpuUs: number;
  /** What whoever watches has counted, where the message asks for it. */
  readonly counted: Counted | undefined;
}

/**
 * Two that answer a fixed JSON; one that knows who asks and asks PostgreSQL: what most services do, and nothing more; and the
 * example service itself.
 */
export type Kind = 'bare node:http' | 'bare Fastify' | 'Fastify and a query' | 'foodshare';

/** Never: connections wait for as long as others have their turns. */
const keepAliveTimeout = 0;

const [kind, watchName, order] = process.argv.slice(2) as [Kind, WatchName, string];
// What one of them changes in this process, no other may find.
const { watches } = await import('./watches.ts');
const watch = await watches[watchName]();
const nobody = await watches.nobody();

const open = kind === 'bare node:http' ? openNode : kind === 'foodshare' ? openFoodshare : openFastify;
const ports: Ports =
  order === 'watched first'
    ? { watched: await open(watch), plain: await open(nobody) }
    : { plain: await open(nobody), watched: await open(watch) };

process.on('message', async (message: { readonly wantsCount: boolean }) => {
  const { user, system } = process.cpuUsage();
  const counted = message.wantsCount ? await watch.counted() : undefined;
  process.send?.({ cpuUs: user + system, counted } satisfies Used);
});
process.send?.(ports);

/** A dish as JSON, as any service would put one together. */
function dish(id: string): object {
  return { id, title: 'Lentil soup', portions: 3, allergens: ['celery'], place: { lat: 52.5, lon: 13.4 } };
}

async function openNode(by: Watch): Promise<number> {
  const handler = ({ url = '' }: IncomingMessage, response: ServerResponse): void => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(dish(url.slice(6))));
  };
  const server: Server = createServer({ keepAliveTimeout }, by.node(handler));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function openFastify(by: Watch): Promise<number> {
  const app: FastifyInstance = Fastify({ keepAliveTimeout });
  by.fastify(app);
  if (kind === 'Fastify and a query') answerFromDatabase(app);
  else app.get<{ Params: { id: string } }>('/food/:id', async ({ params }) => dish(params.id));
  await app.listen({ port: 0, host: '127.0.0.1' });
  return (app.server.address() as AddressInfo).port;
}

/** What most services do: who asks shows a signed token, the id is checked, and one row is fetched by its key. */
function answerFromDatabase(app: FastifyInstance): void {
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 8 });
  // Its server may stop before it does.
  pool.on('error', () => process.exit(1));
  app.decorateRequest('user', undefined);
  app.addHook('onRequest', async (request: Asking, reply) => {
    request.user = userOfToken(request.headers.authorization);
    if (request.user === undefined) return reply.code(401).send({ title: 'Who is there?' });
  });
  const params = { type: 'object', properties: { id: { type: 'integer', minimum: 1 } } };
  const text = 'SELECT id, owner, title, portions, allergens, lat, lon, created_at FROM dishes WHERE id = $1';
  app.get('/food/:id', { schema: { params } }, async (request: Asking, reply) => {
    const { id } = request.params as { readonly id: number };
    const { rows } = await pool.query({ name: 'dish', text, values: [id] });
    const [row] = rows;
    if (row === undefined) return reply.code(404).send({ title: 'There is no such dish' });
    const { owner, lat, lon, ...rest } = row;
    return { ...rest, place: { lat, lon }, isMine: owner === request.user };
  });
}

/** As it starts by itself, but for who observes it. */
async function openFoodshare(by: Watch): Promise<number> {
  // The other kinds are not to share their process with it.
  const { startFoodshare } = await import('../../examples/foodshare/src/index.ts');
  const { DATABASE_URL, VALKEY_CACHE_URL, FOODSHARE_TOKEN_SECRET } = process.env as Record<string, string>;
  const { port } = await startFoodshare({
    databaseUrl: DATABASE_URL as string,
    valkeyCacheUrl: VALKEY_CACHE_URL as string,
    tokenSecret: FOODSHARE_TOKEN_SECRET as string,
    observer: {
      registry: createRegistry(),
      fastify: ({ userOf }) =>
        ofAllRoutes((app, _options, done) => {
          by.fastify(app, userOf);
          done();
        }),
    },
  });
  return port;
}

/** Fastify's own mark of a plugin that is not for its own routes alone. */
function ofAllRoutes(plugin: FastifyPluginCallback): FastifyPluginCallback {
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true });
}
