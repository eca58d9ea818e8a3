import { gunzipSync } from 'node:zlib';
import { systemClock } from 'loadline/base';
import { createRegistry, type Registry } from 'loadline/metrics';
import { createOtlpExporter, type OtlpOptions } from 'loadline/metrics/exporters';
import { describe, expect, it } from 'vitest';
import {
  decodeJsonRequest,
  decodeRequest,
  encodePartialSuccess,
  type OtlpRequest,
} from './published-otlp.ts';
import { type ReceivedRequest, type ReceiverAnswer, startReceiver } from './receiver.ts';

/** Waits take no time, so that attempts follow each other at once; times are noted. */
function impatientClock() {
  const delays: number[] = [];
  const setTimer: typeof systemClock.setTimer = (callback, delayMs) => {
    delays.push(delayMs);
    // A limit on an answer stays what it is.
    return systemClock.setTimer(callback, delayMs === 10_000 ? delayMs : 0);
  };
  return { ...systemClock, setTimer, delays };
}

function registryWith(requestCount: number): Registry {
  const registry = createRegistry();
  registry.counter({ name: 'requests_total', help: 'Requests.' }).add(requestCount);
  return registry;
}

/** What a receiver saw of one published snapshot, and what the exporter says became of it. */
async function exportOnce(options: Partial<OtlpOptions> = {}, answers?: readonly ReceiverAnswer[]) {
  await using receiver = await startReceiver(answers);
  const url = new URL(receiver.url);
  const exporter = createOtlpExporter({ url, ...options });
  exporter.publish(registryWith(7).snapshot());
  await settled(
    () => exporter.report().pointsSent + exporter.report().pointsRejected + exporter.report().pointsDropped,
  );
  const report = await exporter.close();
  return { report, requests: receiver.requests, first: receiver.requests[0] as ReceivedRequest };
}

