import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Clock } from 'loadline/base';
import type { Registry } from 'loadline/metrics';
import type { ScalingDriver, ScalingGate } from 'loadline/scaling';
import type { Store } from 'loadline/store';
import { createGracefulStop, type GracefulStop } from 'loadline/traffic';
import { accessHandlers, createAudit, createSessions, type Keys, openKeys } from './access/index.ts';
import { Alerts, alertHandlers, createNotifiers, observeAlerts } from './alerts/index.ts';
import {
  createPull,
  instanceHandlers,
  Lately,
  observeQuickLooks,
  openWatch,
  type Pull,
  QuickLooks,
} from './collect/index.ts';
import type { Configuration } from './configuration.ts';
import type { AuditEntry } from './contract/index.ts';
import { createServer, systemHandlers } from './http/index.ts';
import { Intake, intakeHandlers, observeIntake } from './intake/index.ts';
import { feedLive, LiveStream, liveHandlers, observeLive } from './live/index.ts';
import { createIds, type Documents, type Journal, Lease } from './memory/index.ts';
import { apdexTargetMsDefault, metricsHandlers, servicesNow } from './metrics/index.ts';
import { observeProfiling, type Profilers, ProfilingSessions, profilingHandlers } from './profiling/index.ts';
import { createRecommendations, recommendationHandlers, watchDatabase } from './recommendations/index.ts';
import {
  type Builds,
  createNewcomerWeights,
  createServiceDriver,
  type NewcomerWeights,
  observeRollouts,
  openServiceRollouts,
  rolloutHandlers,
  rolloutTurnOf,
  runningInstances,
  type SplitPool,
} from './rollouts/index.ts';
import {
  observeScaling,
  openScaling,
  type ProxyView,
  type ServicesRead,
  scalingHandlers,
} from './scaling/index.ts';
import { observeTests, type Runner, Schedules, Tests, testHandlers } from './tests/index.ts';

/** What the control plane reaches beyond itself. */
export interface Surroundings {
  readonly clock: Clock;
  readonly documents: Documents;
  readonly journal: Journal<AuditEntry>;
  readonly store: ControlStore;
  readonly runner: Runner;
  /** Runs the groups of `builds`; it stays as it is: whoever made it closes it. */
  readonly driver: ScalingDriver;
  /** Of the services that are described. */
  readonly builds: Builds;
  /** What the services file says by now; default: what it said at the start. */
  readonly readServices?: (() => ServicesRead) | undefined;
  /** With which instances come into the traffic; default: nobody asks. */
  readonly weights?: NewcomerWeights | undefined;
  /** The proxies before a service, together; default: there are none. */
  readonly poolOf?: ((service: string) => SplitPool | undefined) | undefined;
  /** Which rules and policies of scaling take part, as flags say; default: all. */
  readonly scalingGate?: ScalingGate | undefined;
  /** The proxies before a service; default: there are none. */
  readonly proxiesOf?: ((service: string) => readonly ProxyView[] | undefined) | undefined;
  readonly profilers: Profilers;
  /** Asks an instance for its metrics; default over HTTP. */
  readonly pull?: Pull | undefined;
  /** What is told of this process itself. */
  readonly registry: Registry;
  /** Where failures are written, as JSON lines. */
  readonly log?: { write(line: string): void } | undefined;
}

/** What is remembered of the world; it stays open: whoever opened it closes it. */
export type ControlStore = Pick<
  Store,
  'metrics' | 'readings' | 'tests' | 'scalingEvents' | 'documents' | 'leases' | 'counts'
>;

/** Everything wired, and not listening yet. */
export interface Composition {
  readonly app: FastifyInstance;
  readonly keys: Keys;
  readonly tests: Tests;
  /** Stops it in five steps: watched before it listens, so that nobody is cut off. Then ends what runs, and closes what is open. */
  readonly graceful: GracefulStop;
}

const metricsEveryMs = 5000;
/** Beyond this machine somebody balances, and looks about once a second. */
const noticeMs = 2000;
/** Who does not read what was answered is waited for so long. */
const graceMs = 5000;
/** Load tests end with what they have measured until then, and that takes its time. */
const closeMs = 60_000;

