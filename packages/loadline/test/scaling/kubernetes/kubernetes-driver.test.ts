import { createRandom, createVirtualClock, type VirtualClock } from 'loadline/base';
import {
  createKubernetesDriver,
  type KubernetesDriver,
  type KubernetesDriverOptions,
} from 'loadline/scaling/kubernetes';
import { describe, expect, it } from 'vitest';
import { describeScalingDriver } from '../../contracts/scaling-driver-contract.ts';
import { FakeApi, reachApi } from '../../kubernetes/fake-api.ts';
import { ApiFailure } from '../../kubernetes/fake-cluster.ts';

const { signal } = new AbortController();

interface Stage extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly api: FakeApi;
  readonly driver: KubernetesDriver;
}

function stage(replicas: number, options: Partial<KubernetesDriverOptions> = {}): Stage {
  const clock = createVirtualClock();
  const api = new FakeApi({ clock });
  api.deploy('api', replicas);
  const driver = createKubernetesDriver({
    clock,
    random: createRandom(1),
    kubernetes: reachApi(api),
    workloads: { api: { name: 'api' } },
    ...options,
  });
  return { clock, api, driver, [Symbol.asyncDispose]: () => driver.close() };
}

describeScalingDriver('a deployment of Kubernetes', async () => {
  const { clock, api, driver } = stage(0);
  return {
    driver,
    pass: () => clock.advance(100),
    crashOne: async () => api.crashOne('api'),
    [Symbol.asyncDispose]: () => driver.close(),
  };
});

