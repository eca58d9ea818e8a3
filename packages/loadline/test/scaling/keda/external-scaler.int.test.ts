import { status } from '@grpc/grpc-js';
import { createVirtualClock, systemClock } from 'loadline/base';
import { createSimulatedDriver } from 'loadline/scaling';
import { createKedaDriver, type KedaDriver, type KedaSource, startKedaScaler } from 'loadline/scaling/keda';
import { describe, expect, it } from 'vitest';
import { ca, cert, key } from '../../load/transports/certificate.ts';
import { openKedaClient } from './keda-client.ts';

const { signal } = new AbortController();
const patient = { timeout: 20_000 };
const ref = (metadata: object) => ({ name: 'api', namespace: 'shop', scalerMetadata: metadata });
const api = ref({ group: 'api', scalerAddress: 'loadline:9090' });

/** A group of three, of which a scaler wants what a test says. */
async function looked(): Promise<KedaDriver> {
  const clock = createVirtualClock();
  const engine = createSimulatedDriver({ clock, groups: { api: 3 } });
  const driver = createKedaDriver({ clock, engine, groups: ['api'] });
  await driver.observe('api', signal);
  return driver;
}

/** Tells what a test wants it to. */
function source(read: KedaSource['read']): KedaSource {
  return { groups: ['api', 'bots'], read, watch: () => () => undefined };
}

const metrics = (value: number, target = 1) =>
  source(async () => ({ isActive: value > 0, metrics: [{ name: 'depth', value, target }] }));

async function failureOf(source: KedaSource, method: string, request: object): Promise<unknown> {
  await using server = await startKedaScaler({ clock: systemClock, source });
  await using client = openKedaClient(server.port);
  return await client.call(method, request).catch((error: unknown) => error);
}

