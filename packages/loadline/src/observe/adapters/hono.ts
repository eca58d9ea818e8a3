import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DoorAnswer, DoorRequest } from '../doors/door.ts';
import { createFollow, seeRoute, seeUser, type UserOf, type Watcher } from './watcher.ts';

/** What is needed of Hono's context. */
export interface HonoContext {
  readonly req: { readonly raw: Request; readonly path: string; readonly method: string };
  readonly res: { readonly status: number };
  /** With `@hono/node-server` it holds Node's own request and response. */
  readonly env: unknown;
}

/** A function for `app.use()` of Hono. Comes first, to see everything. */
export type HonoMiddleware<Context> = (
  context: Context,
  next: () => Promise<void>,
) => Promise<Response | undefined>;

export interface HonoOptions<Context> {
  /** The pattern that a request fits: `(c) => routePath(c, -1)`, with `routePath` of `hono/route`. */
  readonly routeOf: (context: Context) => string | undefined;
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
    const node = nodeOf(context.env);
    const door = watcher.doorAt(context.req.path);
    if (door !== undefined) return responseOf(await door(doorRequestOf(context, node)));
    if (node !== undefined) {
      follow(context, node.outgoing);
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

interface NodeBindings {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

function nodeOf(env: unknown): NodeBindings | undefined {
  const { incoming, outgoing } = (env ?? {}) as Partial<NodeBindings>;
  return incoming === undefined || outgoing === undefined ? undefined : { incoming, outgoing };
}

function doorRequestOf({ req }: HonoContext, node: NodeBindings | undefined): DoorRequest {
  return {
    method: req.method,
    path: req.path,
    query: new URL(req.raw.url).searchParams,
    header: (name) => req.raw.headers.get(name) ?? undefined,
    address: node?.incoming.socket.remoteAddress,
    async body(bytesMax) {
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of req.raw.body ?? []) {
        size += chunk.length;
        if (size > bytesMax) return undefined;
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    },
  };
}

function responseOf({ status, headers, body }: DoorAnswer): Response {
  if (status === 204) return new Response(null, { status, headers });
  if (typeof body === 'string' || body instanceof Uint8Array) return new Response(body, { status, headers });
  const encoder = new TextEncoder();
  const slices = body[Symbol.asyncIterator]();
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await slices.next();
      if (done === true) controller.close();
      else controller.enqueue(typeof value === 'string' ? encoder.encode(value) : value);
    },
    cancel: async () => void (await slices.return?.()),
  });
  return new Response(stream, { status, headers });
}
