import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Identity } from '../ground/tokens.ts';
import { forbidden, Problem } from './problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; there on every route behind `requireIdentity`. */
    identity: Identity;
  }
}

/** Lets nobody through to this scope's routes without a valid token. Asked first, before a body is read. */
export function requireIdentity(
  scope: FastifyInstance,
  verify: (token: string) => Promise<Identity | undefined>,
): void {
  // Fastify wants the place before a request comes; the hook below fills it or refuses, so no route sees it empty.
  scope.decorateRequest('identity', undefined as unknown as Identity);
  scope.addHook('onRequest', async (request) => {
    const token = /^Bearer +([\w.-]+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) throw unauthenticated('Send a token: Authorization: Bearer …', 'Bearer');
    const identity = await verify(token);
    if (identity === undefined) {
      throw unauthenticated(
        'The token is forged, expired, or not one of ours.',
        'Bearer error="invalid_token"',
      );
    }
    request.identity = identity;
  });
}

/** Who asks, on any route; undefined where nobody has to be signed in, and for whoever was refused. */
export function userOf(request: { readonly identity?: Identity }): string | undefined {
  return request.identity?.userId;
}

/** As a hook of a scope: only administrators. */
export async function requireAdmin(request: FastifyRequest, _reply: FastifyReply): Promise<void> {
  if (!isAdmin(request.identity)) throw forbidden('Only an administrator may do this.');
}

export function isAdmin({ roles }: Identity): boolean {
  return roles.includes('admin');
}

function unauthenticated(detail: string, challenge: string): Problem {
  return new Problem(401, 'unauthenticated', detail, { headers: { 'www-authenticate': challenge } });
}
