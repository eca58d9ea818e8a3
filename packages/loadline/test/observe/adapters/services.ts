import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { routePath } from 'hono/route';
import type { Observer } from 'loadline/observe';

/** A service that runs on loopback. */
export interface Service {
  readonly url: string;
  close(): Promise<void>;
}

/** The same little service in each framework: a dish by its id, one that fails, and one that never answers. */
export const services: Readonly<Record<string, (observer: Observer) => Promise<Service>>> = {
  async 'node:http'(observer) {
    const server = createServer(
      observer.node(
        (request, response) => {
          const { url = '/' } = request;
          if (url.startsWith('/food/')) response.end('a dish');
          else if (url === '/fail') response.writeHead(500).end();
          else if (url !== '/never') response.writeHead(404).end();
        },
        {
          routeOf: ({ url = '' }) =>
            url.startsWith('/food/') ? '/food/:id' : url === '/other' ? undefined : url,
          userOf: ({ headers }) => headers['x-user']?.toString(),
        },
      ),
    );
    return listen(server.listen(0, '127.0.0.1'));
  },

  async Express(observer) {
    const app = express();
    app.use(observer.express({ userOf: ({ headers }) => headers['x-user']?.toString() }));
    const food = express.Router();
    food.get('/:id', (_request, response) => void response.send('a dish'));
    app.use('/food', food);
    app.get('/fail', (_request, response) => void response.status(500).end());
    app.get('/never', () => undefined);
    return listen(app.listen(0, '127.0.0.1'));
  },

  async Fastify(observer) {
    const app = Fastify();
    app.register(observer.fastify({ userOf: ({ raw }) => raw.headers['x-user']?.toString() }));
    app.register(async (scope) => {
      scope.get('/food/:id', async () => 'a dish');
      scope.get('/fail', async () => {
        throw new Error('planted');
      });
      scope.get('/never', () => new Promise(() => undefined));
    });
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    return {
      url,
      async close() {
        app.server.closeAllConnections();
        await app.close();
      },
    };
  },

  async Hono(observer) {
    const app = new Hono();
    app.use(
      observer.hono({
        routeOf: (context: Parameters<typeof routePath>[0]) => routePath(context, -1),
        userOf: (context) => context.req.header('x-user'),
      }),
    );
    app.get('/food/:id', (context) => context.text('a dish'));
    app.get('/fail', () => {
      throw new Error('planted');
    });
    app.get('/never', () => new Promise<Response>(() => undefined));
    app.onError((_error, context) => context.text('', 500));
    return listen(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server);
  },
};

async function listen(server: Server): Promise<Service> {
  if (!server.listening) await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