describe('the scaler that KEDA asks', () => {
  it('tells what is wanted, as a metric of which one replica carries one', async () => {
    const driver = await looked();
    await using server = await startKedaScaler({ clock: systemClock, source: driver });
    await using client = openKedaClient(server.port);
    expect(await client.call('GetMetricSpec', api)).toEqual({
      metricSpecs: [{ metricName: 'loadline-wanted-replicas', targetSize: 1, targetSizeFloat: 1 }],
    });
    const ask = { scaledObjectRef: api, metricName: 'loadline-wanted-replicas' };
    const three = { metricName: 'loadline-wanted-replicas', metricValue: 3, metricValueFloat: 3 };
    expect(await client.call('GetMetrics', ask)).toEqual({ metricValues: [three] });
    await driver.apply('api', 12, signal);
    expect(await client.call('GetMetrics', { ...ask, metricName: `s0-${ask.metricName}` })).toEqual({
      metricValues: [{ ...three, metricValue: 12, metricValueFloat: 12 }],
    });
    expect(await client.call('IsActive', api)).toEqual({ result: true });
    await driver.apply('api', 0, signal);
    expect(await client.call('IsActive', api)).toEqual({ result: false });
    expect(server.counts).toEqual({ calls: 5, failures: 0, streams: 0 });
  });

  it('tells fractions as they are, and beside them whole numbers for those that know no others', async () => {
    await using server = await startKedaScaler({ clock: systemClock, source: metrics(12.625, 0.4) });
    await using client = openKedaClient(server.port);
    expect(await client.call('GetMetricSpec', api)).toEqual({
      metricSpecs: [{ metricName: 'depth', targetSize: 1, targetSizeFloat: 0.4 }],
    });
    expect(await client.call('GetMetrics', { scaledObjectRef: api, metricName: 'depth' })).toEqual({
      metricValues: [{ metricName: 'depth', metricValue: 13, metricValueFloat: 12.625 }],
    });
  });

  it('pushes whether a group is active, at once and whenever that changes', async () => {
    const driver = await looked();
    const server = await startKedaScaler({ clock: systemClock, source: driver });
    await using client = openKedaClient(server.port);
    const stream = client.stream(api);
    await expect.poll(() => stream.came, patient).toEqual([{ result: true }]);
    await driver.apply('api', 5, signal);
    await driver.apply('api', 0, signal);
    await driver.apply('api', 2, signal);
    await expect
      .poll(() => stream.came, patient)
      .toEqual([{ result: true }, { result: false }, { result: true }]);
    const other = client.stream(api);
    await expect.poll(() => server.counts.streams, patient).toBe(2);
    other.cancel();
    await expect.poll(() => server.counts.streams, patient).toBe(1);
    await server.close();
    expect(await stream.ended).toBe('ended');
  });

  it('pushes nothing where nothing has changed, whatever its source calls', async () => {
    let isActive = true;
    let call = (): void => undefined;
    const eager: KedaSource = {
      groups: ['api'],
      read: async () => ({ isActive, metrics: [] }),
      watch(_, onChange) {
        call = onChange;
        return () => undefined;
      },
    };
    await using server = await startKedaScaler({ clock: systemClock, source: eager });
    await using client = openKedaClient(server.port);
    const stream = client.stream(api);
    await expect.poll(() => stream.came.length, patient).toBe(1);
    call();
    call();
    isActive = false;
    await client.call('IsActive', api);
    call();
    await expect.poll(() => stream.came, patient).toEqual([{ result: true }, { result: false }]);
  });

  it('refuses a trigger that cannot be read, and says everything that is wrong with it', async () => {
    expect(await failureOf(metrics(1), 'GetMetricSpec', ref({ gruop: 'api', threshold: '5' }))).toMatchObject(
      {
        code: status.INVALID_ARGUMENT,
        details:
          'the trigger of shop/api cannot be read: metadata.gruop is not known; did you mean group?; ' +
          'metadata.threshold is not known; known here: group, scalerAddress, enableTLS, unsafeSsl, tlsCertFile, caCert, tlsClientCert, tlsClientKey; ' +
          'metadata.group must be a text, got nothing',
      },
    );
  });

  it.each([
    ['a group that nobody knows', source(async () => undefined), status.NOT_FOUND, 'there is api, bots'],
    [
      'a source that is away',
      source(async () => Promise.reject(new Error('the store is away'))),
      status.UNAVAILABLE,
      'the store is away',
    ],
    ['a value that is none', metrics(Number.NaN), status.UNAVAILABLE, 'depth cannot be NaN'],
    ['a negative value', metrics(-1), status.UNAVAILABLE, 'depth cannot be -1'],
  ])('says so of %s, instead of telling a number', async (_, told, code, details) => {
    for (const method of ['GetMetricSpec', 'IsActive'])
      expect(await failureOf(told, method, api)).toMatchObject({
        code,
        details: expect.stringContaining(details),
      });
  });

  it('has no number before it has looked: nothing moves when it starts', async () => {
    const clock = createVirtualClock();
    const engine = createSimulatedDriver({ clock, groups: { api: 3 } });
    const driver = createKedaDriver({ clock, engine, groups: ['api'] });
    expect(await failureOf(driver, 'IsActive', api)).toMatchObject({ code: status.UNAVAILABLE });
  });

  it('knows no other metric, and nothing that KEDA may ask besides', async () => {
    const ask = { scaledObjectRef: api, metricName: 'height' };
    expect(await failureOf(metrics(1), 'GetMetrics', ask)).toMatchObject({
      code: status.NOT_FOUND,
      details: 'there is no metric "height"; there is depth',
    });
    await using server = await startKedaScaler({ clock: systemClock, source: metrics(1) });
    await using client = openKedaClient(server.port);
    const unknown = client.raw('StreamMetricSpec', new Uint8Array());
    expect(await unknown.catch((error: unknown) => error)).toMatchObject({ code: status.UNIMPLEMENTED });
  });

  it('survives bytes that are no message, and more than anybody needs', async () => {
    await using server = await startKedaScaler({ clock: systemClock, source: metrics(1) });
    await using client = openKedaClient(server.port);
    const broken = await client.raw('IsActive', Uint8Array.of(0x0a, 0xff)).catch((error: unknown) => error);
    expect(broken).toMatchObject({ code: status.INTERNAL });
    const long = ref({ group: 'x'.repeat(100_000) });
    const refused = await client.call('IsActive', long).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect(await client.call('IsActive', api)).toEqual({ result: true });
  });

  it('opens no more streams than it was told', async () => {
    const driver = await looked();
    await using server = await startKedaScaler({ clock: systemClock, source: driver, streamsMax: 1 });
    await using client = openKedaClient(server.port);
    const first = client.stream(api);
    await expect.poll(() => first.came.length, patient).toBe(1);
    expect(await client.stream(api).ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });

  it('speaks TLS where it has a certificate, and nothing else then', async () => {
    const tls = { certificate: cert, key };
    await using server = await startKedaScaler({ clock: systemClock, source: metrics(1), tls });
    await using client = openKedaClient(server.port, ca);
    expect(await client.call('IsActive', api)).toEqual({ result: true });
    await using plain = openKedaClient(server.port);
    expect(await plain.call('IsActive', api).catch((error: unknown) => error)).toMatchObject({
      code: status.UNAVAILABLE,
    });
  });

  it('asks who asks for a certificate, where it knows who has to have signed it', async () => {
    const tls = { certificate: cert, key, clientAuthority: ca };
    await using server = await startKedaScaler({ clock: systemClock, source: metrics(1), tls });
    await using known = openKedaClient(server.port, ca, { key, cert });
    expect(await known.call('IsActive', api)).toEqual({ result: true });
    await using stranger = openKedaClient(server.port, ca);
    expect(await stranger.call('IsActive', api).catch((error: unknown) => error)).toMatchObject({
      code: status.UNAVAILABLE,
    });
  });

  it('says where it cannot listen', async () => {
    await using server = await startKedaScaler({ clock: systemClock, source: metrics(1) });
    const second = startKedaScaler({ clock: systemClock, source: metrics(1), port: server.port });
    await expect(second).rejects.toMatchObject({
      code: 'SCALING_KEDA_FAILED',
      message: expect.stringContaining(`127.0.0.1:${server.port}`),
    });
  });
});
