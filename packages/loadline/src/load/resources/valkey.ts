import { createValkey } from '../../valkey/index.ts';
import type { Reading, ResourceProbe } from './resource.ts';

/**
 * Asks Valkey or Redis for INFO, over a connection of its own.
 *
 * @throws VALKEY_ADDRESS_INVALID.
 */
export function createValkeyProbe(url: string): ResourceProbe {
  const valkey = createValkey({
    url,
    clientName: 'loadline-watch',
    connectTimeoutMs: answerLimitMs,
    commandTimeoutMs: answerLimitMs,
  });
  return {
    source: 'valkey',
    async sample() {
      await valkey.connect();
      return readingsOfInfo(await valkey.info());
    },
    close: () => valkey.close(),
  };
}

/** Less than a sample's limit. */
const answerLimitMs = 700;

/** The numbers of an INFO text; one that this server doesn't have is left out. Our own connection is not counted. Pure. */
export function readingsOfInfo(text: string): Reading[] {
  const fields = new Map(
    text.split(/\r?\n/).map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
  const number = (name: string): number => Number.parseFloat(fields.get(name) ?? '');
  const gauge = (name: string, unit: string, value: number): Reading => ({
    name,
    unit,
    kind: 'gauge',
    value,
  });
  const growth = (name: string, value: number, unit = 'per second'): Reading => ({
    name,
    unit,
    kind: 'counter',
    value,
  });
  const readings = [
    gauge('connections', 'count', number('connected_clients') - 1),
    gauge('clients blocked', 'count', number('blocked_clients')),
    gauge('memory', 'bytes', number('used_memory')),
    gauge('memory of the limit', 'ratio', number('used_memory') / number('maxmemory')),
    growth('cpu', number('used_cpu_user') + number('used_cpu_sys'), 'ratio'),
    growth('commands', number('total_commands_processed')),
    growth('keys evicted', number('evicted_keys')),
    growth('keys expired', number('expired_keys')),
    growth('connections refused', number('rejected_connections')),
    growth('received', number('total_net_input_bytes'), 'bytes per second'),
    growth('sent', number('total_net_output_bytes'), 'bytes per second'),
    {
      ...growth('hit ratio', number('keyspace_hits'), 'ratio'),
      per: number('keyspace_hits') + number('keyspace_misses'),
    },
  ];
  return readings.filter(({ value }) => Number.isFinite(value));
}
