import type { FastifyInstance } from 'fastify';
import { createGracefulStop, type GracefulStop } from 'loadline/traffic';
import type { Rooms } from './rooms.ts';
import type { World } from './world.ts';

/** Beyond this machine somebody balances, and looks about once a second. */
const noticeMs = 2000;
/** Who does not read what was answered is waited for so long. */
const graceMs = 5000;
/** Load tests end with what they have measured until then, and that takes its time. */
const closeMs = 60_000;

/**
 * How all of it ends: whoever balances is told, nothing new begins, what is under way is answered; then every room is closed.
 */
export function createStop(
  { clock, live, configuration }: World,
  rooms: Rooms,
  parts: {
    readonly app: FastifyInstance;
    readonly feed: { close(): void };
    /** Says from then on that it is not ready. */
    readonly drain: () => void;
  },
): GracefulStop {
  const { access, testing, services, watch, profiling, recommendations, alerting } = rooms;
  const { app, feed, drain } = parts;
  return createGracefulStop({
    clock,
    health: { drain },
    servers: [app.server],
    drains: {
      schedules: async () => testing.schedules.close(),
      // Whatever ends from now on was told to.
      troubles: async () => services.troubles.close(),
      live: async () => {
        feed.close();
        live.close();
      },
    },
    closes: {
      access: () => access.close(),
      collector: () => watch.collector.close(),
      quick: () => services.quick.close(),
      scaling: () => services.scaling.close(),
      rollouts: () => services.rollouts.close(),
      profiling: () => profiling.close(),
      recommendations: () => recommendations.close(),
      alerts: () => alerting.alerts.close(),
      judgeship: () => alerting.judgeship.close(),
      app: () => app.close(),
      tests: () => testing.tests.close(),
    },
    noticeMs: configuration.isLoopback ? 0 : noticeMs,
    ...{ graceMs, closeMs },
  });
}
