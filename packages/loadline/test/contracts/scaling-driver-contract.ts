import type { Fleet, ScalingDriver } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';

/** A driver with a group `api` of no instances. */
export interface DriverUnderTest extends AsyncDisposable {
  readonly driver: ScalingDriver;
  /** Lets some time pass, about a tenth of what an instance takes to start or to stop. */
  readonly pass: () => Promise<void>;
  /** Makes an instance that is ready end by itself. */
  readonly crashOne: () => Promise<void>;
}

/** What every driver owes the scaler. A driver's test calls this with a way to make one. */
export function describeScalingDriver(name: string, start: () => Promise<DriverUnderTest>): void {
  describe(`${name}, as a scaling driver`, () => {
    it('starts as many as are wanted, and says which are ready', async () => {
      await using tested = await start();
      expect(await apply(tested, 2)).toEqual({ kind: 'accepted' });
      expect(await observe(tested)).toMatchObject({ wanted: 2, stopping: 0 });
      const fleet = await until(tested, ({ ready }) => ready === 2);
      expect(fleet).toMatchObject({ wanted: 2, starting: 0, stopping: 0 });
      expect(new Set(fleet.instances.map(({ id }) => id)).size).toBe(2);
    });

    it('accepts before they are ready', async () => {
      await using tested = await start();
      await apply(tested, 1);
      expect(await observe(tested)).toMatchObject({ ready: 0, starting: 1 });
    });

    it('changes nothing when what is wanted is wanted already', async () => {
      await using tested = await start();
      await apply(tested, 2);
      const before = await until(tested, ({ ready }) => ready === 2);
      await apply(tested, 2);
      expect((await observe(tested)).instances.map(({ id }) => id)).toEqual(
        before.instances.map(({ id }) => id),
      );
    });

    it('lets surplus ones go, and keeps the others as they are', async () => {
      await using tested = await start();
      await apply(tested, 3);
      const before = await until(tested, ({ ready }) => ready === 3);
      await apply(tested, 1);
      expect(await observe(tested)).toMatchObject({ wanted: 1, ready: 1, stopping: 2 });
      const after = await until(tested, ({ stopping }) => stopping === 0);
      expect(after).toMatchObject({ wanted: 1, ready: 1 });
      // What it has used of the processor meanwhile is its own affair.
      const { cpuMs: _, ...kept } = after.instances[0] ?? {};
      expect(before.instances).toContainEqual(expect.objectContaining(kept));
    });

    it('follows whoever changes his mind before it is done', async () => {
      await using tested = await start();
      for (const replicas of [3, 1, 2]) await apply(tested, replicas);
      expect(await observe(tested)).toMatchObject({ wanted: 2 });
      const fleet = await until(tested, ({ ready, stopping }) => ready === 2 && stopping === 0);
      expect(fleet.instances).toHaveLength(2);
    });

    it('says of each instance since when it is what it is, and counts them as it shows them', async () => {
      await using tested = await start();
      await apply(tested, 2);
      const { instances, ready } = await until(tested, (fleet) => fleet.ready === 2);
      expect(instances.filter(({ state }) => state === 'ready')).toHaveLength(ready);
      for (const { sinceMs, restarts } of instances) {
        expect(sinceMs).toBeGreaterThan(0);
        expect(restarts).toBe(0);
      }
    });

    it('takes no number of instances that there cannot be', async () => {
      await using tested = await start();
      await apply(tested, 1);
      for (const replicas of [-1, 1.5, Number.NaN])
        expect(await apply(tested, replicas)).toMatchObject({ kind: 'refused' });
      expect(await observe(tested)).toMatchObject({ wanted: 1 });
    });

    it('goes from none to some and back to none', async () => {
      await using tested = await start();
      await apply(tested, 1);
      await until(tested, ({ ready }) => ready === 1);
      await apply(tested, 0);
      await until(tested, ({ instances }) => instances.length === 0);
    });

    it('starts one again that has ended by itself, and counts that', async () => {
      await using tested = await start();
      await apply(tested, 1);
      await until(tested, ({ ready }) => ready === 1);
      await tested.crashOne();
      const back = await until(tested, ({ ready, instances }) => ready === 1 && instances[0]?.restarts === 1);
      expect(back.wanted).toBe(1);
    });

    it('neither sees nor sizes a group that it does not know', async () => {
      await using tested = await start();
      const { signal } = new AbortController();
      expect(await tested.driver.observe('nobody', signal)).toMatchObject({
        kind: 'unseen',
        because: expect.stringContaining('nobody'),
      });
      expect(await tested.driver.apply('nobody', 1, signal)).toMatchObject({ kind: 'refused' });
    });
  });
}

function apply({ driver }: DriverUnderTest, replicas: number): ReturnType<ScalingDriver['apply']> {
  return driver.apply('api', replicas, new AbortController().signal);
}

async function observe({ driver }: DriverUnderTest): Promise<Fleet> {
  const observed = await driver.observe('api', new AbortController().signal);
  if (observed.kind === 'unseen') throw new Error(observed.because);
  return observed;
}

async function until(tested: DriverUnderTest, isReached: (fleet: Fleet) => boolean): Promise<Fleet> {
  for (let look = 0; look < 400; look++) {
    const fleet = await observe(tested);
    if (isReached(fleet)) return fleet;
    await tested.pass();
  }
  throw new Error(`Not reached: ${JSON.stringify(await observe(tested))}`);
}