describe('the Kubernetes driver', () => {
  it('sees the pods of a workload by their conditions', async () => {
    await using on = stage(3);
    await on.clock.advance(1500);
    on.api.pods.put({
      ...{ name: 'api-2', labels: { app: 'api' }, ip: '10.0.0.2', isReady: false, restarts: 4 },
      waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s restarting failed container' },
    });
    on.api.pods.put({ name: 'api-0', labels: { app: 'api' }, phase: 'Failed' });
    const fleet = await on.driver.observe('api', signal);
    expect(fleet).toMatchObject({ kind: 'seen', wanted: 3, ready: 2, starting: 1, stopping: 0 });
    expect(fleet.kind === 'seen' && fleet.instances).toMatchObject([
      { id: 'api-1', state: 'ready', url: 'http://10.0.0.1:8080', restarts: 0 },
      {
        ...{ id: 'api-2', state: 'waiting', restarts: 4 },
        remark: 'CrashLoopBackOff: back-off 40s restarting failed container',
      },
      { id: 'api-3', state: 'ready', sinceMs: on.clock.now() - 500 },
    ]);
  });

  it('follows the pods of a workload once, however many ask at a time', async () => {
    await using on = stage(2);
    await Promise.all([on.driver.observe('api', signal), on.driver.observe('api', signal)]);
    expect(on.api.pods.watchers).toBe(1);
  });

  it('goes on where only the status has changed since it was read', async () => {
    await using on = stage(2);
    await on.driver.observe('api', signal);
    let changes = 0;
    on.api.beforeChange = () => changes++ < 2 && on.api.touch('api');
    expect(await on.driver.apply('api', 5, signal)).toEqual({ kind: 'accepted' });
    expect([on.api.replicasOf('api'), on.driver.conflicts]).toEqual([5, 2]);
  });

  it('leaves it to who was quicker, and begins the next round from what is there', async () => {
    await using on = stage(2);
    await on.driver.observe('api', signal);
    on.api.beforeChange = () => {
      on.api.beforeChange = () => undefined;
      on.api.scale('api', 7);
    };
    expect(await on.driver.apply('api', 3, signal)).toEqual({
      kind: 'refused',
      because: 'somebody else has set Deployment default/api from 2 to 7 meanwhile',
    });
    expect(on.api.replicasOf('api')).toBe(7);
    expect(await on.driver.observe('api', signal)).toMatchObject({ wanted: 7 });
    expect(await on.driver.apply('api', 3, signal)).toEqual({ kind: 'accepted' });
  });

  it('gives up on one that others change without end', async () => {
    await using on = stage(2);
    await on.driver.observe('api', signal);
    on.api.beforeChange = () => on.api.touch('api');
    expect(await on.driver.apply('api', 3, signal)).toEqual({
      kind: 'refused',
      because: 'Deployment default/api was changed by others 4 times in a row',
    });
    expect(on.api.replicasOf('api')).toBe(2);
  });

  it.each([
    ['of the same version', { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' }, true],
    ['of another version', { apiVersion: 'apps/v1beta1', kind: 'Deployment', name: 'api' }, true],
    ['without a version', { kind: 'Deployment', name: 'api' }, true],
    ['of another group', { apiVersion: 'argoproj.io/v1', kind: 'Deployment', name: 'api' }, false],
    ['of another name', { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, false],
    ['of another kind', { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'api' }, false],
  ])('does not fight an autoscaler of Kubernetes for the same workload: %s', async (_, target, isRival) => {
    await using on = stage(2);
    on.api.autoscale('api-hpa', target);
    const outcome = await on.driver.apply('api', 3, signal);
    expect(on.api.replicasOf('api')).toBe(isRival ? 2 : 3);
    if (isRival)
      expect(outcome).toMatchObject({
        kind: 'refused',
        because: expect.stringMatching(/default\/api-hpa scales .* too/),
      });
  });

  it('neither looks nor acts while another process is the one that does', async () => {
    const others = { mayAct: false, because: 'scaler-2 is the one that acts' } as const;
    let standing: ReturnType<NonNullable<KubernetesDriverOptions['fence']>['check']> = others;
    await using on = stage(2, { fence: { check: () => standing } });
    expect(await on.driver.observe('api', signal)).toEqual({ kind: 'unseen', because: others.because });
    expect(await on.driver.apply('api', 3, signal)).toEqual({ kind: 'refused', because: others.because });
    standing = { mayAct: true, forMs: 5000 };
    await on.driver.observe('api', signal);
    // It loses the lease while a conflict is told.
    on.api.beforeChange = () => {
      standing = others;
      on.api.touch('api');
    };
    expect(await on.driver.apply('api', 3, signal)).toEqual({ kind: 'refused', because: others.because });
    expect(on.api.replicasOf('api')).toBe(2);
  });

  it('does not wait for an answer beyond the time in which it may act', async () => {
    const clock = createVirtualClock();
    const api = new FakeApi({ clock });
    api.deploy('api', 2);
    const hang = (request: string) =>
      request.startsWith('PUT') ? new Promise<void>(() => undefined) : undefined;
    await using driver = createKubernetesDriver({
      ...{
        clock,
        random: createRandom(1),
        kubernetes: reachApi(api, hang),
        workloads: { api: { name: 'api' } },
      },
      fence: { check: () => ({ mayAct: true, forMs: 700 }) },
    });
    const outcome = driver.apply('api', 3, signal).catch((error: Error) => error.message);
    await clock.advance(701);
    expect(await outcome).toBe('the API server gave no answer in time');
  });

  it.each([
    [403, 'Forbidden', 'deployments.apps "api" is forbidden'],
    [404, 'NotFound', 'deployments.apps "api" not found'],
  ])('says what the API server has against it: %i', async (code, reason, message) => {
    await using on = stage(2);
    on.api.beforeChange = () => {
      throw new ApiFailure(code, reason, message);
    };
    expect(await on.driver.apply('api', 3, signal)).toEqual({ kind: 'refused', because: message });
    expect(await on.driver.apply('api', -1, signal)).toMatchObject({ kind: 'refused' });
  });

  it('ends its watches when it is closed', async () => {
    const on = stage(2);
    await on.driver.observe('api', signal);
    await on.clock.advance(1);
    expect(on.api.pods.watchers).toBe(1);
    await on.driver.close();
    expect([on.api.pods.watchers, await on.driver.observe('api', signal)]).toEqual([
      0,
      { kind: 'unseen', because: 'the driver was closed' },
    ]);
  });
});
