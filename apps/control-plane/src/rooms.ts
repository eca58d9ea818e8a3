import { hostname } from 'node:os';
import { join } from 'node:path';
import { createSessions, followKeys, type Keys, openKeys, type Sessions } from './access/index.ts';
import { Alerts, createRoutes, observeAlerts } from './alerts/index.ts';
import { Lately, observeQuickLooks, openWatch, QuickLooks, type Watch } from './collect/index.ts';
import { Intake, observeIntake } from './intake/index.ts';
import { feedLive, observeLive } from './live/index.ts';
import { Lease } from './memory/index.ts';
import { apdexTargetMsDefault, servicesNow } from './metrics/index.ts';
import { observeProfiling, ProfilingSessions } from './profiling/index.ts';
import { createRecommendations, type Recommendations, watchDatabase } from './recommendations/index.ts';
import {
  createServiceDriver,
  observeRollouts,
  openServiceRollouts,
  rolloutTurnOf,
  runningInstances,
  type ServiceRollouts,
} from './rollouts/index.ts';
import { observeScaling, openScaling, type Scaling, watchTroubles } from './scaling/index.ts';
import { observeTests, Schedules, Tests } from './tests/index.ts';
import type { World } from './world.ts';

/** Everything that answers, or goes on by itself. */
export interface Rooms {
  readonly access: Access;
  readonly testing: Testing;
  readonly services: Services;
  readonly watch: Watch;
  readonly intake: Intake;
  readonly profiling: ProfilingSessions;
  readonly recommendations: Recommendations;
  readonly alerting: Alerting;
}

/** Who may do what. */
export interface Access {
  readonly keys: Keys;
  readonly sessions: Sessions;
  close(): void;
}

export async function openAccess(world: World): Promise<Access> {
  const { clock, documents, configuration, onFailure, keep } = world;
  const keys = await openKeys({ documents, clock, environmentKey: configuration.adminKey });
  const following = isShared(world) ? followKeys({ keys, clock, onFailure }) : undefined;
  const access = { keys, sessions: createSessions({ keys, clock }), close: () => following?.close() };
  return keep(access, (each) => each.close());
}

/** A PostgreSQL of its own has nobody else; in another one there may be several control planes. */
function isShared({ configuration }: World): boolean {
  return configuration.databaseUrl !== undefined;
}

export interface Testing {
  readonly tests: Tests;
  readonly schedules: Schedules;
}

export async function openTesting(world: World): Promise<Testing> {
  const { clock, nextId, documents, store, runner, live, onFailure, configuration, keep } = world;
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
  keep(tests, (each) => each.close());
  const schedules = await Schedules.open({
    ...{ documents, clock, nextId, tests, onFailure },
    isShared: isShared(world),
  });
  return { tests, schedules: keep(schedules, (each) => each.close()) };
}

/** The services that are run here. */
export interface Services {
  /** What they did a moment ago: by it they are scaled, and the collector brings it. */
  readonly lately: Lately;
  readonly quick: QuickLooks;
  readonly rollouts: ServiceRollouts;
  readonly scaling: Scaling;
  /** Tells of crashes, and of proxies that are away. */
  readonly troubles: { close(): void };
}

export async function openServices(world: World): Promise<Services> {
  const { clock, driver, builds, weights, poolOf, pull, store, readServices, live, keep } = world;
  const { services, observeKey: key } = world.configuration;
  const lately = new Lately(services.map(({ name }) => name));
  const quick = openQuickLooks(world, lately);
  const serviceDriver = createServiceDriver(driver, builds);
  const rollouts = await openServiceRollouts({
    ...{ clock, driver, builds, weights, poolOf, pull, key },
    documents: store.documents,
    serviceDriver,
    readServices,
    gate: world.scalingGate,
    onTurn: (state) => live.publish('rollouts', rolloutTurnOf(state)),
  });
  keep(rollouts, (each) => each.close());
  const scaling = await openScaling({
    ...{ clock, store, lately, quick, services },
    driver: serviceDriver,
    holdOf: rollouts.holdOf,
    gate: world.scalingGate,
    proxiesOf: world.proxiesOf,
    onEvent: (event) => live.publish('scaling', event),
  });
  keep(scaling, (each) => each.close());
  return { lately, quick, rollouts, scaling, troubles: openTroubles(world) };
}

