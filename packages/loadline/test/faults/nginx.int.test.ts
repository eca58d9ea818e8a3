import { afterAll, beforeAll, expect, it } from 'vitest';
import { type NginxServer, startNginx } from '../traffic/drivers/nginx-server.ts';
import { FleetUnderLoad, smallest } from './fleet-under-load.ts';

/**
 * Instances come and go behind a real nginx, at 60 % of what the smallest fleet carries. It ends idle connections when it
 * reloads, so that what may not be repeated can be lost.
 */
let nginx: NginxServer;
let fleet: FleetUnderLoad;

beforeAll(async () => {
  nginx = await startNginx();
  fleet = await new FleetUnderLoad({ driver: nginx.driver, url: nginx.url, batchMs: 20 }).open();
});

afterAll(async () => {
  await fleet?.[Symbol.asyncDispose]();
  await nginx?.[Symbol.asyncDispose]();
});

it('a scale from 2 to 8 and back loses nothing that is repeated, with a reload for many changes', async () => {
  const before = nginx.reloads;
  const carried = await fleet.under(async () => {
    await fleet.resize(8);
    await fleet.resize(smallest);
  });
  expect(carried, carried.why.join('; ')).toMatchObject({ lost: { GET: 0 } });
  expect(fleet.driver.passages).toMatchObject({ drained: 6, overdue: 0, unverified: 0 });
  await expect.poll(() => nginx.driver.observe(new AbortController().signal)).toHaveLength(smallest);
  // Six come, drain and are gone: each by itself would be three times six.
  expect(nginx.reloads - before).toBeLessThan(18);
});

it('a rolling restart loses nothing that is repeated', async () => {
  const carried = await fleet.under(() => fleet.restart());
  expect(carried, carried.why.join('; ')).toMatchObject({ lost: { GET: 0 } });
});

it('a killed instance costs nothing that is repeated', async () => {
  const carried = await fleet.under(() => fleet.killOne());
  expect(carried, carried.why.join('; ')).toMatchObject({ lost: { GET: 0 } });
  // One in eight of what can be on its way to one of two instances.
  expect(carried.lost.POST).toBeLessThanOrEqual(8);
});
