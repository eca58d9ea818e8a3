import { createVirtualClock } from 'loadline/base';
import type { Fleet, ScalingDriver } from 'loadline/scaling';
import { expect, it } from 'vitest';
import { createStoreReadings } from '../../src/scaling/store-readings.ts';
import { createMemoryStore } from '../memory-store.ts';

const ready = (id: string) => ({ id, state: 'ready', url: undefined, sinceMs: 0, restarts: 0 }) as const;

async function cpuRatioOf(quota: Fleet['quota']): Promise<number | undefined> {
  const clock = createVirtualClock();
  const store = createMemoryStore(clock);
  const instances = [ready('shop-1'), ready('shop-2')];
  const fleet: Fleet = {
    ...{ kind: 'seen', wanted: 2, ready: 2, starting: 0, stopping: 0, instances },
    ...(quota === undefined ? {} : { quota }),
  };
  const driver: ScalingDriver = { observe: async () => fleet, apply: async () => ({ kind: 'accepted' }) };
  await store.metrics.write(
    [0.1, 0.3].map((value, index) => ({
      series: { metric: 'cpu_ratio', service: 'shop', instance: `shop-${index + 1}`, unit: 'ratio' },
      atMs: clock.now(),
      value,
    })),
  );
  const readings = createStoreReadings({ metrics: store.metrics, driver, clock });
  const read = await readings.read(
    'shop',
    [{ metric: 'cpuRatio', of: 'per replica', merge: 'mean' }],
    new AbortController().signal,
  );
  return read.cpuRatio?.value;
}

it.each([
  ['of a core, where nothing limits an instance', undefined, 0.2],
  ['of what a control group leaves it', { by: 'control group', cores: 0.25 }, 0.8],
  ['of a core, where no control group could be made', { by: 'nothing', because: 'no rights' }, 0.2],
] as const)('the CPU of an instance is a share %s', async (_, quota, share) => {
  expect(await cpuRatioOf(quota)).toBeCloseTo(share, 10);
});
