import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { bracketed } from 'loadline/base';
import { createRegistry, type Registry } from 'loadline/metrics';
import { observeProcess } from 'loadline/observe';
import { createGracefulStop, type GracefulStop, type Health } from 'loadline/traffic';
import { adminRoutes } from './admin/routes.ts';
import { createMemory } from './cache/memory.ts';
import { creditRoutes } from './credits/routes.ts';
import { foodRoutes } from './food/routes.ts';
import { openReach, type Reach } from './ground/reach.ts';
import { createTokenVerifier } from './ground/tokens.ts';
import { groupRoutes } from './groups/routes.ts';
import { type AdmissionRules, createFoodAdmission } from './http/admission.ts';
import { inTime, knowDeadlines } from './http/deadline.ts';
import { answerHealth, createReachHealth } from './http/health.ts';
import { requireIdentity } from './http/identity.ts';
import { answerMetrics, observeReach, observeRequests } from './http/metrics.ts';
import { answerClientError, answerProblems, refuseUnknown } from './http/problem-answers.ts';
import { createValidatorCompiler } from './http/validation.ts';
import { peopleRoutes } from './people/routes.ts';

/** What one instance needs. Instances share nothing but these servers and the secret. */
export interface FoodshareOptions {
  readonly databaseUrl: string;
  /** The Valkey that may forget. */
  readonly valkeyCacheUrl: string;
  /** With which tokens are signed, at least 32 bytes. */
  readonly tokenSecret: string;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0, a free one. */
  readonly port?: number;
  /** Connections to the database at most. Default 10. */
  readonly connectionsMax?: number;
  /** The limit of one statement, in milliseconds. Default 5,000. */
  readonly statementTimeoutMs?: number;
  /** How long a stopping instance answers "not ready" before its door closes, in milliseconds. Default 0. */
  readonly drainDelayMs?: number;
  /** How long requests in flight may then take, and a refresh of the summary at any time, in milliseconds. Default 30,000. */
  readonly drainTimeoutMs?: number;
  /** Refuses who asks too often, and what is more than fits. Default: everybody is let in. */
  readonly admission?: AdmissionRules;
  /** Writes what goes wrong to stderr as JSON lines. Default false. */
  readonly logger?: boolean;
}

/** A running instance. */
export interface Foodshare {
  readonly url: string;
  readonly port: number;
  /** Stops it in five steps, and tells how that went. */
  readonly graceful: GracefulStop;
  /** The same, for whoever does not need to know. A second call waits for the first. */
  stop(): Promise<void>;
}

/** A refresh of the summary that takes longer than this has something else wrong with it. */
const refreshTimeoutMsMax = 120_000;
/** The largest body that is read. */
const bodyBytesMax = 64 * 1024;

/**
 * Starts one instance. It starts without its database too, and says "not ready" until it is there, so that the
 * order in which a cluster comes up doesn't matter.
 */
export async function startFoodshare(options: FoodshareOptions): Promise<Foodshare> {
  const { host = '127.0.0.1', port = 0, drainDelayMs = 0, drainTimeoutMs = 30_000 } = options;
  const reach = openReach(options);
  const registry = createRegistry();
  const stopObserving = observeProcess(registry);
  const health = createReachHealth(reach);
  const close = async (): Promise<void> => {
    stopObserving();
    await Promise.all([reach.postgres.close(), reach.probe.close(), reach.valkey.close()]);
  };
  try {
    const app = createApp({ ...options, drainTimeoutMs }, reach, registry, health);
    const graceful = createGracefulStop({
      health,
      servers: [app.server],
      closes: { app: () => app.close(), servers: close },
      noticeMs: drainDelayMs,
      graceMs: drainTimeoutMs,
    });
    await app.listen({ host, port });
    const address = app.server.address() as AddressInfo;
    return {
      url: `http://${bracketed(host)}:${address.port}`,
      port: address.port,
      graceful,
      async stop() {
        await graceful.stop();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function createApp(
  options: FoodshareOptions & { readonly drainTimeoutMs: number },
  reach: Reach,
  registry: Registry,
  health: Health,
): FastifyInstance {
  const app = Fastify({
    logger: options.logger === true ? { level: 'warn', stream: process.stderr } : false,
    bodyLimit: bodyBytesMax,
    // A request that trickles in can't hold a connection for longer.
    requestTimeout: 10_000,
    // What arrives on an open connection while we stop is still answered; there is nobody to send it to instead.
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => answerProblems(error, request, reply),
  });
  // Fastify would read text as well, and hand it on as a body.
  app.removeContentTypeParser('text/plain');
  app.setValidatorCompiler(createValidatorCompiler());
  const refuseOtherMethods = refuseUnknown(app);
  observeRequests(app, registry);
  observeReach(registry, reach);
  // Behind what counts requests, so that those who are refused are counted too.
  app.register(createFoodAdmission(options.admission, { valkey: reach.valkey, registry }).fastify());
  answerHealth(app, health);
  answerMetrics(app, registry);
  const memory = createMemory(reach.valkey, registry);
  const postgres = inTime(reach.postgres);
  app.register(async (scope) => {
    requireIdentity(scope, createTokenVerifier(options.tokenSecret));
    knowDeadlines(scope);
    foodRoutes(scope, postgres);
    peopleRoutes(scope, postgres, memory);
    groupRoutes(scope, postgres, memory);
    creditRoutes(scope, postgres);
    // Else one that began just before the stop would hold the pool open for longer than requests may take.
    const refreshTimeoutMs = Math.min(refreshTimeoutMsMax, options.drainTimeoutMs);
    scope.register(async (admin) => adminRoutes(admin, { postgres, memory, refreshTimeoutMs }));
  });
  // Plugins load in the order of their registration, so all routes are there by then.
  app.register(async (last) => refuseOtherMethods(last));
  return app;
}
