import { answerAtHono, type HonoContext, type HonoMiddleware, nodeOf } from '../../traffic/index.ts';
import { createFollow, seeRoute, seeUser, type UserOf, type Watcher } from './watcher.ts';

/** What the service knows of a request, and Hono tells only where it is asked. */
export interface HonoOptions<Context> {
  /** The pattern that a request fits: `(c) => routePath(c, -1)`, with `routePath` of `hono/route`. */
  readonly routeOf: (context: Context) => string | undefined;
  /** Who it is from. Default: nobody is told, and active users are not counted. */
  readonly userOf?: UserOf<Context>;
}

export function honoMiddleware<Context extends HonoContext>(
  watcher: Watcher,
  { routeOf, userOf }: HonoOptions<Context>,
): HonoMiddleware<Context> {
  // A middleware is matched by everything, and is the pattern of nothing.
  const patternOf = (context: Context): string | undefined => {
    const path = routeOf(context);
    return path === '*' || path === '/*' ? undefined : path;
  };
  const follow = createFollow<Context>(watcher, { routeOf: patternOf, userOf });
  return async (context, next) => {
    const door = watcher.doorAt(context.req.path);
    if (door !== undefined) return answerAtHono(door, context);
    const { outgoing } = nodeOf(context);
    if (outgoing !== undefined) {
      follow(context, outgoing);
      await next();
      return undefined;
    }
    const { clock, http } = watcher;
    const startMs = clock.monotonicMs();
    http.begin();
    let status = 500;
    try {
      await next();
      status = context.res.status;
    } finally {
      const nowMs = clock.monotonicMs();
      const route = seeRoute(watcher, patternOf, context, undefined);
      http.end({ method: context.req.method, route, status, durationMs: nowMs - startMs });
      if (userOf !== undefined) seeUser(watcher, userOf, context, nowMs);
    }
    return undefined;
  };
}
