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
  readonly routeOptions: { readonly url?: string | undefined; readonly config?: unknown };
}

/** What is needed of Fastify itself. */
export interface FastifyShape<Request> {
  readonly server: ConnectingServer;
  addHook(name: 'onRequest', hook: FastifyHook<Request>): unknown;
}

type FastifyHook<Request> = (request: Request, reply: FastifyReplyShape, done: () => void) => void;

/** A plugin for `app.register()`; it watches all routes, those of other plugins too. */
export type FastifyPlugin<Request> = (app: FastifyShape<Request>, options: unknown, done: () => void) => void;

export function fastifyPlugin<Request extends FastifyRequestShape>(
  watcher: Watcher,
  { userOf }: { readonly userOf?: UserOf<Request> } = {},
): FastifyPlugin<Request> {
  const follow = createFollow<Request>(watcher, { routeOf: createPatternFinder(), userOf });
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
    done();
  });
}

/** What Fastify has of the route of a request. */
interface RouteContext {
  readonly config?: { readonly url?: string | undefined } | undefined;
}

/**
 * Finds the pattern of a request's route. `routeOptions` tells it, and puts a dozen others together for that each time. What
 * it takes them from stands under a symbol of Fastify's own, which is looked for once; where it is not found, or not
 * there, `routeOptions` is asked.
 */
function createPatternFinder(): (request: FastifyRequestShape) => string | undefined {
  let key: symbol | undefined;
  let isSought = false;
  return (request) => {
    const keyed = request as FastifyRequestShape & Readonly<Record<symbol, RouteContext | undefined>>;
    const config = key === undefined ? undefined : keyed[key]?.config;
    if (config !== undefined) return config.url;
    const { url, config: asked } = request.routeOptions;
    if (!isSought && asked !== undefined) {
      isSought = true;
      key = Object.getOwnPropertySymbols(request).find((symbol) => keyed[symbol]?.config === asked);
    }
    return url;
  };
}
