import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Gate } from './gate.ts';
import { type HonoContext, type HonoMiddleware, honoMiddleware } from './hono.ts';
import { gateHandler, passNode } from './node.ts';

/** A gate as each framework takes it. None of them is imported: they are known by their shape. */
export interface Gated {
  /** `createServer(gate.node(handler))` */
  node(handler: RequestListener): (request: IncomingMessage, response: ServerResponse) => void;
  /** `app.use(gate.express())`, before what it guards. */
  express(): ExpressMiddleware;
  /** `app.register(gate.fastify())`, before the routes. */
  fastify(): FastifyPlugin;
  /** `app.use(gate.hono())`, before what it guards. */
  hono<Context extends HonoContext>(): HonoMiddleware<Context>;
}

/** A function for `app.use()` of Express and of whatever else works like Connect. */
export type ExpressMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: () => void,
) => void;

/** What is needed of Fastify's request. */
export interface FastifyRequestShape {
  readonly raw: IncomingMessage;
}

/** What is needed of Fastify's reply. */
export interface FastifyReplyShape {
  readonly raw: ServerResponse;
  hijack(): unknown;
}

/** What is needed of Fastify itself. */
export interface FastifyShape {
  addHook(
    name: 'onRequest',
    hook: (request: FastifyRequestShape, reply: FastifyReplyShape, done: () => void) => void,
  ): unknown;
}

/** A plugin for `app.register()`; it stands before all routes, those of other plugins too. */
export type FastifyPlugin = (app: FastifyShape, options: unknown, done: () => void) => void;

/** Makes a gate fit every framework. */
export function gated(gate: Gate): Gated {
  return {
    node: (handler) => gateHandler(gate, handler),
    express: () => (request, response, next) => passNode(gate, { request, response, goOn: next }),
    fastify: () => fastifyPlugin(gate),
    hono: () => honoMiddleware(gate),
  };
}

function fastifyPlugin(gate: Gate): FastifyPlugin {
  return forAllRoutes('loadline-gate', (app, _options, done) => {
    app.addHook('onRequest', (request, reply, next) => {
      passNode(gate, {
        request: request.raw,
        response: reply.raw,
        goOn: next,
        takeOver: () => reply.hijack(),
      });
    });
    done();
  });
}

/** What fastify-plugin does: the hooks belong to whoever registers the plugin, not to the plugin's own scope. */
export function forAllRoutes<Plugin extends object>(name: string, plugin: Plugin): Plugin {
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: name,
  });
}
