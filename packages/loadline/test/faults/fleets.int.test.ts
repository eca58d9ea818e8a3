import { createRandom, systemClock } from 'loadline/base';
import { openEmbeddedProxy } from 'loadline/traffic';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HaproxyServer, startHaproxy } from '../traffic/drivers/haproxy-server.ts';
import { capacityAtMost, FleetUnderLoad, type ProxyUnderLoad, smallest } from './fleet-under-load.ts';

type Proxy = ProxyUnderLoad & AsyncDisposable;

interface Stage<One extends Proxy> {
  readonly proxy: One;
  readonly fleet: FleetUnderLoad;
}

/** Everything that is done to a fleet loses nothing, while what the smallest can carry by far comes through the proxy. */
function describeFleet<One extends Proxy>(
  name: string,
  startProxy: () => Promise<One>,
  describeMore: (on: () => Stage<One>) => void = () => undefined,
): void {
  describe(`behind ${name}, at 60 % of what the smallest fleet carries,`, () => {
    let proxy: One;
    let fleet: FleetUnderLoad;

    beforeAll(async () => {
      proxy = await startProxy();
      fleet = await new FleetUnderLoad(proxy).open();
      // On a machine that is busy with others it is less than what the instances could do; it is never more.
      expect(fleet.capacityPerSecond).toBeGreaterThan(0);
      expect(fleet.capacityPerSecond).toBeLessThan(capacityAtMost * 1.1);
    });
    afterAll(async () => {
      await fleet?.[Symbol.asyncDispose]();
      await proxy?.[Symbol.asyncDispose]();
    });

    it('a scale from 2 to 8 and back to 2 loses no request, and everybody has some', async () => {
      const before = fleet.driver.passages.drained;
      let served: readonly number[] = [];
      const carried = await fleet.under(async () => {
        await fleet.resize(8);
        await expect.poll(async () => Math.min(...(await fleet.served()))).toBeGreaterThan(0);
        served = await fleet.served();
        await fleet.resize(smallest);
      });
      expect(carried).toMatchObject({ lost: { GET: 0, POST: 0 }, why: [] });
      expect(served).toHaveLength(8);
      expect(fleet.driver.passages).toMatchObject({ drained: before + 6, overdue: 0, unverified: 0 });
    });

    it('a rolling restart loses no request', async () => {
      const before = (await fleet.fleet()).instances.map(({ id }) => id);
      const carried = await fleet.under(async () => {
        expect((await fleet.restart()).restart).toMatchObject({ state: 'done', replaced: smallest });
      });
      expect(carried).toMatchObject({ lost: { GET: 0, POST: 0 }, why: [] });
      for (const { id } of (await fleet.fleet()).instances) expect(before).not.toContain(id);
    });

    it('a killed instance costs no request that may be repeated, and of the others only those that it had', async () => {
      const carried = await fleet.under(() => fleet.killOne());
      expect(carried, carried.why.join('; ')).toMatchObject({ lost: { GET: 0 } });
      // One in eight of what can be on its way to one of two instances.
      expect(carried.lost.POST).toBeLessThanOrEqual(8);
    });

    describeMore(() => ({ proxy, fleet }));
  });
}

describeFleet('the embedded proxy', async (): Promise<Proxy> => {
  const proxy = await openEmbeddedProxy({ clock: systemClock, random: createRandom(1) });
  const url = `http://127.0.0.1:${proxy.port}`;
  return { driver: proxy, url, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
});

describeFleet<HaproxyServer>('HAProxy', startHaproxy, (on) => {
  it('one that is killed comes back with who it had, and is brought in step with who came meanwhile', async () => {
    const { proxy, fleet } = on();
    await proxy.kill();
    const growing = fleet.resize(3);
    await expect.poll(() => fleet.pool.status().proxies[0]?.trouble).toMatch(/Cannot ask HAProxy/);
    await proxy.start();
    await growing;
    const carried = await fleet.under(() => fleet.resize(smallest));
    expect(carried).toMatchObject({ lost: { GET: 0, POST: 0 }, why: [] });
    const seen = await proxy.driver.observe(new AbortController().signal);
    expect(seen.map(({ id, status }) => [id, status]).toSorted()).toEqual(
      (await fleet.fleet()).instances.map(({ id }) => [id, 'up']).toSorted(),
    );
  });
});
