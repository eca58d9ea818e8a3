import { createRandom, createVirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import {
  FakeCluster,
  type PodDescription,
  reachInProcess,
} from '../../../../packages/loadline/test/kubernetes/fake-cluster.ts';
import { createPodInstances, type PodService } from '../../src/collect/pod-instances.ts';
import type { Watched } from '../../src/collect/watched.ts';

const shop: PodService = { service: 'shop', selector: 'app=shop', scheme: 'http' };

/** Pods of the shop, as instances. */
async function instancesOf(
  pods: readonly Partial<PodDescription>[],
  service: Partial<PodService> = {},
): Promise<readonly Watched[]> {
  const cluster = new FakeCluster();
  cluster.put(
    ...pods.map((pod, at) => ({
      ...{ name: `shop-${at}`, labels: { app: 'shop' }, ip: `10.0.0.${at + 1}`, ports: [{ port: 8080 }] },
      ...pod,
    })),
  );
  const { found } = follow(cluster, [{ ...shop, ...service }]);
  return found.list();
}

function follow(cluster: FakeCluster, services: readonly PodService[]) {
  const clock = createVirtualClock();
  const found = createPodInstances(services, {
    kubernetes: reachInProcess(cluster),
    clock,
    random: createRandom(1),
    onFailure: () => undefined,
  });
  return { clock, found };
}

describe('pods that are a service', () => {
  it('are watched by their names, ready or not, once they run and until they are to end', async () => {
    const found = await instancesOf([
      {},
      { phase: 'Pending' },
      { phase: 'Succeeded' },
      { isTerminating: true },
      { ip: 'fd00::5' },
    ]);
    expect(found).toEqual([
      {
        service: 'shop',
        instance: 'shop-0',
        url: new URL('http://10.0.0.1:8080/metrics'),
        source: 'kubernetes',
      },
      {
        service: 'shop',
        instance: 'shop-4',
        url: new URL('http://[fd00::5]:8080/metrics'),
        source: 'kubernetes',
      },
    ]);
  });

  it.each<[string, Partial<PodService>, Partial<PodDescription>, string]>([
    ['the port that was given', { port: 9000 }, {}, 'http://10.0.0.1:9000/metrics'],
    [
      'the port of the name that was given',
      { port: 'admin', scheme: 'https', path: '/m' },
      { ports: [{ port: 8080 }, { name: 'admin', port: 9443 }] },
      'https://10.0.0.1:9443/m',
    ],
    [
      'what its annotations say',
      {},
      { annotations: { 'prometheus.io/port': '9100', 'prometheus.io/path': '/custom' } },
      'http://10.0.0.1:9100/custom',
    ],
    [
      'its own address, whatever its annotations say',
      {},
      { annotations: { 'prometheus.io/path': '//169.254.169.254/latest?x#y' } },
      'http://10.0.0.1:8080//169.254.169.254/latest%3Fx%23y',
    ],
  ])('are asked at %s', async (_, service, pod, url) => {
    const [found] = await instancesOf([pod], service);
    expect(found?.url.href).toBe(url);
    expect(found).not.toHaveProperty('because');
  });

  it.each<[Partial<PodService>, Partial<PodDescription>, RegExp]>([
    [{ port: 'admin' }, {}, /declares no port named admin/],
    [{}, { annotations: { 'prometheus.io/port': 'http' } }, /prometheus\.io\/port is no port/],
    [{}, { annotations: { 'prometheus.io/port': '70000' } }, /prometheus\.io\/port is no port/],
    [{}, { ports: [] }, /declares no port, and/],
    [{}, { ports: [{ port: 1 }, { port: 2 }] }, /declares 2 ports, and/],
  ])('say why they cannot be asked', async (service, pod, because) => {
    const [found] = await instancesOf([pod], service);
    expect(found?.because).toMatch(because);
  });

  it('have their namespace in their names where a service is in several', async () => {
    const cluster = new FakeCluster();
    for (const namespace of ['blue', 'green'])
      cluster.put({
        name: `shop-${namespace}`,
        namespace,
        labels: { app: 'shop' },
        ip: '10.0.0.1',
        ports: [],
      });
    const both = ['blue', 'green'].map((namespace) => ({ ...shop, namespace }));
    const { found } = follow(cluster, [...both, { ...shop, service: 'till', namespace: 'blue' }]);
    expect((await found.list()).map(({ instance }) => instance)).toEqual([
      'blue/shop-blue',
      'green/shop-green',
      'shop-blue',
    ]);
  });

  it('are told of again and again, and no more when it is closed', async () => {
    const cluster = new FakeCluster();
    const { clock, found } = follow(cluster, [shop]);
    expect(await found.list()).toEqual([]);
    await clock.advance(1);
    cluster.put({ name: 'shop-late', labels: { app: 'shop' }, ip: '10.0.0.9' });
    await clock.advance(1);
    expect(await found.list()).toMatchObject([{ instance: 'shop-late' }]);
    await found.close?.();
    expect([cluster.watchers, clock.pending]).toEqual([0, 0]);
  });
});
