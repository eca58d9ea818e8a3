import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { accessHandlers, createAudit } from './access/index.ts';
import { alertHandlers } from './alerts/index.ts';
import { instanceHandlers } from './collect/index.ts';
import type { Handlers } from './contract/index.ts';
import { createServer, systemHandlers } from './http/index.ts';
import { intakeHandlers } from './intake/index.ts';
import { liveHandlers } from './live/index.ts';
import { metricsHandlers } from './metrics/index.ts';
import { profilingHandlers } from './profiling/index.ts';
import { recommendationHandlers } from './recommendations/index.ts';
import { rolloutHandlers } from './rollouts/index.ts';
import type { Rooms } from './rooms.ts';
import { scalingHandlers } from './scaling/index.ts';
import { testHandlers } from './tests/index.ts';
import type { World } from './world.ts';

/** The rooms behind the API; it does not listen yet. */
export function createApp(
  world: World,
  rooms: Rooms,
  { isDraining }: { readonly isDraining: () => boolean },
): Promise<FastifyInstance> {
  const { clock, nextId, journal, registry, log, configuration } = world;
  const { metricsAddresses, tls, isBehindProxy, keyRequestsMax, strangerRequestsMax } = configuration;
  return createServer({
    handlers: handlersOf(world, rooms, isDraining),
    ...rooms.access,
    audit: createAudit({ journal, clock, nextId }),
    ...{ registry, clock, log },
    ...{ metricsAddresses, tls, isBehindProxy, keyRequestsMax, strangerRequestsMax },
  });
}

/** Who answers what of the contract. */
function handlersOf(world: World, rooms: Rooms, isDraining: () => boolean): Handlers {
  const { clock, registry, store, live, journal, configuration } = world;
  const { access, testing, services, watch, intake, profiling, recommendations, alerting } = rooms;
  const { keys, sessions } = access;
  const { collector, registrations } = watch;
  const { metrics } = store;
  const isSecure = configuration.tls !== undefined || configuration.isBehindProxy;
  return {
    ...systemHandlers({ registry, version: ownVersion(), isDraining }),
    ...accessHandlers({ keys, sessions, journal, isSecure }),
    ...testHandlers(testing),
    ...scalingHandlers(services.scaling, () => clock.now()),
    ...rolloutHandlers(services.rollouts),
    ...metricsHandlers({ seen: collector, metrics, clock }),
    ...instanceHandlers({ collector, registrations }),
    ...intakeHandlers({ intake, store, clock }),
    ...profilingHandlers(profiling),
    ...recommendationHandlers(recommendations),
    ...alertHandlers({ alerts: alerting.alerts, metrics, clock }),
    ...liveHandlers({
      live,
      isWelcome: ({ keyId, session }) =>
        keys.isLive(keyId) && (session === undefined || sessions.isOpen(session.id)),
    }),
  };
}

function ownVersion(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
