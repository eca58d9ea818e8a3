import fc from 'fast-check';
import type { WriteReceipt } from 'loadline/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Answer, Plane } from '../plane.ts';
import { startPlane } from '../plane.ts';
import { at, written } from './written.ts';

let plane: Plane;

beforeEach(async () => {
  plane = await startPlane();
});

afterEach(async () => {
  await plane[Symbol.asyncDispose]();
});

const headers = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
};

function write(body: Uint8Array, more: object = {}): Promise<Answer> {
  return plane.ask('operator', 'POST', '/performance/metrics/remote-write', {
    body: Buffer.from(body),
    headers: { ...headers, ...more },
  });
}

const ovens = { __name__: 'ovens', job: 'shop', instance: 'a:1' };
const saved = { __name__: 'meals_saved_total', job: 'shop' };

describe('a request of Prometheus', () => {
  it('is in the store once it is answered', async () => {
    const { status, json } = await write(written(at(5000, 3, ovens), at(5000, 1, saved)));
    expect([status, json]).toEqual([
      200,
      { state: 'committed', accepted: 1, refused: 0, leftOut: 0, problems: [] },
    ]);
    const series = { metric: 'ovens', unit: 'count', service: 'shop', instance: 'a:1' };
    expect(plane.store.samples).toEqual([{ series, atMs: 5000, value: 3 }]);
  });

  it('is dropped by it only where nothing of it can ever be kept', async () => {
    const unkept = at(1, 1, { __name__: 'm' });
    const { status, json } = await write(written(unkept));
    expect([status, json.errors[0].pointer]).toEqual([400, '/timeseries/0']);
    expect((await write(written(unkept, at(1, 1, ovens)))).json).toMatchObject({ accepted: 1, refused: 1 });
    // What a counter showed first is remembered: that is not nothing.
    expect((await write(written(unkept, at(1, 1, saved)))).status).toBe(200);
  });

  it('is acknowledged otherwise while a part of it waits', async () => {
    const bucket = (atMs: number, le: string, count: number) =>
      at(atMs, count, { __name__: 'wait_seconds_bucket', job: 'shop', le });
    await write(written(bucket(0, '1', 0), bucket(0, '+Inf', 0)));
    const half = await write(written(bucket(1000, '1', 4)));
    expect([half.status, half.json.state]).toEqual([202, 'waiting']);
    const whole = await write(written(bucket(1000, '+Inf', 4)));
    expect([whole.status, whole.json.accepted]).toEqual([200, 1]);
  });

  it('is kept by Prometheus while the database is away, and is then taken as it was', async () => {
    await write(written(at(0, 1, saved)));
    const counts = plane.store.counts as { isAway: boolean };
    counts.isAway = true;
    const refused = await write(written(at(1000, 5, saved)));
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5']);
    counts.isAway = false;
    const { write: writeToStore } = plane.store.metrics;
    const dropped: WriteReceipt = { state: 'dropped', accepted: 1, refused: 0, problems: [] };
    plane.store.metrics.write = async () => dropped;
    expect((await write(written(at(1000, 5, saved)))).status).toBe(503);
    plane.store.metrics.write = writeToStore;
    expect((await write(written(at(1000, 5, saved)))).json.accepted).toBe(1);
    expect(plane.store.samples).toMatchObject([{ value: 4 }]);
  });

  it.each([
    [
      'of version 2.0',
      { 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request' },
      415,
    ],
    [
      'that names its version',
      { 'content-type': 'application/x-protobuf;proto=prometheus.WriteRequest' },
      200,
    ],
    ['of another type', { 'content-type': 'application/json' }, 415],
    ['that is packed otherwise', { 'content-encoding': 'gzip' }, 415],
    ['that is not packed', { 'content-encoding': '' }, 415],
  ])('%s is answered by what it is', async (_what, more, wanted) => {
    expect((await write(written(at(1, 1, ovens)), more)).status).toBe(wanted);
  });

  it('is refused where it is none, whatever it holds', async () => {
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
      const { status, headers: answered } = await write(bytes);
      // Few bytes are a message by chance: an empty one, or fields that nobody knows.
      if (status === 200) return;
      expect([400, 413]).toContain(status);
      expect(answered['content-type']).toContain('application/problem+json');
    });
    await fc.assert(property, { numRuns: 200 });
    expect((await write(new Uint8Array())).status).toBe(400);
    expect((await write(new Uint8Array([0x81, 0x80, 0x80, 0x04, 0]))).status).toBe(413);
  });
});
