import { randomUUID } from 'node:crypto';
import rateLimit from '@fastify/rate-limit';
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import type { Clock } from 'loadline/base';
import type { Registry } from 'loadline/metrics';
import type { AuditedRequest } from '../access/index.ts';
import type { Handlers, OperationName } from '../contract/index.ts';
import { Problem, problemOfJson, tooMany } from '../problems/index.ts';
import { answerOperations } from './answer-operations.ts';
import { answerClientError, answerProblem } from './answer-problems.ts';
import { auditChanges } from './audit-changes.ts';
import { authorise, type IdentifyOptions, identify } from './identify.ts';
import { observeRequests } from './observe-requests.ts';
import { addSecurityHeaders } from './security-headers.ts';
import { refuseUnknown } from './unknown-routes.ts';
import { createValidatorCompiler } from './validation.ts';

export interface ServerOptions extends IdentifyOptions {
  readonly handlers: Handlers;
  readonly audit: (request: AuditedRequest) => Promise<void>;
  readonly registry: Registry;
  readonly clock: Clock;
  /** PEM texts; absent where a proxy speaks TLS, or nobody does on loopback. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Requests of one key in a minute. */
  readonly keyRequestsMax: number;
  /** Requests of one address in a minute for which no key was recognised. */
  readonly strangerRequestsMax: number;
  /** Where failures are written, as JSON lines; absent: nowhere. */
  readonly log?: { write(line: string): void } | undefined;
}

const bodyBytesMax = 1_048_576;
const healthOperations: ReadonlySet<OperationName | undefined> = new Set(['isAlive', 'isReady'] as const);

/** The HTTP server of the contract, ready to listen. Whoever made it closes it. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const isSecure = options.tls !== undefined || options.isBehindProxy;
  const app = createFramework(options);
  readJsonAlone(app);
  app.setValidatorCompiler(createValidatorCompiler());
  app.setErrorHandler(answerProblem);
  addSecurityHeaders(app, { isSecure });
  app.addHook('onRequest', async (request, reply) => void reply.header('x-request-id', request.id));
  observeRequests(app, options.registry, options.clock);
  identify(app, options);
  await limitRequests(app, options);
  authorise(app, options);
  auditChanges(app, options.audit);
  refuseUnknown(app);
  answerOperations(app, options.handlers);
  return app;
}

function createFramework({ log, isBehindProxy, tls }: ServerOptions): FastifyInstance {
  const options: FastifyServerOptions = {
    logger: log === undefined ? false : { level: 'warn', stream: log },
    genReqId: () => randomUUID(),
    // The one proxy that we were told of; whoever came before it says of itself what it likes.
    trustProxy: isBehindProxy ? (_address, hop) => hop === 0 : false,
    bodyLimit: bodyBytesMax,
    // A request that trickles in can't hold a connection for longer.
    requestTimeout: 15_000,
    // What arrives on an open connection while we stop is still answered.
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => answerProblem(error, request, reply),
  };
  if (tls === undefined) return Fastify(options);
  // Over TLS its type differs in what nobody uses here.
  return Fastify({ ...(options as object), https: tls }) as unknown as FastifyInstance;
}

/** The framework would read text as well, and hand it on as a body. */
function readJsonAlone(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text, done) => {
    void parse(request, text as string, (error, body) => {
      const problem = error === null ? problemOfJson(body) : undefined;
      if (problem !== undefined)
        done(new Problem('CONTROL_PLANE_BODY_MALFORMED', `The body cannot be taken. ${problem}`));
      else done(error, body);
    });
  });
}

/**
 * Counts by key, and by address where there is none: who guesses keys is slowed down, and nobody else is. Health is not counted:
 * probes often come from an address that others have as well, and whoever guesses there would have the process ended.
 */
async function limitRequests(app: FastifyInstance, options: ServerOptions): Promise<void> {
  await app.register(rateLimit, {
    timeWindow: 60_000,
    allowList: ({ routeOptions }) => healthOperations.has(routeOptions.config.operation),
    max: ({ who }) => (who === undefined ? options.strangerRequestsMax : options.keyRequestsMax),
    keyGenerator: ({ who, ip }) => (who === undefined ? `ip ${ip}` : `key ${who.keyId}`),
    // So many keys and addresses are counted at once; the one that asked least lately is forgotten.
    cache: 10_000,
    errorResponseBuilder: (_request, { ttl }) => {
      const waitS = Math.max(1, Math.ceil(ttl / 1000));
      return tooMany(`Too many requests in a minute. Ask again in ${waitS} s.`, waitS);
    },
  });
}