function openTroubles({ clock, driver, builds, proxiesOf, onNotice, onFailure, keep }: World): {
  close(): void;
} {
  const troubles = watchTroubles({
    ...{ clock, driver, onNotice, onFailure },
    ...{ services: builds.services, groupsOf: builds.groupsOf },
    proxiesOf: proxiesOf ?? (() => undefined),
  });
  return keep(troubles, (each) => each.close());
}

function openQuickLooks({ clock, pull, registry, configuration, keep }: World, lately: Lately): QuickLooks {
  const { watch, observeKey: key } = configuration;
  const { policy, intervalMs: usualMs } = watch;
  const quick = new QuickLooks({ clock, lately, pull, policy, key, usualMs });
  observeQuickLooks(registry, quick);
  return keep(quick, (each) => each.close());
}

/** Everybody who is known is watched: the services of this machine, and whoever is listed, named or registers. */
export async function openWatching(world: World, { lately }: Services): Promise<Watch> {
  const { clock, documents, nextId, store, registry, onFailure, pull, driver, builds, configuration } = world;
  const watch = await openWatch({
    ...{ clock, documents, nextId, store, registry, onFailure, pull, lately },
    configuration: configuration.watch,
    key: configuration.observeKey,
    isShared: isShared(world),
    running: () => runningInstances(driver, builds),
  });
  return world.keep(watch, ({ collector }) => collector.close());
}

export function openIntake({ store, registry }: World): Intake {
  const intake = new Intake(store.metrics);
  observeIntake(registry, { intake, store });
  return intake;
}

export async function openProfiling(world: World, { known }: Watch): Promise<ProfilingSessions> {
  const { clock, documents, nextId, profilers, configuration } = world;
  const folder = join(configuration.home, 'profiles');
  const open = { clock, documents, nextId, folder, profilers, instances: known };
  return world.keep(await ProfilingSessions.open(open), (each) => each.close());
}

export function openRecommendations(
  { clock, store, registry, configuration, keep }: World,
  { testing, watch, profiling }: Pick<Rooms, 'testing' | 'watch' | 'profiling'>,
): Recommendations {
  const recommendations = createRecommendations({
    clock,
    metrics: store.metrics,
    profiles: profiling,
    tests: testing.tests,
    instances: () => watch.known.list(),
    databases: configuration.watch.postgres.map((server) => watchDatabase(server, clock)),
    registry,
  });
  return keep(recommendations, (each) => each.close());
}

export interface Alerting {
  readonly alerts: Alerts;
  /** Of several control planes with one database, one judges. */
  readonly judgeship: Lease;
}

export async function openAlerting(world: World): Promise<Alerting> {
  const { clock, store, nextId, log, live, onFailure, configuration, keep } = world;
  const judgeship = await Lease.open({
    leases: store.leases,
    clock,
    name: 'alerts',
    holder: `process ${process.pid} on ${hostname()}, ${nextId()}`,
  });
  keep(judgeship, (each) => each.close());
  const write = (line: string): void => log?.write(`${line}\n`);
  const alerts = await Alerts.open({
    ...{ clock, store, judgeship, onFailure },
    base: configuration.alerting.policy,
    routes: createRoutes(configuration.alerting, { clock, write }),
    onChange: (step) => live.publish('alerts', step),
  });
  return { alerts: keep(alerts, (each) => each.close()), judgeship };
}

/** Shows on the page of metrics how the rooms stand. */
export function observeRooms(
  { registry, live }: World,
  { alerting, services, profiling, testing }: Rooms,
): void {
  observeAlerts(registry, alerting.alerts);
  observeScaling(registry, services.scaling);
  observeRollouts(registry, services.rollouts);
  observeProfiling(registry, profiling);
  observeLive(registry, live);
  observeTests(registry, testing.tests);
}

const metricsEveryMs = 5000;

/** Tells whoever follows what services do now, again and again. */
export function tellMetrics({ live, clock, keep }: World, { watch }: Rooms): { close(): void } {
  const feed = feedLive(live, {
    clock,
    topic: 'metrics',
    everyMs: metricsEveryMs,
    read: () => servicesNow(watch.collector, { by: 'service', apdexTargetMs: apdexTargetMsDefault }),
  });
  return keep(feed, (each) => each.close());
}