/** Wires the control plane. No logic: what is here only says who knows whom. */
export async function compose(
  configuration: Configuration,
  {
    clock,
    documents,
    journal,
    store,
    runner,
    driver,
    builds,
    readServices = () => ({ ok: true, services: configuration.services }),
    weights = createNewcomerWeights(builds),
    poolOf = () => undefined,
    scalingGate,
    proxiesOf,
    profilers,
    pull = createPull(clock),
    registry,
    log,
  }: Surroundings,
): Promise<Composition> {
  const nextId = createIds(clock);
  const onFailure = (error: unknown): void => log?.write(`${JSON.stringify(failureLine(error, clock))}\n`);
  const keys = await openKeys({ documents, clock, environmentKey: configuration.adminKey });
  const sessions = createSessions({ keys, clock });
  const live = new LiveStream({ clock, run: nextId() });
  const tests = await Tests.open({
    tests: store.tests,
    clock,
    nextId,
    runner,
    folder: join(configuration.home, 'runs'),
    policy: { addresses: configuration.targets, productionHosts: configuration.productionHosts },
    limits: configuration.limits,
    onFailure,
    onChange: (test) => live.publish('tests', test),
  });
  const schedules = await Schedules.open({ documents, clock, nextId, tests, onFailure });
  const lately = new Lately(configuration.services.map(({ name }) => name));
  const quick = new QuickLooks({
    clock,
    lately,
    pull,
    policy: configuration.watch.policy,
    key: configuration.observeKey,
    usualMs: configuration.watch.intervalMs,
  });
  observeQuickLooks(registry, quick);
  const serviceDriver = createServiceDriver(driver, builds);
  const rollouts = await openServiceRollouts({
    ...{ clock, driver, builds, weights, poolOf, pull },
    documents: store.documents,
    serviceDriver,
    readServices,
    key: configuration.observeKey,
    onTurn: (state) => live.publish('rollouts', rolloutTurnOf(state)),
  });
  const scaling = await openScaling({
    clock,
    store,
    lately,
    quick,
    driver: serviceDriver,
    holdOf: rollouts.holdOf,
    services: configuration.services,
    gate: scalingGate,
    proxiesOf,
    onEvent: (event) => live.publish('scaling', event),
  });
  const { collector, registrations, known } = await openWatch({
    clock,
    documents,
    nextId,
    store,
    configuration: configuration.watch,
    key: configuration.observeKey,
    running: () => runningInstances(driver, builds),
    lately,
    registry,
    onFailure,
    pull,
  });
  const intake = new Intake(store.metrics);
  observeIntake(registry, { intake, store });
  const profiling = await ProfilingSessions.open({
    clock,
    documents,
    nextId,
    folder: join(configuration.home, 'profiles'),
    profilers,
    instances: known,
  });
  const recommendations = createRecommendations({
    clock,
    metrics: store.metrics,
    profiles: profiling,
    tests,
    instances: () => known.list(),
    databases: configuration.watch.postgres.map((server) => watchDatabase(server, clock)),
    registry,
  });
  const judgeship = await Lease.open({
    leases: store.leases,
    clock,
    name: 'alerts',
    holder: `process ${process.pid} on ${hostname()}, ${nextId()}`,
  });
  const alerts = await Alerts.open({
    clock,
    store,
    judgeship,
    base: configuration.alerting.policy,
    notifiers: createNotifiers(configuration.alerting, {
      clock,
      write: (line) => log?.write(`${line}\n`),
    }),
    onFailure,
    onChange: (step) => live.publish('alerts', step),
  });
  observeAlerts(registry, alerts);
  observeScaling(registry, scaling);
  observeRollouts(registry, rollouts);
  observeProfiling(registry, profiling);
  const feed = feedLive(live, {
    clock,
    topic: 'metrics',
    everyMs: metricsEveryMs,
    read: () => servicesNow(collector, { by: 'service', apdexTargetMs: apdexTargetMsDefault }),
  });
  observeLive(registry, live);
  observeTests(registry, tests);
  let isDraining = false;
  const isSecure = configuration.tls !== undefined || configuration.isBehindProxy;
  const app = await createServer({
    handlers: {
      ...systemHandlers({ registry, version: ownVersion(), isDraining: () => isDraining }),
      ...accessHandlers({ keys, sessions, journal, isSecure }),
      ...testHandlers({ tests, schedules }),
      ...scalingHandlers(scaling, () => clock.now()),
      ...rolloutHandlers(rollouts),
      ...metricsHandlers({ seen: collector, metrics: store.metrics, clock }),
      ...instanceHandlers({ collector, registrations }),
      ...intakeHandlers({ intake, store, clock }),
      ...profilingHandlers(profiling),
      ...recommendationHandlers(recommendations),
      ...alertHandlers({ alerts, metrics: store.metrics, clock }),
      ...liveHandlers({
        live,
        isWelcome: ({ keyId, session }) =>
          keys.isLive(keyId) && (session === undefined || sessions.isOpen(session.id)),
      }),
    },
    keys,
    sessions,
    audit: createAudit({ journal, clock, nextId }),
    registry,
    clock,
    log,
    metricsAddresses: configuration.metricsAddresses,
    tls: configuration.tls,
    isBehindProxy: configuration.isBehindProxy,
    keyRequestsMax: configuration.keyRequestsMax,
    strangerRequestsMax: configuration.strangerRequestsMax,
  });
  const graceful = createGracefulStop({
    clock,
    health: {
      drain: () => {
        isDraining = true;
      },
    },
    servers: [app.server],
    drains: {
      schedules: async () => schedules.close(),
      live: async () => {
        feed.close();
        live.close();
      },
    },
    closes: {
      collector: () => collector.close(),
      quick: () => quick.close(),
      scaling: () => scaling.close(),
      rollouts: () => rollouts.close(),
      profiling: () => profiling.close(),
      recommendations: () => recommendations.close(),
      alerts: () => alerts.close(),
      judgeship: () => judgeship.close(),
      app: () => app.close(),
      tests: () => tests.close(),
    },
    noticeMs: configuration.isLoopback ? 0 : noticeMs,
    ...{ graceMs, closeMs },
  });
  return { app, keys, tests, graceful };
}

function failureLine(error: unknown, clock: Clock): Readonly<Record<string, unknown>> {
  const { stack, message } = error as Partial<Error>;
  return { level: 50, time: clock.now(), msg: message ?? String(error), stack };
}

function ownVersion(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
