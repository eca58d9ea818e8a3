import {
  answerAtNode,
  type FastifyReplyShape,
  forAllRoutes,
  type FastifyRequestShape as GatedRequest,
} from '../../traffic/index.ts';
import type { ConnectingServer } from '../meters/network-metrics.ts';
import { createFollow, type UserOf, type Watcher } from './watcher.ts';

/** What is needed of Fastify's request. */
export interface FastifyRequestShape extends GatedRequest {
  readonly routeOptions: { readonly url?: string | undefined };
}

/** What is needed of Fastify itself. */
export interface FastifyShape<Request> {
  readonly server: ConnectingServer;
  addHook(name: 'onRequest', hook: FastifyHook<Request>): unknown;
  addHook(name: 'onRoute', hook: (route: FastifyRouteShape) => void): unknown;
}

type FastifyHook<Request> = (request: Request, reply: FastifyReplyShape, done: () => void) => void;

/** What is needed of a route that is about to be registered. */
export interface FastifyRouteShape {
  readonly url: string;
  onRequest?: unknown;
}

/** A plugin for `app.register()`; it watches all routes, those of other plugins too. */
export type FastifyPlugin<Request> = (app: FastifyShape<Request>, options: unknown, done: () => void) => void;

export function fastifyPlugin<Request extends FastifyRequestShape>(
  watcher: Watcher,
  { userOf }: { readonly userOf?: UserOf<Request> } = {},
): FastifyPlugin<Request> {
  const routeOf = Symbol('route');
  type Routed = object & { [routeOf]?: string };
  const follow = createFollow<Request>(watcher, {
    // What fits no route, and what another hook answered before that of its route.
    routeOf: (request, response: Routed) => response[routeOf] ?? request.routeOptions.url,
    userOf,
  });
  return forAllRoutes<FastifyPlugin<Request>>('loadline-observe', (app, _options, done) => {
    watcher.network.watch(app.server);
    app.addHook('onRequest', (request, reply, next) => {
      const door = watcher.doorAt(request.raw.url);
      if (door !== undefined) {
        reply.hijack();
        void answerAtNode(door, request.raw, reply.raw);
        return;
      }
      follow(request, reply.raw);
      next();
    });
    // To ask a request for its route makes Fastify put a dozen options together; a hook of the route's own knows it.
    app.addHook('onRoute', (options) => {
      const { url } = options;
      const noteRoute: FastifyHook<Request> = (_request, { raw }: { readonly raw: Routed }, next) => {
        raw[routeOf] = url;
        next();
      };
      options.onRequest = [noteRoute, options.onRequest ?? []].flat();
    });
    done();
  });
}
