import { createRandom, createVirtualClock, type VirtualClock } from 'loadline/base';
import { createScalingMemory, type Fleet, openScaler, type RestartProgress } from 'loadline/scaling';
import {
  createKubernetesDriver,
  type KubernetesDriver,
  type KubernetesDriverOptions,
} from 'loadline/scaling/kubernetes';
import { describe, expect, it } from 'vitest';
import type { TemplateStatus } from '../../../src/scaling/kubernetes/template-status.ts';
import { progressOf } from '../../../src/scaling/kubernetes/workload-restart.ts';
import { FakeApi, reachApi } from '../../kubernetes/fake-api.ts';
import { ApiFailure } from '../../kubernetes/fake-cluster.ts';

const { signal } = new AbortController();
const path = '/apis/apps/v1/namespaces/default/deployments/api';

interface Stage extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly api: FakeApi;
  readonly driver: KubernetesDriver;
  fleet(): Promise<Fleet>;
  /** How far it is. */
  progress(): Promise<RestartProgress | undefined>;
}

/** Three pods that run. */
async function stage(options: Partial<KubernetesDriverOptions> = {}, spec: object = {}): Promise<Stage> {
  const clock = createVirtualClock();
  const api = new FakeApi({ clock });
  api.deploy('api', 3, spec);
  const random = createRandom(1);
  const workloads = { api: { name: 'api' } };
  const kubernetes = reachApi(api);
  const driver = createKubernetesDriver({ clock, random, kubernetes, workloads, ...options });
  await driver.observe('api', signal);
  await clock.advance(2000);
  const fleet = async (): Promise<Fleet> => {
    const observed = await driver.observe('api', signal);
    if (observed.kind === 'unseen') throw new Error(observed.because);
    return observed;
  };
  const progress = async () => (await fleet()).restart;
  return { clock, api, driver, fleet, progress, [Symbol.asyncDispose]: () => driver.close() };
}

const annotations = ({ api }: Stage): Readonly<Record<string, string>> | undefined =>
  (api.objects.get(path).spec as { template: { metadata: { annotations?: Record<string, string> } } })
    .template.metadata.annotations;

