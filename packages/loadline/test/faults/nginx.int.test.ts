import { systemClock } from 'loadline/base';
import { openPool, type Pool } from 'loadline/traffic';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type NginxServer, startNginx } from '../traffic/drivers/nginx-server.ts';
import { createInstances, type Instances } from './instances.ts';
import { type Carried, startSteadyLoad } from './steady-load.ts';

/** Instances come and go behind a real nginx while requests go through it. It ends idle connections when it reloads. */
let nginx: NginxServer;
let pool: Pool;
let instances: Instances;

beforeAll(async () => {
  nginx = await startNginx();
  pool = openPool({
    clock: systemClock,
    drivers: [nginx.driver],
    intervalMs: 500,
    settleMs: 20,
    batchMs: 20,
  });
  instances = createInstances(pool);
  await instances.add(2);
});

afterAll(async () => {
  await instances[Symbol.asyncDispose]();
  await pool.close();
  await nginx[Symbol.asyncDispose]();
});

/** With GETs sent again whose connection ended before an answer. */
async function under(work: () => Promise<unknown>): Promise<Carried> {
  const load = startSteadyLoad({ url: nginx.url, repeats: 2 });
  await work();
  return load.stop();
}

function gets({ failed }: Carried): readonly unknown[] {
  return failed.filter(({ method }) => method === 'GET');
}

it('a scale from 2 to 8 and back loses nothing that is repeated, with a reload for many changes', async () => {
  const before = nginx.reloads;
  const carried = await under(async () => {
    await instances.add(6);
    expect(await instances.remove(6)).toEqual(Array.from({ length: 6 }, () => ({ kind: 'drained' })));
  });
  expect(gets(carried)).toEqual([]);
  expect(carried.byInstance.size).toBeGreaterThanOrEqual(6);
  // One for those who come, one for those who drain, one for those who are gone; one more where they came apart.
  await expect.poll(() => nginx.driver.observe(new AbortController().signal)).toHaveLength(2);
  expect(nginx.reloads - before).toBeLessThanOrEqual(6);
});

it('a rolling restart loses nothing that is repeated', async () => {
  const carried = await under(async () => {
    for (let turn = 0; turn < 2; turn++) {
      await instances.add(1);
      await instances.remove(1);
    }
  });
  expect(gets(carried)).toEqual([]);
});

it('a killed instance costs nothing that is repeated', async () => {
  await instances.add(1);
  const carried = await under(async () => {
    await instances.running[0]?.kill();
    await instances.remove(1);
  });
  expect(gets(carried)).toEqual([]);
  // No more than were on their way: one a user.
  expect(carried.failed.length).toBeLessThanOrEqual(8);
});
