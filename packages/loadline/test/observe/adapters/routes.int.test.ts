import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import Fastify, { type FastifyInstance } from 'fastify';
import { type Observer, observe } from 'loadline/observe';
import { describe, expect, it } from 'vitest';
import { patternsOf, prefixOf } from '../../../src/observe/adapters/express-prefix.ts';
import { requestsOf } from './numbers.ts';

/** Answers all requests one after the other, and gives what was counted of them. */
async function countedBy(
  observer: Observer,
  port: number,
  asked: readonly string[],
): Promise<Readonly<Record<string, number>>> {
  for (const each of asked) {
    const [method = 'GET', path = '/'] = each.split(' ');
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    await response.arrayBuffer();
  }
  const all = (): number => Object.values(requestsOf(observer)).reduce((sum, count) => sum + count, 0);
  await expect.poll(all).toBe(asked.length);
  return requestsOf(observer);
}

describe('routes of Express', () => {
  async function countedOf(
    build: (app: ReturnType<typeof express>) => void,
    asked: readonly string[],
    options: Parameters<Observer['express']>[0] = {},
  ): Promise<Readonly<Record<string, number>>> {
    await using observer = observe();
    const app = express();
    app.use(observer.express(options));
    build(app);
    const server: Server = app.listen(0, '127.0.0.1');
    try {
      await new Promise((resolve) => server.once('listening', resolve));
      return await countedBy(observer, (server.address() as AddressInfo).port, asked);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }
  const say = (_request: unknown, response: { end(text: string): unknown }): void => void response.end('');
  const posts = () => express.Router().get('/posts/:post', say).get('/', say);

  it('have the pattern of their routers, not what a request had in its place', async () => {
    const build = (app: ReturnType<typeof express>): void => {
      const ofUser = express.Router().use('/in/:town', posts()).get('/', say);
      app.use('/users/:id', ofUser);
      app.use('/team', posts());
    };
    const ids = ['ann', 'bob', '17'];
    const asked = ids.flatMap((id) => [`GET /users/${id}`, `GET /users/${id}/in/x/posts/${id}`]);
    expect(
      await countedOf(build, [...asked, 'GET /USERS/eve', 'GET /team/posts/1', 'GET /team/none']),
    ).toEqual({
      'GET /users/:id/ 200': 4,
      'GET /users/:id/in/:town/posts/:post 200': 3,
      'GET /team/posts/:post 200': 1,
      'GET unmatched 404': 1,
    });
  });

  it('have not more than a hundred prefixes of what does not tell its patterns', async () => {
    const build = (app: ReturnType<typeof express>): void => {
      const inner = express();
      inner.get('/a', say);
      app.use('/shop/:name', inner);
    };
    const asked = Array.from({ length: 120 }, (_, at) => `GET /shop/${at < 2 ? at : `name-${at}`}/a`);
    const counted = await countedOf(build, asked);
    expect(counted['GET /shop/:id/a 200']).toBe(2);
    expect(counted['GET /:other/a 200']).toBe(20);
    expect(Object.keys(counted)).toHaveLength(100);
  });

  it('are what the service says, where it says so', async () => {
    const build = (app: ReturnType<typeof express>): void => void app.use('/users/:id', posts());
    const options = {
      routeOf: ({ url }: { readonly url?: string | undefined }) => (url === '/x' ? undefined : '/mine'),
    };
    expect(await countedOf(build, ['GET /users/1', 'GET /x'], options)).toEqual({
      'GET /mine 200': 1,
      'GET unmatched 404': 1,
    });
  });
});

it('prefixOf() takes the first pattern that fits all of a prefix', () => {
  const patterns = ['/users', '/users/:id', '/:any/:thing/x'];
  expect(
    ['', '/users', '/users/7', '/a/b/x', '/a/b/c'].map((each) => prefixOf(each, patterns, true)),
  ).toEqual(['', '/users', '/users/:id', '/:any/:thing/x', '/a/b/c']);
});

describe('patternsOf()', () => {
  it('has an end where routers are in a circle', () => {
    const router = { listRoutes: () => [{ path: '/in/', router }, { path: /x/, router }, { path: '/a' }] };
    expect(patternsOf({ router })).toEqual(Array.from({ length: 8 }, (_, at) => '/in'.repeat(at + 1)));
  });

  it('knows none where the application does not tell, as Express 4', () => {
    const app = {
      get router(): never {
        throw new Error("'app.router' is deprecated!");
      },
    };
    expect([app, undefined, {}, { router: {} }].map(patternsOf)).toEqual([[], [], [], []]);
  });
});

describe('routes of Fastify', () => {
  async function countedOf(
    build: (app: FastifyInstance) => void,
    asked: readonly string[],
  ): Promise<Readonly<Record<string, number>>> {
    await using observer = observe();
    const app = Fastify();
    app.register(observer.fastify());
    build(app);
    try {
      await app.listen({ port: 0, host: '127.0.0.1' });
      return await countedBy(observer, (app.server.address() as AddressInfo).port, asked);
    } finally {
      app.server.closeAllConnections();
      await app.close();
    }
  }

  it('have the pattern of their prefix, and what fits none has one for all', async () => {
    const build = (app: FastifyInstance): void => {
      app.register(
        async (scope) => {
          scope.get('/posts', async () => '');
          scope.setNotFoundHandler((_request, reply) => void reply.code(404).send(''));
        },
        { prefix: '/users/:id' },
      );
    };
    const asked = ['ann', 'bob'].flatMap((id) => [
      `GET /users/${id}/posts`,
      `HEAD /users/${id}/posts`,
      `GET /users/${id}/none`,
      `PROPFIND /users/${id}`,
      `GET /${id}`,
    ]);
    expect(await countedOf(build, asked)).toEqual({
      'GET /users/:id/posts 200': 2,
      'HEAD /users/:id/posts 200': 2,
      'GET unmatched 404': 4,
      'PROPFIND unmatched 404': 2,
    });
  });

  it('are known where another hook answers before that of the route, and beside hooks of its own', async () => {
    const seen: string[] = [];
    const build = (app: FastifyInstance): void => {
      app.register(async (scope) => {
        scope.addHook('onRequest', async ({ url }, reply) => {
          if (url === '/refused/1') return reply.code(401).send('');
        });
        scope.get('/refused/:id', async () => '');
        const onRequest = [async () => void seen.push('one'), async () => void seen.push('two')];
        scope.get('/hooked/:id', { onRequest }, async () => '');
        scope.get('/alone/:id', { onRequest: async () => void seen.push('three') }, async () => '');
      });
    };
    expect(await countedOf(build, ['GET /refused/1', 'GET /hooked/2', 'GET /alone/3'])).toEqual({
      'GET /refused/:id 401': 1,
      'GET /hooked/:id 200': 1,
      'GET /alone/:id 200': 1,
    });
    expect(seen).toEqual(['one', 'two', 'three']);
  });

  it('are known without asking a request for what it makes anew each time', async () => {
    let askedFor = 0;
    const build = (app: FastifyInstance): void => {
      app.addHook('onRequest', async (request) => {
        const { routeOptions } = request;
        const get = (): typeof routeOptions => {
          askedFor++;
          return routeOptions;
        };
        Object.defineProperty(request, 'routeOptions', { get });
      });
      app.get('/food/:id', async () => '');
    };
    expect(await countedOf(build, ['GET /food/1', 'GET /food/2', 'GET /other'])).toEqual({
      'GET /food/:id 200': 2,
      'GET unmatched 404': 1,
    });
    // Once, to find where Fastify keeps it.
    expect(askedFor).toBe(1);
  });
});