describe('a rolling restart of a workload of Kubernetes', () => {
  it('gives its pods a new template as kubectl does, and follows until each of them is replaced', async () => {
    await using on = await stage();
    const startedAtMs = on.clock.now();
    expect(await on.driver.restart('api', signal)).toEqual({ kind: 'accepted' });
    expect(annotations(on)).toEqual({
      'kubectl.kubernetes.io/restartedAt': new Date(startedAtMs).toISOString(),
    });
    expect(await on.progress()).toEqual({ state: 'going', startedAtMs, of: 3, replaced: 0 });
    let leastReady = 3;
    const seen: (number | undefined)[] = [];
    for (let passed = 0; passed < 100; passed++) {
      await on.clock.advance(100);
      const { ready, restart } = await on.fleet();
      leastReady = Math.min(leastReady, ready);
      if (restart?.replaced !== seen.at(-1)) seen.push(restart?.replaced);
      if (restart?.state === 'done') break;
    }
    expect([seen, leastReady]).toEqual([[0, 1, 2, 3], 3]);
    const { instances, restart } = await on.fleet();
    expect(restart).toMatchObject({ state: 'done', of: 3, replaced: 3, startedAtMs });
    expect(restart?.state === 'done' && restart.endedAtMs - startedAtMs).toBeGreaterThan(3000);
    await on.clock.advance(2000);
    expect((await on.fleet()).instances.map(({ id }) => id)).toEqual(['api-4', 'api-5', 'api-6']);
    expect(instances.some(({ id }) => id === 'api-1')).toBe(false);
    // What is over is asked for no more.
    const asked = on.api.asked.length;
    await on.fleet();
    expect(on.api.asked.slice(asked)).toEqual([`GET ${path}/scale`]);
  });

  it('does not take the figures of before for those of the new template', async () => {
    await using on = await stage();
    await on.driver.restart('api', signal);
    // The controller has not seen it yet: three of three are up to date by what it says.
    expect(on.api.request('GET', path)).toMatchObject({
      metadata: { generation: 2 },
      status: { observedGeneration: 1, updatedReplicas: 3, availableReplicas: 3 },
    });
    expect(await on.progress()).toMatchObject({ state: 'going', replaced: 0 });
  });

  it('changes only what was read, and reads again where only the status has changed', async () => {
    await using on = await stage();
    let changes = 0;
    on.api.beforeChange = () => {
      if (changes++ === 0) on.api.changeSpec('api', { template: { spec: { priority: 1 } } });
    };
    expect(await on.driver.restart('api', signal)).toEqual({ kind: 'accepted' });
    expect([changes, on.driver.conflicts]).toEqual([2, 1]);
    expect(on.api.objects.get(path).spec).toMatchObject({ template: { spec: { priority: 1 } } });
    on.api.beforeChange = () => on.api.touch('api');
    await on.clock.advance(20_000);
    expect(await on.progress()).toMatchObject({ state: 'done' });
    expect(await on.driver.restart('api', signal)).toEqual({
      kind: 'refused',
      because: 'Deployment default/api was changed by others 4 times in a row',
    });
  });

  it('goes on with what is wanted meanwhile', async () => {
    await using on = await stage();
    await on.driver.restart('api', signal);
    await on.clock.advance(1200);
    expect(await on.driver.apply('api', 5, signal)).toEqual({ kind: 'accepted' });
    expect(await on.progress()).toMatchObject({ state: 'going' });
    await on.clock.advance(20_000);
    expect(await on.fleet()).toMatchObject({ ready: 5, restart: { state: 'done', of: 3, replaced: 3 } });
  });

  it('is told as stopped when nothing comes of it for long, and as what Kubernetes says of it', async () => {
    await using on = await stage({ replaceMsMax: 60_000 });
    on.api.holdStarts();
    await on.driver.restart('api', signal);
    await on.clock.advance(100);
    await on.progress();
    await on.clock.advance(59_000);
    expect(await on.progress()).toMatchObject({ state: 'going' });
    await on.clock.advance(2000);
    expect(await on.progress()).toMatchObject({
      ...{ state: 'stopped', of: 3, replaced: 0 },
      because: 'no pod was replaced for 1 m; Kubernetes goes on with it as soon as it can',
    });
    on.api.holdStarts(false);
    await on.clock.advance(20_000);
    expect(await on.driver.restart('api', signal)).toEqual({ kind: 'accepted' });
    on.api.holdStarts();
    await on.clock.advance(2000);
    const message = 'ReplicaSet "api-5d" has timed out progressing.';
    on.api.tellCondition('api', {
      ...{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message },
    });
    expect(await on.progress()).toMatchObject({
      state: 'stopped',
      because: 'ReplicaSet "api-5d" has timed out progressing',
    });
  });

  it('leaves the group seen where it cannot be followed any more, and is told as stopped in the end', async () => {
    await using on = await stage({ replaceMsMax: 60_000 });
    await on.driver.restart('api', signal);
    await on.clock.advance(1500);
    expect(await on.progress()).toMatchObject({ state: 'going', replaced: 1 });
    on.api.beforeRead = (asked) => {
      if (asked === path) throw new ApiFailure(403, 'Forbidden', 'deployments.apps "api" is forbidden');
    };
    await on.clock.advance(59_000);
    expect(await on.fleet()).toMatchObject({ ready: 3, restart: { state: 'going', replaced: 1 } });
    await on.clock.advance(1000);
    expect(await on.fleet()).toMatchObject({
      ready: 3,
      restart: {
        ...{ state: 'stopped', of: 3, replaced: 1 },
        because:
          'it cannot be followed any more: deployments.apps "api" is forbidden; Kubernetes goes on with it by itself',
      },
    });
  });

  it('is told as stopped when somebody else has begun another one', async () => {
    await using on = await stage();
    await on.driver.restart('api', signal);
    await on.clock.advance(100);
    const restartedAt = '2026-06-06T12:00:00Z';
    const metadata = { annotations: { 'kubectl.kubernetes.io/restartedAt': restartedAt } };
    on.api.changeSpec('api', { template: { metadata } });
    expect(await on.progress()).toMatchObject({
      state: 'stopped',
      because: 'somebody else has changed the pod template of Deployment default/api meanwhile',
    });
  });

  it('is one at a time, and cannot be ended', async () => {
    await using on = await stage();
    expect(await on.driver.endRestart('api', 'ended by bob', signal)).toEqual({
      kind: 'refused',
      because: 'no rolling restart of Deployment default/api goes on',
    });
    await on.driver.restart('api', signal);
    await on.clock.advance(1500);
    expect(await on.driver.restart('api', signal)).toEqual({
      kind: 'refused',
      because: 'a rolling restart of Deployment default/api goes on: 1 of 3 are replaced',
    });
    expect(await on.driver.endRestart('api', 'ended by bob', signal)).toEqual({
      kind: 'refused',
      because:
        'Kubernetes goes on with the restart of Deployment default/api by itself: kubectl rollout undo turns it back',
    });
  });

  it('is begun once where two want it at a time', async () => {
    await using on = await stage();
    const outcomes = await Promise.all([1, 2].map(() => on.driver.restart('api', signal)));
    expect(outcomes).toEqual([
      { kind: 'accepted' },
      {
        kind: 'refused',
        because: 'a rolling restart of Deployment default/api goes on: 0 of 3 are replaced',
      },
    ]);
    expect(on.api.asked.filter((each) => each.startsWith('PATCH '))).toHaveLength(2);
    await on.clock.advance(20_000);
    expect(await on.progress()).toMatchObject({ state: 'done' });
  });

  it.each([
    ['Deployment', { paused: true }, 'would not replace all of its pods: it is paused'],
    [
      'Deployment',
      { strategy: { type: 'Recreate' } },
      'would end all of its pods before it starts others: its strategy is Recreate',
    ],
    [
      'StatefulSet',
      { updateStrategy: { type: 'OnDelete' } },
      'would not replace all of its pods: its updateStrategy is OnDelete',
    ],
    [
      'StatefulSet',
      { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
      'would not replace all of its pods: its partition of 2 keeps the pods below it',
    ],
  ])(
    'is refused for a %s whose pods would not be replaced one after the other: %j',
    async (kind, spec, because) => {
      // The fake keeps deployments alone; what matters here is what stands in the object.
      await using on = await stage(
        { workloads: { api: { name: 'api', kind, resource: 'deployments' } } },
        spec,
      );
      expect(await on.driver.restart('api', signal)).toEqual({
        kind: 'refused',
        because: `${kind} default/api ${because}`,
      });
      expect(annotations(on)).toBeUndefined();
    },
  );

  it('is refused for kinds whose controllers may know nothing of it, and for who is not known', async () => {
    await using on = await stage();
    const clock = createVirtualClock();
    const options = { clock, random: createRandom(1), kubernetes: reachApi(on.api) };
    const workloads = { api: { name: 'api', kind: 'Rollout', apiVersion: 'argoproj.io/v1alpha1' } };
    await using driver = createKubernetesDriver({ ...options, workloads });
    expect(await driver.restart('api', signal)).toEqual({
      kind: 'refused',
      because: 'only Deployments and StatefulSets of apps/v1 are restarted, and Rollout default/api is none',
    });
    expect(await driver.restart('nobody', signal)).toMatchObject({
      because: expect.stringContaining('nobody'),
    });
  });

  it('is begun only by who may act, and says what the API server has against it', async () => {
    const others = { mayAct: false, because: 'scaler-2 is the one that acts' } as const;
    let standing: ReturnType<NonNullable<KubernetesDriverOptions['fence']>['check']> = {
      mayAct: true,
      forMs: 5000,
    };
    await using on = await stage({ fence: { check: () => standing } });
    on.api.beforeChange = () => {
      throw new ApiFailure(403, 'Forbidden', 'deployments.apps "api" is forbidden');
    };
    expect(await on.driver.restart('api', signal)).toEqual({
      kind: 'refused',
      because: 'deployments.apps "api" is forbidden',
    });
    on.api.beforeChange = () => undefined;
    standing = others;
    expect(await on.driver.restart('api', signal)).toEqual({ kind: 'refused', because: others.because });
    expect(annotations(on)).toBeUndefined();
  });

  it('is remembered by a scaler, who wanted it and how it ended', async () => {
    await using on = await stage();
    const { clock, driver } = on;
    const readings = { read: async () => ({ cpuRatio: { value: 0.5, atMs: clock.now() } }) };
    const scaler = await openScaler({ clock, driver, readings, memory: createScalingMemory() });
    const policy = { replicas: { min: 1, max: 8 }, metrics: { cpuRatio: { scaleOutAbove: 0.7 } } };
    await scaler.configure('api', { policy, changedBy: 'ada' });
    await clock.advance(1000);
    await scaler.restart('api', { orderedBy: 'ada', reason: 'another certificate' });
    const { last } = scaler.status('api');
    expect(last?.kind === 'decided' && last.fleet.restart).toMatchObject({ state: 'going' });
    await clock.advance(60_000);
    expect((await scaler.history({ limit: 10 })).map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^Restarted api: 3 of 3 replaced in \d+/),
      'Restart the 3 instances of api one after the other, by ada: another certificate.',
    ]);
    await scaler.close();
  });
});

