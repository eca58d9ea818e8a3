import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom, createVirtualClock, systemClock } from 'loadline/base';
import { createKubernetes, type KubernetesAccess, podAccess, watchPods } from 'loadline/kubernetes';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { ca } from '../load/transports/certificate.ts';
import { FakeApi } from './fake-api.ts';
import { type FakeApiServer, startFakeApiServer } from './fake-api-server.ts';
import { FakeCluster } from './fake-cluster.ts';

/** As Kubernetes mounts it into a pod. */
const folder = mkdtempSync(join(tmpdir(), 'loadline-account-'));
const never = new AbortController().signal;
const shop = { name: 'shop-1', namespace: 'shop', labels: { app: 'shop' }, ip: '10.0.0.1' };

beforeEach(() => {
  writeFileSync(join(folder, 'token'), 'token-1\n');
  writeFileSync(join(folder, 'ca.crt'), ca);
  writeFileSync(join(folder, 'namespace'), 'shop');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(cluster = new FakeCluster()): Promise<FakeApiServer> {
  return startFakeApiServer(cluster, { token: 'token-1', namespaces: ['shop'] });
}

/** What a pod finds around it. */
function accessTo({ url }: FakeApiServer): KubernetesAccess {
  const env = { KUBERNETES_SERVICE_HOST: url.hostname, KUBERNETES_SERVICE_PORT: url.port };
  return podAccess(env, folder) as KubernetesAccess;
}

async function failureOf(access: KubernetesAccess, path = '/api/v1/namespaces/shop/pods'): Promise<unknown> {
  const kubernetes = createKubernetes(access, { clock: systemClock, answerBytesMax: 10_000 });
  return kubernetes.get(path, {}, never).catch((error: unknown) => error);
}

describe('an API server, as a pod reaches it', () => {
  it('lists pods to who has the token and trusts its authority', async () => {
    const cluster = new FakeCluster();
    cluster.put(shop);
    await using server = await start(cluster);
    const kubernetes = createKubernetes(accessTo(server), { clock: systemClock });
    expect(kubernetes.namespace).toBe('shop');
    const query = { labelSelector: 'app in (shop, web)', limit: 5, continue: undefined };
    const path = '/api/v1/namespaces/shop/pods';
    expect(await kubernetes.get(path, query, never)).toMatchObject({
      kind: 'PodList',
      items: [{ metadata: { name: 'shop-1' } }],
    });
    expect(server.asked).toEqual([`${path}?labelSelector=app+in+%28shop%2C+web%29&limit=5`]);
  });

  it('is asked with the token that stands in the file now', async () => {
    await using server = await start();
    server.rotate('token-2');
    expect(await failureOf(accessTo(server))).toMatchObject({
      code: 'KUBERNETES_REFUSED',
      message: 'The API server answered 401: Unauthorized.',
    });
    writeFileSync(join(folder, 'token'), 'token-2');
    expect(await failureOf(accessTo(server))).toMatchObject({ kind: 'PodList' });
  });

  it('says in its own words what is missing', async () => {
    await using server = await start();
    expect(await failureOf(accessTo(server), '/api/v1/namespaces/other/pods')).toMatchObject({
      code: 'KUBERNETES_REFUSED',
      message: expect.stringContaining(
        'cannot list resource "pods" in API group "" in the namespace "other"',
      ),
    });
    expect(await failureOf(accessTo(server), '/nowhere')).toMatchObject({ code: 'KUBERNETES_NOT_FOUND' });
  });

  it.each([
    [
      'the words of a proxy on the way',
      'dial tcp 10.96.0.1:443:\n i/o timeout\n',
      'dial tcp 10.96.0.1:443: i/o timeout',
    ],
    ['nothing of a page', '<html><h1>Bad Gateway</h1></html>', 'no reason given'],
    ['that there were none', '', 'no reason given'],
  ])('tells %s, where the answer is no JSON', async (_, body, told) => {
    const proxy = createServer((_request, response) => response.writeHead(502).end(body));
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const url = new URL(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    expect(await failureOf({ url, namespace: 'shop' })).toMatchObject({
      code: 'KUBERNETES_FAILED',
      message: `The API server answered 502: ${told}.`,
    });
    await new Promise((resolve) => proxy.close(resolve));
  });

  it('gets no token where another authority has signed, and none where the file is missing', async () => {
    await using server = await start();
    const { caFile: _, ...stranger } = accessTo(server);
    expect(await failureOf(stranger)).toMatchObject({ code: 'KUBERNETES_UNREACHABLE' });
    rmSync(join(folder, 'token'));
    expect(await failureOf(accessTo(server))).toMatchObject({
      code: 'KUBERNETES_REFUSED',
      message: expect.stringContaining('token cannot be read (ENOENT)'),
    });
    expect(server.asked).toEqual([]);
  });

  it('takes changes, and says where somebody else was quicker', async () => {
    const api = new FakeApi({ clock: createVirtualClock() });
    api.deploy('shop', 2);
    await using server = await startFakeApiServer(api.pods, { token: 'token-1', namespaces: ['shop'], api });
    const kubernetes = createKubernetes(accessTo(server), { clock: systemClock });
    const path = '/apis/apps/v1/namespaces/default/deployments/shop';
    const scale = (await kubernetes.get(`${path}/scale`, {}, never)) as { spec: object };
    const change = {
      method: 'PUT',
      path: `${path}/scale`,
      body: { ...scale, spec: { replicas: 5 } },
    } as const;
    expect(await kubernetes.send(change, never)).toMatchObject({ kind: 'Scale', spec: { replicas: 5 } });
    const second = await kubernetes.send(change, never).catch((error: unknown) => error);
    expect(second).toMatchObject({
      code: 'KUBERNETES_CONFLICT',
      message: expect.stringContaining('the object has been modified'),
    });
    const body = { metadata: { annotations: { 'loadline.example/why': 'tested' } } };
    const patched = await kubernetes.send({ method: 'PATCH', path, body }, never);
    expect(patched).toMatchObject({
      spec: { replicas: 5 },
      metadata: { annotations: body.metadata.annotations },
    });
    const lease = {
      metadata: { name: 'scaler' },
      spec: { holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 },
    };
    const all = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
    const post = { method: 'POST', path: all, body: lease } as const;
    expect(await kubernetes.send(post, never)).toMatchObject({ metadata: { name: 'scaler' } });
    expect(await kubernetes.send(post, never).catch((error: unknown) => error)).toMatchObject({
      code: 'KUBERNETES_CONFLICT',
    });
  });

  it('is not read beyond a limit', async () => {
    const cluster = new FakeCluster();
    cluster.put(...Array.from({ length: 100 }, (_, at) => ({ ...shop, name: `shop-${at}` })));
    await using server = await start(cluster);
    expect(await failureOf(accessTo(server))).toMatchObject({
      code: 'KUBERNETES_ANSWER_INVALID',
      message: expect.stringContaining('more than'),
    });
  });

  it('is followed over a connection that breaks, and by a token that was renewed', {
    timeout: 30_000,
  }, async () => {
    const cluster = new FakeCluster();
    cluster.put(shop);
    await using server = await start(cluster);
    await using watch = watchPods(createKubernetes(accessTo(server), { clock: systemClock }), {
      clock: systemClock,
      random: createRandom(1),
      namespace: 'shop',
      selector: 'app=shop',
    });
    await watch.begun;
    await expect.poll(() => cluster.watchers).toBe(1);
    cluster.put({ ...shop, name: 'shop-2' });
    await expect.poll(() => watch.pods().length).toBe(2);
    server.rotate('token-2');
    writeFileSync(join(folder, 'token'), 'token-2');
    server.cut();
    await expect.poll(() => cluster.watchers).toBe(0);
    cluster.remove('shop-1');
    await expect.poll(() => watch.pods().map(({ name }) => name), { timeout: 20_000 }).toEqual(['shop-2']);
    expect(watch.counts).toMatchObject({ lists: 1, failures: 1 });
  });
});

describe('podAccess()', () => {
  it('is nothing where this is no pod', () => {
    expect(podAccess({}, folder)).toBeUndefined();
  });

  it('takes addresses of both kinds', () => {
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
    expect(podAccess(env, folder)?.url.href).toBe('https://[fd00::1]:6443/');
    expect(podAccess(env, join(folder, 'nowhere'))?.namespace).toBe('default');
  });
});
