import { systemClock } from 'loadline/base';
import { openPool, type Pool } from 'loadline/traffic';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type HaproxyServer, startHaproxy } from '../traffic/drivers/haproxy-server.ts';
import { createInstances, type Instances } from './instances.ts';
import { type Carried, startSteadyLoad } from './steady-load.ts';

/** Instances come and go behind a real HAProxy while requests go through it. */
let haproxy: HaproxyServer;
let pool: Pool;
let instances: Instances;

beforeAll(async () => {
  haproxy = await startHaproxy();
  pool = openPool({ clock: systemClock, drivers: [haproxy.driver], intervalMs: 500, settleMs: 20 });
  instances = createInstances(pool);
  await instances.add(2);
});

afterAll(async () => {
  await instances[Symbol.asyncDispose]();
  await pool.close();
  await haproxy[Symbol.asyncDispose]();
});

async function under(work: () => Promise<unknown>, repeats = 0): Promise<Carried> {
  const load = startSteadyLoad({ url: haproxy.url, repeats });
  await work();
  return load.stop();
}

it('a scale from 2 to 8 and back to 2 loses no request, and each instance has its share', async () => {
  const carried = await under(async () => {
    await instances.add(6);
    expect(pool.status().upstreams.filter(({ isUp }) => isUp)).toHaveLength(8);
    const left = await instances.remove(6);
    expect(left).toEqual(left.map(() => ({ kind: 'drained' })));
  });
  expect(carried.failed).toEqual([]);
  expect(carried.byInstance.size).toBeGreaterThanOrEqual(6);
  await expect.poll(() => haproxy.driver.observe(new AbortController().signal)).toHaveLength(2);
});

it('a rolling restart loses no request', async () => {
  const before = instances.running.map(({ upstream }) => upstream.id);
  const carried = await under(async () => {
    for (const _ of before) {
      await instances.add(1);
      await instances.remove(1);
    }
  });
  expect(carried.failed).toEqual([]);
  expect(instances.running.map(({ upstream }) => upstream.id)).not.toEqual(expect.arrayContaining(before));
});

it('a killed instance costs no request that may be repeated, and of the others only those that it had', async () => {
  await instances.add(1);
  const carried = await under(async () => {
    const [victim] = instances.running;
    await victim?.kill();
    const isDown = async (): Promise<boolean> =>
      (await haproxy.driver.observe(new AbortController().signal)).some(
        ({ id, status }) => id === victim?.upstream.id && status === 'down',
      );
    await expect.poll(isDown).toBe(true);
    expect(await instances.remove(1)).toEqual([{ kind: 'drained' }]);
    // What a reset connection to a server has cut off, HAProxy has the client repeat, by ending its connection too.
  }, 1);
  expect(carried.failed.filter(({ method }) => method === 'GET')).toEqual([]);
  // No more than were on their way: one a user.
  expect(carried.failed.length).toBeLessThanOrEqual(8);
});

it('a HAProxy that is killed comes back with who it had, and is brought in step with who came and went meanwhile', async () => {
  await haproxy.kill();
  const adding = instances.add(1);
  const leaving = instances.remove(1);
  await expect.poll(() => pool.status().proxies[0]?.trouble).toMatch(/Cannot ask HAProxy/);
  await haproxy.start();
  await adding;
  await leaving;
  const carried = await under(() => instances.add(1));
  expect(carried.failed).toEqual([]);
  const seen = await haproxy.driver.observe(new AbortController().signal);
  expect(seen.map(({ id, status }) => [id, status]).toSorted()).toEqual(
    instances.running.map(({ upstream }) => [upstream.id, 'up']).toSorted(),
  );
});
