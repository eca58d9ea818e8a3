import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyPluginCallback, type FastifyRequest } from 'fastify';
import { bracketed } from 'loadline/base';
import type { Registry } from 'loadline/metrics';
import { observe } from 'loadline/observe';
import { createGracefulStop, type GracefulStop, type Health } from 'loadline/traffic';
import { adminRoutes } from './admin/routes.ts';
import { createMemory } from './cache/memory.ts';
import { creditRoutes } from './credits/routes.ts';
import { foodRoutes } from './food/routes.ts';
import { closeReach, openReach, type Reach } from './ground/reach.ts';
import { createTokenVerifier } from './ground/tokens.ts';
import { groupRoutes } from './groups/routes.ts';
import { type AdmissionRules, createFoodAdmission } from './http/admission.ts';
import { inTime, knowDeadlines } from './http/deadline.ts';
import { answerHealth, createReachHealth } from './http/health.ts';
import { requireIdentity, userOf } from './http/identity.ts';
import { observeReach } from './http/metrics.ts';
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
  /**
   * Opens the metrics to others than this machine, and profiles: the control plane's, at least 16 characters. Default:
   * there is no such key, and no door for profiles.
   */
  readonly controlKey?: string;
  /** Who watches instead of `observe`, which then opens no doors. Whoever gives it closes it. */
  readonly observer?: InstanceObserver;
  /** Writes what goes wrong to stderr as JSON lines. Default false. */
  readonly logger?: boolean;
}

/** What is needed of whoever watches an instance, as an `Observer` has it. */
export interface InstanceObserver {
  /** Takes the metrics of the service's own. */
  readonly registry: Registry;
  /** A plugin that sees the requests of all routes, and can tell who is signed in. */
  fastify(options: {
    readonly userOf: (request: FastifyRequest) => string | undefined;
  }): FastifyPluginCallback;
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
/** Who is on this machine may read the metrics without a key, unless it comes through a proxy. */
const loopback = ['127.0.0.0/8', '::1'];
/** The largest body that is read. */
const bodyBytesMax = 64 * 1024;

/**
 * Starts one instance. It starts without its database too, and says "not ready" until it is there, so that the
 * order in which a cluster comes up doesn't matter.
 *
 * @throws LoadlineError OBSERVE_OPTIONS_INVALID, POSTGRES_ADDRESS_INVALID or VALKEY_ADDRESS_INVALID.
 */
export async function startFoodshare(options: FoodshareOptions): Promise<Foodshare> {
  const { host = '127.0.0.1', port = 0, drainDelayMs = 0, drainTimeoutMs = 30_000, controlKey } = options;
  const opened = new AsyncDisposableStack();
  try {
    const keys = controlKey === undefined ? {} : { controlKey };
    const observer =
      options.observer ?? opened.use(observe({ service: 'foodshare', metricsAddresses: loopback, ...keys }));
    const reach = openReach(options);
    opened.defer(() => closeReach(reach));
    const health = createReachHealth(reach);
    const app = createApp({ ...options, drainTimeoutMs }, reach, observer, health);
    const graceful = createGracefulStop({
      health,
      servers: [app.server],
      closes: { app: () => app.close(), servers: () => opened.disposeAsync() },
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
    await opened.disposeAsync();
    throw error;
  }
}

function createApp(
  options: FoodshareOptions & { readonly drainTimeoutMs: number },
  reach: Reach,
  observer: InstanceObserver,
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
  app.register(observer.fastify({ userOf }));
  const { registry } = observer;
  observeReach(registry, reach);
  // Behind what counts requests, so that those who are refused are counted too.
  app.register(createFoodAdmission(options.admission, { valkey: reach.valkey, registry }).fastify());
  answerHealth(app, health);
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
