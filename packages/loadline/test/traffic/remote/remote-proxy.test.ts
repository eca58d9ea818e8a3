import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createRemoteProxy,
  type ProxyDriver,
  proxyDoor,
  type SeenUpstream,
  type WantedUpstream,
} from 'loadline/traffic';
import { expect, onTestFinished, test } from 'vitest';

const never = new AbortController().signal;
const api: WantedUpstream = { id: 'api-1', host: '127.0.0.1', port: 8080, mode: 'serving', weight: 3 };

/** A proxy that believes everything. */
function fakeProxy(): ProxyDriver & { wanted: readonly WantedUpstream[] } {
  const proxy = {
    name: 'fake',
    wanted: [] as readonly WantedUpstream[],
    observe: async (): Promise<readonly SeenUpstream[]> =>
      proxy.wanted.map(({ id, host, port, mode, weight }) => ({
        id,
        host,
        port,
        status: mode === 'draining' ? 'draining' : 'up',
        inFlight: id === 'silent' ? undefined : 2,
        ...(weight === undefined ? {} : { weight }),
      })),
    apply: async (wanted: readonly WantedUpstream[]): Promise<void> => {
      proxy.wanted = wanted;
    },
  };
  return proxy;
}

async function* lines(): AsyncGenerator<string> {
  yield 'up 1\n';
}

async function open(proxy: ProxyDriver, key = 'right'): Promise<{ url: string; remote: ProxyDriver }> {
  const server = createServer(proxyDoor({ proxy, key: 'right', metrics: lines }));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, remote: createRemoteProxy({ url, key }) };
}

test('what is wanted of a proxy arrives in its process, and what it has comes back', async () => {
  const proxy = fakeProxy();
  const { remote } = await open(proxy);
  const leaving: WantedUpstream = { ...api, id: 'silent', mode: 'draining', weight: 13 };

  await remote.apply([api, leaving], never);

  expect(proxy.wanted).toEqual([api, leaving]);
  expect(await remote.observe(never)).toEqual([
    { id: 'api-1', host: '127.0.0.1', port: 8080, status: 'up', inFlight: 2, weight: 3 },
    { id: 'silent', host: '127.0.0.1', port: 8080, status: 'draining', inFlight: undefined, weight: 13 },
  ]);
});

test('who has another key gives no orders', async () => {
  const proxy = fakeProxy();
  const { remote } = await open(proxy, 'wrong');

  await expect(remote.apply([api], never)).rejects.toMatchObject({
    code: 'TRAFFIC_PROXY_REFUSED',
    message: expect.stringContaining('401: Orders need the key'),
  });
  expect(proxy.wanted).toEqual([]);
});

test('a list with a mistake changes nothing, and comes back with the place of the mistake', async () => {
  const proxy = fakeProxy();
  const { remote } = await open(proxy);

  await expect(remote.apply([{ ...api, port: 0 }], never)).rejects.toMatchObject({
    code: 'TRAFFIC_PROXY_REFUSED',
    message: expect.stringContaining('422: upstreams[0].port must be'),
  });
  expect(proxy.wanted).toEqual([]);
});

test('a proxy that fails says why', async () => {
  const broken = { ...fakeProxy(), apply: async () => Promise.reject(new Error('no socket is left')) };
  const { remote } = await open(broken);

  await expect(remote.apply([api], never)).rejects.toMatchObject({
    message: expect.stringContaining('500: no socket is left'),
  });
});

test('a proxy that is gone is told from one that refuses', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  const remote = createRemoteProxy({ url: `http://127.0.0.1:${port}`, key: 'right' });

  await expect(remote.observe(never)).rejects.toMatchObject({
    code: 'TRAFFIC_PROXY_UNREACHABLE',
    message: `Cannot ask the proxy at 127.0.0.1:${port}: nobody listens there.`,
  });
});

test('an order that its giver gives up ends with the reason that he has', async () => {
  const hanging = { ...fakeProxy(), apply: () => new Promise<void>(() => undefined) };
  const { remote } = await open(hanging);
  const giveUp = new AbortController();

  const ordered = remote.apply([api], giveUp.signal);
  giveUp.abort(new Error('it takes too long'));

  await expect(ordered).rejects.toThrow('it takes too long');
});

test.each([
  ['not JSON', 'PUT', '/upstreams', '{', 400],
  ['another method', 'DELETE', '/upstreams', undefined, 405],
  ['another path', 'GET', '/secrets', undefined, 404],
  ['more than it takes', 'PUT', '/upstreams', `"${'x'.repeat(4 * 2 ** 20)}"`, 413],
])('the door refuses %s', async (_, method, path, body, status) => {
  const { url } = await open(fakeProxy());

  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: 'Bearer right' },
    ...(body === undefined ? {} : { body }),
  });

  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
});

test('anybody on this machine may ask whether the proxy is ready, and what it counts', async () => {
  const { url } = await open(fakeProxy());

  expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  expect(await (await fetch(`${url}/metrics`)).text()).toBe('up 1\n');
});
