import { setTimeout as pause } from 'node:timers/promises';
import { type PostgresReplica, type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { systemClock } from 'loadline/base';
import { createGivenDriver, type Fleet, type GivenDriver, type GivenServer } from 'loadline/scaling';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SimulatedGate } from './simulated-gate.ts';

const { signal } = new AbortController();
const group = 'database_read_replicas';
let primary: StartedPostgres;

beforeAll(async () => {
  primary = await startPostgres();
});
afterAll(() => primary.stop());

/** Read replicas as a scaled group: real ones, that stream from a real primary. */
function replicas(gate: SimulatedGate): {
  readonly driver: GivenDriver;
  readonly started: Map<string, PostgresReplica>;
} {
  const started = new Map<string, PostgresReplica>();
  const start = async (id: string): Promise<GivenServer> => {
    const replica = await primary.addReplica();
    started.set(id, replica);
    const { port, ended } = replica;
    return {
      ...{ host: '127.0.0.1', port, url: `postgres://127.0.0.1:${port}/loadline`, ended },
      isReady: async () =>
        (await ask<{ yes: boolean }>(replica.url, 'SELECT pg_is_in_recovery() AS yes'))[0]?.yes === true,
      stop: () => void replica.remove(),
      kill: () => void replica.remove(),
    };
  };
  const groups = { [group]: { start, replicasMax: 3, lookMs: 50, restartDelayMs: 50 } };
  return { driver: createGivenDriver({ clock: systemClock, gate, groups }), started };
}

async function ask<Row>(url: string, text: string): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function until(driver: GivenDriver, isReached: (fleet: Fleet) => boolean): Promise<Fleet> {
  for (let looks = 0; looks < 600; looks++) {
    const fleet = await driver.observe(group, signal);
    if (fleet.kind === 'seen' && isReached(fleet)) return fleet;
    await pause(50);
  }
  throw new Error(`Not reached: ${JSON.stringify(await driver.observe(group, signal))}`);
}

it('read replicas of PostgreSQL come, are started anew when they are killed, and leave nothing behind', async () => {
  const gate = new SimulatedGate();
  const { driver, started } = replicas(gate);
  await driver.apply(group, 2, signal);
  const { instances } = await until(driver, ({ ready }) => ready === 2);
  expect([gate.inside.size, new Set(instances.map(({ url }) => url)).size]).toEqual([2, 2]);

  await ask(primary.url, 'CREATE TABLE bread AS SELECT 7 AS loaves');
  for (const { url } of started.values())
    await expect
      .poll(() => ask(url, 'SELECT loaves FROM bread').catch(() => []), { timeout: 20_000 })
      .toEqual([{ loaves: 7 }]);

  const [first = ''] = started.keys();
  process.kill(started.get(first)?.pid as number, 'SIGKILL');
  await until(driver, (fleet) => fleet.instances.some(({ restarts }) => restarts === 1));
  const again = await until(driver, ({ ready }) => ready === 2);
  expect(again.instances.map(({ restarts }) => restarts).toSorted()).toEqual([0, 1]);
  expect(await ask(started.get(first)?.url as string, 'SELECT loaves FROM bread')).toEqual([{ loaves: 7 }]);

  await driver.apply(group, 1, signal);
  await until(driver, (fleet) => fleet.instances.length === 1);
  expect([gate.inside.size, driver.passages.drained]).toEqual([1, 1]);
  await driver.close();
  // A slot that is left would make the primary keep its log for ever.
  await expect
    .poll(() => ask(primary.url, 'SELECT slot_name FROM pg_replication_slots'), { timeout: 20_000 })
    .toEqual([]);
});
