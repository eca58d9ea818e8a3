import type { FastifyInstance } from 'fastify';
import type { GracefulStop } from 'loadline/traffic';
import type { Keys } from './access/index.ts';
import { createApp } from './app.ts';
import type { Configuration } from './configuration.ts';
import {
  observeRooms,
  openAccess,
  openAlerting,
  openIntake,
  openProfiling,
  openRecommendations,
  openServices,
  openTesting,
  openWatching,
  tellMetrics,
} from './rooms.ts';
import { createStop } from './stop.ts';
import type { Tests } from './tests/index.ts';
import { type Surroundings, type World, worldOf } from './world.ts';

/** Everything wired, and not listening yet. */
export interface Composition {
  readonly app: FastifyInstance;
  readonly keys: Keys;
  readonly tests: Tests;
  /** Stops it in five steps: watched before it listens, so that nobody is cut off. Then ends what runs, and closes what is open. */
  readonly graceful: GracefulStop;
}

/**
 * Wires the control plane. No logic: what is here only says who knows whom. Each step takes what it needs of those before it;
 * what is not among its arguments it does not know.
 */
export async function compose(
  configuration: Configuration,
  surroundings: Surroundings,
): Promise<Composition> {
  const world = worldOf(configuration, surroundings);
  try {
    return await openAll(world);
  } catch (error) {
    // What is open already would go on, and keep the process from its end.
    await world.undo();
    throw error;
  }
}

async function openAll(world: World): Promise<Composition> {
  const access = await openAccess(world);
  const testing = await openTesting(world);
  const services = await openServices(world);
  const watch = await openWatching(world, services);
  const intake = openIntake(world);
  const profiling = await openProfiling(world, watch);
  const recommendations = openRecommendations(world, { testing, watch, profiling });
  const alerting = await openAlerting(world);
  const rooms = { access, testing, services, watch, intake, profiling, recommendations, alerting };
  observeRooms(world, rooms);
  const feed = tellMetrics(world, rooms);
  let isDraining = false;
  const app = await createApp(world, rooms, { isDraining: () => isDraining });
  const drain = (): void => {
    isDraining = true;
  };
  const graceful = createStop(world, rooms, { app, feed, drain });
  return { app, keys: access.keys, tests: testing.tests, graceful };
}
