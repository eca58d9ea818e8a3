import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { renderPrometheus } from 'loadline/metrics';
import { type ObserveOptions, type Observer, observe } from 'loadline/observe';
import { describe, expect, it } from 'vitest';
import { checkMetrics } from '../metrics/promtool.ts';
import { numbers } from './adapters/numbers.ts';

/** A service on loopback that says hello, observed with these options. */
async function openService(
  options: ObserveOptions,
): Promise<{ url: string; observer: Observer; [Symbol.asyncDispose](): Promise<void> }> {
  const observer = observe(options);
  const server: Server = createServer(observer.node((_, response) => void response.end('hello')));
  observer.watch(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    observer,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await observer.close();
    },
  };
}

const statusOf = async (url: string, init: RequestInit = {}): Promise<number> => {
  const response = await fetch(url, init);
  await response.arrayBuffer();
  return response.status;
};

describe('an observed service', () => {
  it('shows nobody anything where neither a key nor an address was given', async () => {
    await using service = await openService({});
    expect(await statusOf(`${service.url}/metrics`)).toBe(401);
    // Without the control key there is no such door: the service itself answers.
    expect(await (await fetch(`${service.url}/loadline/profiles`)).text()).toBe('hello');
  });

  it('shows its metrics to addresses that were named, and not through a proxy', async () => {
    await using service = await openService({ metricsAddresses: ['127.0.0.0/8'] });
    expect(await statusOf(`${service.url}/metrics`)).toBe(200);
    expect(await statusOf(`${service.url}/metrics`, { headers: { 'x-forwarded-for': '127.0.0.1' } })).toBe(
      401,
    );
  });

  it('says that it is alive and ready where it was asked to', async () => {
    await using service = await openService({ health: { checks: { database: async () => true } } });
    const ready = await fetch(`${service.url}/health/ready`);
    expect(await ready.json()).toEqual({ status: 'healthy', checks: { database: 'ok' } });
    expect(await statusOf(`${service.url}/health/live`)).toBe(200);
  });

  it('is ready where nothing was named that it needs', async () => {
    await using service = await openService({ health: {} });
    expect(await (await fetch(`${service.url}/health/ready`)).json()).toEqual({
      status: 'healthy',
      checks: {},
    });
  });

  it('goes on where a browser goes away in the middle of its message, and counts it', async () => {
    await using service = await openService({ beacon: {} });
    const port = Number(new URL(service.url).port);
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    const message =
      'POST /loadline/vitals HTTP/1.1\r\nhost: a\r\norigin: http://a\r\ncontent-length: 99\r\n\r\n{';
    socket.write(message);
    const received = (): unknown => numbers(service.observer, 'http_server_received_bytes_total')[''];
    await expect.poll(received).toBe(message.length);
    socket.destroy();
    const beacons = (): unknown => numbers(service.observer, 'web_beacons_total');
    await expect.poll(beacons).toEqual({ 'refused 400': 1 });
  });

  it('says that it has failed where a function of the service throws, and goes on', async () => {
    const isDraining = (): never => {
      throw new Error('planted');
    };
    await using service = await openService({ health: { isDraining } });
    const ready = await fetch(`${service.url}/health/ready`);
    expect([ready.status, await ready.json()]).toMatchObject([500, { code: 'OBSERVE_FAILED' }]);
  });

  it('has metrics that promtool has nothing to say about', async () => {
    const key = 'a-key-of-some-length';
    await using service = await openService({
      service: 'shop',
      version: '1.2.3',
      controlKey: key,
      beacon: {},
    });
    await statusOf(service.url);
    const headers = { origin: service.url };
    const body = '{"page":"/","lcpMs":1,"inpMs":1,"fidMs":1,"fcpMs":1,"ttfbMs":1,"cls":0.1,"rating":5}';
    expect(await statusOf(`${service.url}/loadline/vitals`, { method: 'POST', headers, body })).toBe(204);
    expect(await checkMetrics(renderPrometheus(service.observer.registry))).toEqual({ code: 0, output: '' });
  });

  it('ends an answer that is being read when its reader goes away', async () => {
    const key = 'a-key-of-some-length';
    await using service = await openService({ controlKey: key });
    const many = service.observer.registry.histogram({
      name: 'wait_seconds',
      help: 'Waits.',
      labels: ['id'],
    });
    for (let id = 0; id < 5000; id++) many.with({ id: String(id) }).record(id);
    const headers = { authorization: `Bearer ${key}` };
    for (let reader = 0; reader < 20; reader++) {
      const response = await fetch(`${service.url}/metrics`, { headers });
      expect(response.status).toBe(200);
      await response.body?.cancel();
    }
  });
});
