import { createVirtualClock } from 'loadline/base';
import {
  createScalingMemory,
  type Instance,
  openScaler,
  type Readings,
  type ReadingsPort,
  type ScalingDriver,
} from 'loadline/scaling';
import { expect, it } from 'vitest';

const minuteMs = 60_000;

/** What an instance is, and its share of a processor; undefined where nobody has measured it. */
type Shown = readonly [state: Instance['state'], minutesOld: number, cpuRatio: number | undefined];

const object = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'api' },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
    minReplicas: 1,
    maxReplicas: 20,
    metrics: [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
      },
    ],
    behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
  },
};

/** To how many a group of such instances is brought. */
async function decided(shown: readonly Shown[], port: 'each' | 'average' = 'each'): Promise<number> {
  const clock = createVirtualClock();
  const instances = shown.map(([state, minutesOld], index): Instance => {
    const startedMs = clock.now() - minutesOld * minuteMs;
    return { id: `api-${index}`, state, url: undefined, sinceMs: startedMs, startedMs, restarts: 0 };
  });
  const count = (...states: string[]): number => shown.filter(([state]) => states.includes(state)).length;
  const [ready, starting, stopping] = [count('ready'), count('starting', 'waiting'), count('draining')];
  let to = ready + starting;
  const driver: ScalingDriver = {
    observe: async () => ({ kind: 'seen', wanted: to, ready, starting, stopping, instances }),
    apply: async (_, replicas) => {
      to = replicas;
      return { kind: 'accepted' };
    },
  };
  const readingsOf = (value: number | undefined): Readings =>
    value === undefined ? {} : { cpuRatio: { value, atMs: clock.now(), overMs: 1000 } };
  const known = shown.flatMap(([state, , value]) =>
    state === 'ready' && value !== undefined ? [value] : [],
  );
  const readings: ReadingsPort = {
    read: async () => readingsOf(known.reduce((sum, value) => sum + value, 0) / known.length),
    ...(port === 'average'
      ? {}
      : {
          readEach: async () =>
            new Map(instances.map(({ id }, index) => [id, readingsOf(shown[index]?.[2])] as const)),
        }),
  };
  await using scaler = await openScaler({ clock, driver, readings, memory: createScalingMemory() });
  await scaler.configure('api', { policy: object, changedBy: 'ada' });
  await scaler.round('api');
  return to;
}

const old = (cpuRatio: number | undefined): Shown => ['ready', 60, cpuRatio];

// Worked out by hand from what Kubernetes documents of its algorithm.
it.each<[string, readonly Shown[], number]>([
  ['all measured: 80 of 50 % on 4 takes 6.4', [old(0.8), old(0.8), old(0.8), old(0.8)], 7],
  [
    'up, who is not measured counts as idle: 240 over 4 is 60 %',
    [old(0.8), old(0.8), old(0.8), old(undefined)],
    5,
  ],
  ['where that leaves it within its tolerance, nothing', [old(0.7), old(0.7), old(0.7), old(undefined)], 4],
  [
    'down, who is not measured counts as full: 130 over 4 is 33 %',
    [old(0.1), old(0.1), old(0.1), old(undefined)],
    3,
  ],
  [
    'up, one that starts counts as idle: 270 over 4 is 68 %',
    [old(0.9), old(0.9), old(0.9), ['starting', 0, 0.9]],
    6,
  ],
  ['one that waits after a crash, too', [old(0.9), old(0.9), old(0.9), ['waiting', 2, 0.9]], 6],
  ['who leaves counts nowhere: 80 of 50 % on 2 takes 3.2', [old(0.8), old(0.8), ['draining', 60, 0.1]], 4],
  ['who is ready and was measured since counts, however young', [old(0.2), ['ready', 1, 1]], 3],
  ['who is ready and was not measured since counts as idle', [old(1), old(1), ['ready', 0, 1]], 4],
])('an autoscaler object looks at each instance of a group: %s', async (_, shown, to) => {
  expect(await decided(shown)).toBe(to);
});

it('takes each for an average one where nobody tells them apart', async () => {
  const shown = [old(0.8), old(0.8), old(0.8), old(undefined)];
  expect([await decided(shown), await decided(shown, 'average')]).toEqual([5, 7]);
});