describe('progressOf()', () => {
  const workload = {
    ...{ name: 'db', kind: 'StatefulSet', apiVersion: 'apps/v1' },
    ...{ resource: 'statefulsets', namespace: 'shop' },
  };
  const begun = { workload, startedAtMs: 1000, restartedAt: 'now', of: 3 };
  const found = (further: Partial<TemplateStatus>): TemplateStatus => ({
    ...{ resourceVersion: '7', generation: 4, observedGeneration: 4, wanted: 3 },
    ...{ pods: 3, updated: 0, available: 3, restartedAt: 'now', obstacle: undefined, failure: undefined },
    ...further,
  });

  it.each<[string, Partial<TemplateStatus>, 'going' | 'done', number]>([
    ['has begun', {}, 'going', 0],
    ['has one that is not back yet, as StatefulSets do it', { pods: 2, available: 2 }, 'going', 1],
    ['has one of the new ones', { updated: 1, available: 2 }, 'going', 1],
    ['has only new ones, not all available', { updated: 3, available: 2 }, 'going', 3],
    ['has one more than are wanted', { pods: 4, updated: 3, available: 4 }, 'going', 2],
    ['is through', { updated: 3 }, 'done', 3],
    ['is through, with fewer wanted by now', { wanted: 2, pods: 2, updated: 2, available: 2 }, 'done', 3],
    ['is not seen by its controller', { observedGeneration: 3, updated: 3 }, 'going', 0],
    ['failed before and is through', { updated: 3, failure: 'timed out' }, 'done', 3],
  ])('of one that %s', (_, further, state, replaced) => {
    expect(progressOf(begun, found(further), 5000)).toMatchObject({ state, replaced, of: 3 });
  });
});
