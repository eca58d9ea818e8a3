import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVirtualClock } from 'loadline/base';
import { type Observer, observe } from 'loadline/observe';
import { afterAll, describe, expect, it } from 'vitest';
import { startFakeApiServer } from '../../../../packages/loadline/test/kubernetes/fake-api-server.ts';
import { FakeCluster } from '../../../../packages/loadline/test/kubernetes/fake-cluster.ts';
import { ca } from '../../../../packages/loadline/test/load/transports/certificate.ts';
import { manyStartsMs, startServe } from '../served.ts';

const folder = mkdtempSync(join(tmpdir(), 'loadline-pods-'));
const files = { token: join(folder, 'token'), ca: join(folder, 'ca.crt') };
writeFileSync(files.token, 'token-1');
writeFileSync(files.ca, ca);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Shown {
  readonly instance: string;
  readonly source: string;
  readonly state: string;
  readonly because?: string;
}

/** A real instance, at a port of its own. */
async function startInstance(observer: Observer): Promise<Server> {
  const server = createServer(observer.node((_, response) => void response.end('ok')));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** Looks until it is so; what is waited for is a round, which takes a second. */
async function untilSo(
  look: () => Promise<readonly Shown[]>,
  wanted: readonly Partial<Shown>[],
): Promise<void> {
  await expect.poll(look, { timeout: 60_000, interval: 100 }).toMatchObject(wanted);
}

describe('loadline serve beside a fake API server of Kubernetes', { timeout: manyStartsMs }, () => {
  it('watches real instances by the labels of their pods, as these come and go', async () => {
    const key = 'a-key-that-opens-instances';
    await using observer = observe({ service: 'shop', controlKey: key });
    const instances = await Promise.all([startInstance(observer), startInstance(observer)]);
    const ports = instances.map((instance) => (instance.address() as AddressInfo).port);
    const pod = (name: string, at = 0) => ({
      ...{ name, namespace: 'shop', labels: { app: 'shop' }, ip: '127.0.0.1' },
      ports: [{ name: 'http', port: ports[at] as number }],
    });
    const cluster = new FakeCluster();
    cluster.put(
      pod('shop-1'),
      { ...pod('shop-2', 1), phase: 'Pending' },
      { ...pod('till-1'), labels: { app: 'till' } },
    );
    await using api = await startFakeApiServer(cluster, { token: 'token-1', namespaces: ['shop'] });
    const served = await startServe(
      [
        ...['--home', join(folder, 'home'), '--watch-every', '1s', '--metrics-from', '127.0.0.1'],
        ...['--watch-kubernetes', 'shop=app in (shop); namespace=shop; port=http'],
        ...['--watch-kubernetes', 'other=app=other; namespace=forbidden'],
        ...['--kubernetes-api', api.url.href, '--kubernetes-token-file', files.token],
        ...['--kubernetes-ca-file', files.ca],
      ],
      { env: { LOADLINE_OBSERVE_KEY: key } },
    );
    const look = async (): Promise<readonly Shown[]> =>
      ((await (await served.ask('GET', '/instances')).json()) as { items: readonly Shown[] }).items;
    const up = (name: string) => ({ instance: name, source: 'kubernetes', state: 'up' });
    await untilSo(look, [up('shop-1')]);

    cluster.put(pod('shop-2', 1));
    await untilSo(look, [up('shop-1'), up('shop-2')]);

    // The token is renewed, as the kubelet does, and the connection breaks.
    api.rotate('token-2');
    writeFileSync(files.token, 'token-2');
    api.cut();
    cluster.put({ ...pod('shop-1'), isTerminating: true });
    await untilSo(look, [up('shop-2')]);

    const metrics = await (await fetch(`${served.url}/metrics`)).text();
    expect(metrics).toMatch(/^loadline_discovery_failures_total\{by="kubernetes"\} [1-9]/m);
    expect(await served.stop('SIGTERM')).toBe(0);
    await expect.poll(() => cluster.watchers).toBe(0);
    for (const instance of instances) {
      instance.closeAllConnections();
      instance.close();
    }
  });
});

describe('loadline serve, and an instance that announces itself', { timeout: manyStartsMs }, () => {
  it('watches it as long as it is there, also after it forgot it, and tells it what is wrong', async () => {
    const key = 'a-key-that-opens-instances';
    const clock = createVirtualClock();
    await using observer = observe({ service: 'shop', controlKey: key, clock });
    const instance = await startInstance(observer);
    const url = `http://127.0.0.1:${(instance.address() as AddressInfo).port}`;
    const served = await startServe(
      ['--home', mkdtempSync(join(folder, 'announced-')), '--watch-every', '1s', '--allow-watch', 'loopback'],
      { env: { LOADLINE_OBSERVE_KEY: key } },
    );
    const look = async (): Promise<readonly (Shown & { readonly id: string })[]> =>
      ((await (await served.ask('GET', '/instances')).json()) as { items: [] }).items;
    const made = await served.ask('POST', '/keys', { body: { name: 'instances', role: 'reporter' } });
    const { secret } = (await made.json()) as { secret: string };
    const where = { controlPlane: served.url, key: secret, url };
    const announcement = observer.announce({ ...where, instance: 'shop-1' });
    const up = { instance: 'shop-1', source: 'registered', state: 'up' };
    await untilSo(look, [up]);
    expect(announcement.isKnown).toBe(true);

    const [shown] = await look();
    await served.ask('DELETE', `/instances/${shown?.id}`);
    await untilSo(look, []);
    await clock.advance(30_000);
    await expect
      .poll(async () => clock.advance(0).then(look), { timeout: 60_000, interval: 100 })
      .toMatchObject([up]);

    const problems: string[] = [];
    const onProblem = (problem: string): void => void problems.push(problem);
    observer.announce({ ...where, key: 'll_not_one', onProblem });
    observer.announce({ ...where, url: 'http://169.254.169.254/', onProblem });
    observer.announce({ ...where, controlPlane: `${served.url}/elsewhere`, onProblem });
    await expect
      .poll(() => problems.toSorted(), { timeout: 60_000 })
      .toEqual([
        expect.stringMatching(
          /it answered 401: .*; the key must be one of its own, with the role reporter or operator\.$/,
        ),
        expect.stringMatching(/it answered 404: /),
        expect.stringMatching(/it answered 422: The instance cannot be watched: .*never allowed/),
      ]);

    await announcement.close();
    await untilSo(look, []);
    expect(await served.stop('SIGTERM')).toBe(0);
    instance.closeAllConnections();
    instance.close();
  });
});
