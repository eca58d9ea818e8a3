import { BlockList, isIPv4 } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import {
  hasCsrfToken,
  includes,
  type Keys,
  permissions,
  readSessionCookie,
  type Sessions,
} from '../access/index.ts';
import type { OperationName, Requester } from '../contract/index.ts';
import { Problem } from '../problems/index.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; undefined where nobody was recognised. */
    who: Requester | undefined;
  }
  interface FastifyContextConfig {
    /** What the route answers. */
    operation?: OperationName;
  }
}

export interface IdentifyOptions {
  readonly keys: Keys;
  readonly sessions: Sessions;
  /** From these addresses the metrics of the control plane are read without a key. */
  readonly metricsAddresses: readonly string[];
  /** Whether a proxy stands in front, whose `X-Forwarded-For` says who asks. */
  readonly isBehindProxy: boolean;
}

/** Finds out who asks, before anything else is done; whether they may is asked later, when their requests are counted. */
export function identify(app: FastifyInstance, { keys, sessions }: IdentifyOptions): void {
  app.decorateRequest('who', undefined);
  app.addHook('onRequest', async (request) => {
    const { authorization, cookie } = request.headers;
    const key = keyIn(authorization);
    const token = authorization === undefined ? readSessionCookie(cookie) : undefined;
    if (key !== undefined) request.who = keys.recognise(key);
    else if (token !== undefined) request.who = sessions.recognise(token);
  });
}

function keyIn(authorization: string | undefined): string | undefined {
  return /^Bearer +([^\s]{1,200})$/i.exec(authorization ?? '')?.[1];
}

/** Lets nobody to an operation who may not ask for it. Asked before a body is read. */
export function authorise(app: FastifyInstance, { metricsAddresses, isBehindProxy }: IdentifyOptions): void {
  const listed = addressesOf(metricsAddresses);
  app.addHook('preParsing', async (request) => {
    const { operation } = request.routeOptions.config;
    if (operation === undefined) return;
    const needed = permissions[operation];
    if (needed === 'open') return;
    const isFromItself = isBehindProxy || !wasHandedOn(request);
    if (needed === 'metrics' && isFromItself && isListed(listed, request.ip)) return;
    const { who } = request;
    if (who === undefined) throw unauthenticated(request);
    const least = needed === 'metrics' ? 'viewer' : needed;
    if (!includes(who.role, least)) {
      throw new Problem(
        'CONTROL_PLANE_FORBIDDEN',
        `This needs the role ${least}; this key has the role ${who.role}.`,
      );
    }
    assertMeant(request, who);
  });
}

/** A browser sends its cookie along with whatever makes it ask; only our own pages know the token. */
function assertMeant(request: FastifyRequest, { session }: Requester): void {
  if (session === undefined || request.method === 'GET' || request.method === 'HEAD') return;
  const sent = request.headers['x-csrf-token'];
  if (typeof sent === 'string' && hasCsrfToken(sent, session.csrfToken)) return;
  throw new Problem(
    'CONTROL_PLANE_CSRF',
    'A session changes something only with its token in `X-CSRF-Token`.',
  );
}

function unauthenticated({ headers }: FastifyRequest): Problem {
  const { authorization, cookie } = headers;
  const hasSent =
    authorization === undefined
      ? readSessionCookie(cookie) !== undefined
      : keyIn(authorization) !== undefined;
  if (hasSent) return unknownSender('The key or session is unknown, expired or revoked.', 'invalid_token');
  return authorization === undefined
    ? unknownSender('Send a key: `Authorization: Bearer …`.')
    : unknownSender(
        'No key can be read in `Authorization`: it is `Bearer`, a space, and the key.',
        'invalid_request',
      );
}

function unknownSender(detail: string, error?: string): Problem {
  const challenge = error === undefined ? 'Bearer' : `Bearer error="${error}"`;
  return new Problem('CONTROL_PLANE_UNAUTHENTICATED', detail, { headers: { 'www-authenticate': challenge } });
}

/** What a proxy hands on that we were not told of comes from its address, whoever has sent it. */
function wasHandedOn({ headers }: FastifyRequest): boolean {
  return ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((name) => headers[name] !== undefined);
}

function addressesOf(addresses: readonly string[]): BlockList {
  const list = new BlockList();
  for (const address of addresses) list.addAddress(address, isIPv4(address) ? 'ipv4' : 'ipv6');
  return list;
}

function isListed(list: BlockList, ip: string): boolean {
  return list.check(ip, isIPv4(ip) ? 'ipv4' : 'ipv6');
}