async function settled(count: () => number): Promise<void> {
  while (count() === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}

function sumOf(request: OtlpRequest): unknown {
  return request.resourceMetrics[0].scopeMetrics[0].metrics[0];
}

describe('createOtlpExporter(), to a real receiver', () => {
  it('posts protocol buffers, compressed, that the published definitions read', async () => {
    const { first, report } = await exportOnce({ resource: { 'loadline.run.id': 'r1' }, startMs: 0 });
    expect(first).toMatchObject({
      method: 'POST',
      path: '/v1/metrics',
      headers: {
        'content-type': 'application/x-protobuf',
        'content-encoding': 'gzip',
        'content-length': String(first.body.length),
        'user-agent': 'loadline',
      },
    });
    const request = decodeRequest(gunzipSync(first.body));
    expect(request.resourceMetrics[0].resource.attributes).toEqual([
      { key: 'service.name', value: { stringValue: 'loadline' } },
      { key: 'loadline.run.id', value: { stringValue: 'r1' } },
    ]);
    expect(sumOf(request)).toMatchObject({
      name: 'requests_total',
      sum: { isMonotonic: true, dataPoints: [{ asDouble: 7, startTimeUnixNano: '0' }] },
    });
    expect(report).toMatchObject({ requestsSent: 1, pointsSent: 1, lastProblem: undefined });
  });

  it('posts JSON where it is asked to', async () => {
    const { first } = await exportOnce({ encoding: 'json' });
    expect(first.headers['content-type']).toBe('application/json');
    expect(sumOf(decodeJsonRequest(gunzipSync(first.body).toString()))).toMatchObject({
      sum: { dataPoints: [{ asDouble: 7 }] },
    });
  });

  it('sends the headers and the credentials that it was given, and keeps the path', async () => {
    await using receiver = await startReceiver();
    const url = `${receiver.url.replace('//', '//me:p%40ss@')}/otlp/v2?key=1`;
    const exporter = createOtlpExporter({ url, headers: { 'X-Tenant': 'blue' } });
    exporter.publish(registryWith(1).snapshot());
    const report = await exporter.close();
    expect(receiver.requests[0]).toMatchObject({
      path: '/otlp/v2?key=1',
      headers: { 'x-tenant': 'blue', authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}` },
    });
    expect(report.destination).toBe(`${receiver.url}/otlp/v2`);
  });

  it('uses one connection for many, in their order', async () => {
    await using receiver = await startReceiver();
    const exporter = createOtlpExporter({ url: receiver.url });
    const registry = createRegistry();
    const requests = registry.counter({ name: 'requests_total', help: 'Requests.' });
    for (let count = 1; count <= 20; count++) {
      requests.add();
      exporter.publish(registry.snapshot());
    }
    await exporter.close();
    expect(receiver.connections).toBe(1);
    expect(receiver.requests.map(({ body }) => sumOf(decodeRequest(gunzipSync(body))))).toMatchObject(
      Array.from({ length: 20 }, (_, at) => ({ sum: { dataPoints: [{ asDouble: at + 1 }] } })),
    );
  });

  it.each([429, 502, 503, 504])('tries again after %i, as late as it is asked to', async (status) => {
    const clock = impatientClock();
    const busy = { status, headers: { 'retry-after': '7' } };
    const { requests, report } = await exportOnce({ clock }, [busy, busy, { status: 200 }]);
    expect(requests).toHaveLength(3);
    expect(requests[2]?.body).toEqual(requests[0]?.body);
    expect(clock.delays.filter((delayMs) => delayMs === 7000)).toHaveLength(2);
    expect(report).toMatchObject({ retries: 2, pointsSent: 1, pointsDropped: 0, pointsRejected: 0 });
    expect(report.lastProblem).toContain(`it answered ${status}`);
  });

  it.each([301, 400, 401, 404, 500])('takes %i as the last word', async (status) => {
    const answer = { status, headers: { location: '/elsewhere' }, body: 'no\u0007such\nthing' };
    const { requests, report } = await exportOnce({}, [answer]);
    expect(requests).toHaveLength(1);
    expect(report).toMatchObject({ retries: 0, pointsSent: 0, pointsRejected: 1, pointsDropped: 0 });
    expect(report.lastProblem).toContain(`it answered ${status} "no such thing".`);
  });

  it('counts what a receiver takes back of its yes', async () => {
    const body = encodePartialSuccess(1, 'too old');
    const headers = { 'content-type': 'application/x-protobuf' };
    const { report } = await exportOnce({}, [{ status: 200, headers, body }]);
    expect(report).toMatchObject({ requestsSent: 1, pointsSent: 0, pointsRejected: 1 });
    expect(report.lastProblem).toContain('it rejected 1 of 1 points "too old"');
  });

  it('repeats no secret that a receiver echoes', async () => {
    const body = 'Bearer s3cret is not valid, nor is s3cret, k3y or p@ss';
    await using receiver = await startReceiver([{ status: 401, body }]);
    const exporter = createOtlpExporter({
      url: `${receiver.url.replace('//', '//me:p%40ss@')}/v1/metrics?token=k3y`,
      headers: { authorization: 'Bearer s3cret' },
    });
    exporter.publish(registryWith(1).snapshot());
    const report = await exporter.close();
    expect(receiver.requests[0]?.headers.authorization).toBe('Bearer s3cret');
    expect(report.lastProblem).toMatch(/it answered 401 ".*not valid/);
    expect(JSON.stringify(report)).not.toMatch(/s3cret|k3y|p@ss|p%40ss/);
  });

  it('drops what nobody takes, and says so', async () => {
    const gone = await startReceiver();
    await gone[Symbol.asyncDispose]();
    const clock = impatientClock();
    const exporter = createOtlpExporter({ url: gone.url, clock });
    exporter.publish(registryWith(1).snapshot());
    await settled(() => exporter.report().pointsDropped);
    expect(await exporter.close()).toEqual({
      destination: `${gone.url}/v1/metrics`,
      requestsSent: 0,
      retries: 5,
      pointsSent: 0,
      pointsRejected: 0,
      pointsDropped: 1,
      lastProblem: `Could not send metrics to ${gone.url}/v1/metrics: the connection failed (ECONNREFUSED).`,
    });
  });

  it('leaves an answer that never ends, and goes on', async () => {
    await using receiver = await startReceiver([{ status: 400, body: 'endless' }, { status: 200 }]);
    const exporter = createOtlpExporter({ url: receiver.url });
    exporter.publish(registryWith(1).snapshot());
    exporter.publish(registryWith(2).snapshot());
    const report = await exporter.close();
    expect(report).toMatchObject({ pointsRejected: 1, pointsSent: 1, retries: 0 });
    expect(report.lastProblem).toMatch(/it answered 400 "x{200}…"\.$/);
  });
});
