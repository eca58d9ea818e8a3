import type { Sample, WriteReceipt } from 'loadline/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, type Plane, startPlane } from '../plane.ts';

let plane: Plane;

beforeEach(async () => {
  plane = await startPlane();
});

afterEach(async () => {
  await plane[Symbol.asyncDispose]();
});

const path = '/performance/metrics';
const sample = { metric: 'meals_saved', service: 'shop', value: 3 };

function write(samples: readonly object[]): Promise<Answer> {
  return plane.ask('operator', 'POST', path, { body: { samples } });
}

/** What the store says of whatever it is given. */
function storeAnswers(answer: (samples: readonly Sample[]) => Partial<WriteReceipt>): void {
  plane.store.metrics.write = async (samples) => ({
    state: 'committed',
    accepted: samples.length,
    refused: 0,
    problems: [],
    ...answer(samples),
  });
}

describe('a batch of samples', () => {
  it('is in the store once it is answered, with all that was said', async () => {
    const whole = {
      ...sample,
      unit: 'meals',
      instance: 'a:1',
      endpoint: 'GET /food',
      labels: { city: 'Rome' },
      at: '1970-01-01T00:00:02+00:00',
    };
    const { status, json } = await write([whole, sample]);
    expect([status, json]).toEqual([
      200,
      { state: 'committed', accepted: 2, refused: 0, leftOut: 0, problems: [] },
    ]);
    const { at: _at, value, ...series } = whole;
    expect(plane.store.samples).toEqual([
      { series, atMs: 2000, value },
      { series: { metric: 'meals_saved', service: 'shop', unit: 'count' }, atMs: plane.clock.now(), value },
    ]);
  });

  it.each([
    ['wait_ms', 'ms'],
    ['oven_bytes', 'bytes'],
    ['fill_ratio', 'ratio'],
    ['fill_percent', 'percent'],
    ['bake_seconds', 's'],
    ['requests', 'rps'],
    ['latency_ms', 'ms'],
    ['meals', 'count'],
  ])('has %s in %s, unless it says another unit', async (metric, unit) => {
    await write([{ ...sample, metric }]);
    expect(plane.store.samples[0]?.series.unit).toBe(unit);
  });

  it('is refused as a whole where it does not fit, with a pointer to each mistake', async () => {
    const { status, json } = await write([
      sample,
      { ...sample, value: 'many' },
      { metric: 'm', value: 1 },
      { ...sample, at: 'yesterday' },
      { ...sample, colour: 'red' },
      { ...sample, labels: { city: 1 } },
    ]);
    expect(status).toBe(400);
    expect(json.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      '/samples/1/value',
      '/samples/2/service',
      '/samples/3/at',
      '/samples/4/colour',
      '/samples/5/labels/city',
    ]);
    expect(plane.store.samples).toEqual([]);
  });

  it('is refused with a pointer to each sample whose labels are too long together', async () => {
    const long = { ...sample, labels: { a: 'x'.repeat(600), b: 'y'.repeat(600) } };
    const { status, json } = await write([long, sample, long]);
    expect(status).toBe(400);
    expect(json.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      '/samples/0/labels',
      '/samples/2/labels',
    ]);
    expect(plane.store.samples).toEqual([]);
  });

  it.each([0, 10_001])('has no %i samples', async (length) => {
    const { status, json } = await write(Array.from({ length }, () => ({ ...sample, service: 's' })));
    expect([status, json.errors[0].pointer]).toEqual([400, '/samples']);
  });

  it('is taken without those samples that the store refuses, which are told', async () => {
    storeAnswers(() => ({
      accepted: 1,
      refused: 1,
      problems: [{ index: 1, message: 'Sample 1 is older than 1d.' }],
    }));
    const { status, json } = await write([sample, { ...sample, at: '2020-01-01T00:00:00Z' }]);
    expect([status, json]).toEqual([
      200,
      {
        state: 'committed',
        accepted: 1,
        refused: 1,
        leftOut: 0,
        problems: [{ pointer: '/samples/1', detail: 'is older than 1d' }],
      },
    ]);
  });

  it('is refused where nothing of it can be kept', async () => {
    storeAnswers(() => ({
      accepted: 0,
      refused: 1,
      problems: [{ index: 0, message: 'Sample 0 is older than 1d.' }],
    }));
    const { status, json } = await write([sample]);
    expect(status).toBe(400);
    expect(json.errors).toEqual([{ in: 'body', pointer: '/samples/0', detail: 'is older than 1d' }]);
  });

  it('is acknowledged otherwise while it only waits', async () => {
    storeAnswers(() => ({ state: 'waiting' }));
    const { status, json } = await write([sample]);
    expect([status, json.state]).toEqual([202, 'waiting']);
  });

  it('is to be sent again where it was dropped', async () => {
    storeAnswers(() => ({ state: 'dropped' }));
    const { status, headers, json } = await write([sample]);
    expect([status, headers['retry-after'], json.code]).toEqual([503, '5', 'CONTROL_PLANE_UNAVAILABLE']);
  });
});

describe('what came in', () => {
  it('is counted by what became of it', async () => {
    for (const state of ['committed', 'waiting', 'dropped'] as const) {
      storeAnswers(() => ({ state, accepted: 2, refused: 1 }));
      await write([sample]);
    }
    const { text } = await plane.ask('viewer', 'GET', '/metrics');
    for (const [outcome, count] of Object.entries({ committed: 2, waiting: 2, dropped: 2, refused: 3 }))
      expect(text).toContain(`loadline_intake_samples_total{door="batch",outcome="${outcome}"} ${count}\n`);
    expect(text).toContain('loadline_store_samples_waiting 0\n');
    expect(text).toContain('loadline_store_samples_total{outcome="dropped"} 0\n');
  });

  it('is not in the audit log, not even where it was refused', async () => {
    await write([sample]);
    await plane.ask('viewer', 'POST', path, { body: { samples: [sample] } });
    await plane.ask('operator', 'POST', '/performance/tests', { body: {} });
    const { json } = await plane.ask('admin', 'GET', '/audit');
    expect(json.items.map(({ operation }: { operation: string }) => operation)).toEqual(['startTest']);
  });
});
