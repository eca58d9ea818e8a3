import type { ServerResponse } from 'node:http';
import type { DoorAnswer } from './door.ts';
import { type Follower, type Gate, type GateRequest, isAnswer } from './gate.ts';
import { followNode } from './node.ts';

/** What is needed of Hono's context. */
export interface HonoContext {
  readonly req: { readonly raw: Request; readonly path: string; readonly method: string };
  readonly res: { readonly status: number };
  /** With `@hono/node-server` it holds Node's own request and response. */
  readonly env: unknown;
}

/** A function for `app.use()` of Hono. */
export type HonoMiddleware<Context> = (
  context: Context,
  next: () => Promise<void>,
) => Promise<Response | undefined>;

export function honoMiddleware<Context extends HonoContext>(gate: Gate): HonoMiddleware<Context> {
  return async (context, next) => {
    const passage = await gate.take(requestOf(context));
    if (passage === undefined) {
      await next();
      return undefined;
    }
    if (isAnswer(passage)) return responseOf(passage, context.req.method);
    const { outgoing } = nodeOf(context);
    if (outgoing === undefined) await followRoute(passage, context, next);
    else {
      followNode(passage, outgoing);
      await next();
    }
    return undefined;
  };
}

/** Elsewhere than on Node the end of an answer is not to be seen: that its handler has one must do. */
async function followRoute(
  follower: Follower,
  context: HonoContext,
  next: () => Promise<void>,
): Promise<void> {
  let status = 500;
  try {
    await next();
    status = context.res.status;
  } finally {
    follower.ended(status);
  }
}

export function requestOf(context: HonoContext): GateRequest {
  const { req } = context;
  return {
    method: req.method,
    path: req.path,
    raw: req.raw,
    address: nodeOf(context).incoming?.socket?.remoteAddress,
    header: (name) => req.raw.headers.get(name) ?? undefined,
  };
}

/** What `@hono/node-server` puts into the `env` of a context; elsewhere neither is there. */
export interface NodeBindings {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string | undefined } };
  readonly outgoing?: ServerResponse;
}

/** Node's own request and response, where `@hono/node-server` serves. */
export function nodeOf({ env }: HonoContext): NodeBindings {
  return (env ?? {}) as NodeBindings;
}

export function responseOf({ status, headers, body }: DoorAnswer, method: string): Response {
  if (method === 'HEAD' || status === 204) return new Response(null, { status, headers });
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
