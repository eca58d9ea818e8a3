import type { Registry } from 'loadline/metrics';
import type { Reach } from '../ground/reach.ts';

/** How busy the connections to the servers behind us are. */
export function observeReach(registry: Registry, { postgres, valkey }: Reach): void {
  registry.gauge({
    name: 'postgres_pool_connections',
    help: 'Connections to PostgreSQL, by what they do.',
    labels: ['state'],
    read: () => {
      const { connections, idle } = postgres.usage;
      return [
        [{ state: 'busy' }, connections - idle],
        [{ state: 'idle' }, idle],
      ];
    },
  });
  registry.gauge({
    name: 'postgres_pool_connections_limit',
    help: 'Connections to PostgreSQL at most.',
    read: () => postgres.usage.connectionsMax,
  });
  registry.gauge({
    name: 'postgres_pool_waiting',
    help: 'Calls that wait for a connection.',
    read: () => postgres.usage.waiting,
  });
  registry.counter({
    name: 'postgres_pool_refused_total',
    help: 'Calls that got no connection: too many were waiting, or for too long.',
    read: () => postgres.usage.refused,
  });
  registry.counter({
    name: 'postgres_connections_lost_total',
    help: 'Connections to PostgreSQL that broke or did not answer.',
    read: () => postgres.usage.lost,
  });
  registry.gauge({
    name: 'valkey_connected',
    help: 'Whether there is a connection to the cache, 1 or 0.',
    read: () => (valkey.usage.isConnected ? 1 : 0),
  });
  registry.gauge({
    name: 'valkey_commands_in_flight',
    help: 'Commands to the cache without an answer yet.',
    read: () => valkey.usage.commandsInFlight,
  });
  registry.counter({
    name: 'valkey_timeouts_total',
    help: 'Commands to the cache that had no answer in time.',
    read: () => valkey.usage.timeouts,
  });
}
