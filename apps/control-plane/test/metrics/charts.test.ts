import fc from 'fast-check';
import { createHistogram } from 'loadline/metrics';
import { type Sample, type Series, type SeriesWindow, storeError } from 'loadline/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operationNames, operations } from '../../src/contract/index.ts';
import { windowOf } from '../../src/metrics/chart-window.ts';
import { charts } from '../../src/metrics/charts.ts';
import { drawChart } from '../../src/metrics/draw-chart.ts';
import { type Answer, type Plane, startPlane } from '../plane.ts';

const atMs = Date.UTC(2026, 0, 1, 12);
const from = new Date(atMs).toISOString();
const to = new Date(atMs + 60_000).toISOString();
let plane: Plane;

beforeAll(async () => {
  plane = await startPlane();
  await plane.store.metrics.write([
    ...samplesOf('cpu_ratio', 'ratio', { a: 0.2, b: 0.6 }),
    ...samplesOf('memory_bytes', 'bytes', { a: 100, b: 300 }),
    ...samplesOf('cache_hits', 'per second', { a: 30, b: 50 }),
    ...samplesOf('cache_lookups', 'per second', { a: 60, b: 100 }),
    ...samplesOf('requests', 'rps', { a: 10 }),
    ...['GET /food', 'GET /menu'].map((endpoint, index) => timesOf(endpoint, (index + 1) * 10)),
    ...samplesOf('meals', 'count', { a: 5 }),
    ...samplesOf('meals', 'per second', { a: 6 }),
  ]);
});

afterAll(() => plane[Symbol.asyncDispose]());

function samplesOf(metric: string, unit: string, values: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(values).map(([instance, value]) => ({
    series: { metric, unit, service: 'shop', instance },
    atMs,
    value,
  }));
}

function timesOf(endpoint: string, ms: number): Sample {
  const series: Series = { metric: 'latency_ms', unit: 'ms', service: 'shop', instance: 'a', endpoint };
  const histogram = createHistogram();
  for (let time = 0; time < 10; time++) histogram.record(ms * 1000);
  return { series, atMs, value: histogram.encode() };
}

function ask(chart: string, query: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const words = new URLSearchParams({ from, to, ...query });
  return plane.ask('viewer', 'GET', `/performance/metrics/${chart}?${words}`);
}

async function pointsOf(chart: string, query: Readonly<Record<string, string>>): Promise<unknown> {
  const { status, json } = await ask(chart, query);
  expect(status).toBe(200);
  return Object.fromEntries(
    json.figures.map(({ name, lines }: Answer['json']) => [
      name,
      Object.fromEntries(lines.map((line: Answer['json']) => [line.name, line.points[0].mean])),
    ]),
  );
}

describe('a chart', () => {
  it('has the mean of instances of ratios, and the sum of what adds up', async () => {
    expect(await pointsOf('cpu', { service: 'shop' })).toEqual({ cpuRatio: { '': expect.closeTo(0.4) } });
    expect(await pointsOf('memory', { service: 'shop' })).toEqual({ memoryBytes: { '': 400 } });
  });

  it('has a line for each service where none is named, and for each instance where that is asked for', async () => {
    expect(await pointsOf('memory', {})).toEqual({ memoryBytes: { shop: 400 } });
    const each = await pointsOf('memory', { service: 'shop', by: 'instance' });
    expect(each).toEqual({ memoryBytes: { a: 100, b: 300 } });
    expect(await pointsOf('memory', { service: 'shop', instance: 'b' })).toEqual({
      memoryBytes: { '': 300 },
    });
  });

  it('has ratios of sums, in which no part is none', async () => {
    const cache = await pointsOf('cache', { service: 'shop', figures: 'hitRatio,lookupsPerSecond' });
    expect(cache).toEqual({ hitRatio: { '': 0.5 }, lookupsPerSecond: { '': 160 } });
    expect(await pointsOf('requests', { service: 'shop', figures: 'errorRatio' })).toEqual({
      errorRatio: { '': 0 },
    });
  });

  it('has quantiles of distributions, also by endpoint', async () => {
    const query = { service: 'shop', by: 'endpoint', figures: 'latencyMs', quantiles: '0.5,0.99' };
    const [{ lines }] = (await ask('requests', query)).json.figures;
    expect(lines.map(({ name }: Answer['json']) => name)).toEqual(['GET /food', 'GET /menu']);
    const { quantiles, count } = lines[1].points[0];
    expect(count).toBe(10);
    expect(Object.keys(quantiles)).toEqual(['0.5', '0.99']);
    expect(quantiles['0.99']).toBeCloseTo(20, 0);
  });

  it('has longer steps where nobody asked for them and others are too much to be read', async () => {
    const steps: number[] = [];
    const metrics = {
      chart: async ({ stepMs }: SeriesWindow) => {
        steps.push(stepMs);
        if (stepMs < 3_600_000) throw storeError('STORE_QUERY_TOO_LARGE', 'too many rows');
        return [{ level: 'hour', stepMs, unit: 'ratio', lines: [] } as const];
      },
    };
    const window = windowOf({ from, to }, atMs);
    const drawn = await drawChart(metrics, charts.cpu, window);
    expect([steps, drawn.stepMs]).toEqual([[15_000, 60_000, 3_600_000], 3_600_000]);
    const asked = drawChart(metrics, charts.cpu, windowOf({ from, to, stepMs: 15_000 }, atMs));
    await expect(asked).rejects.toMatchObject({ status: 400, errors: [{ pointer: '/from' }] });
  });

  it('has no quantiles where none are asked for', async () => {
    const [{ lines }] = (await ask('requests', { service: 'shop', figures: 'latencyMs', quantiles: '' })).json
      .figures;
    expect(lines[0].points[0]).not.toHaveProperty('quantiles');
  });

  it('has no quantiles of values below 0, of which no more is known', async () => {
    await plane.store.metrics.write(samplesOf('outside', 'degrees', { cold: -5, warm: 3 }));
    const { figures } = (await ask('series', { metric: 'outside', service: 'shop' })).json;
    expect(figures[0].lines[0].points[0]).not.toHaveProperty('quantiles');
    expect(figures[0].lines[0].points[0]).toHaveProperty('last', 3);
  });

  it('is empty where nothing was measured', async () => {
    const { json } = await ask('web-vitals');
    expect(json).toEqual({ from, to, stepMs: 15_000, level: 'raw', figures: [] });
  });

  it('names its figures in its description', () => {
    for (const [name, figures] of Object.entries(charts)) {
      const path = `/performance/metrics/${name}`;
      const operation = operationNames.find((each) => operations[each].path === path);
      expect(operation, path).toBeDefined();
      for (const figure of figures)
        expect(operation && operations[operation], path).toHaveProperty(
          'description',
          expect.stringContaining(`\`${figure.name}\``),
        );
    }
  });

  it.each([
    ['a window that ends before it begins', { from: to, to: from }, '/from'],
    ['more points than there may be', { to: '2026-02-01T00:00:00Z', stepMs: '1000' }, '/stepMs'],
    ['instances of all services', { by: 'instance' }, '/service'],
    ['figures that it has not', { figures: 'cpuRatio,gpuRatio' }, '/figures'],
    ['quantiles above 1', { quantiles: '0.5,1.5' }, '/quantiles'],
    ['a time without its zone', { from: '2026-01-01T12:00:00' }, '/from'],
  ])('refuses %s, and says where', async (_, query, pointer) => {
    const { status, json } = await ask('cpu', query);
    expect(status).toBe(400);
    expect(json.errors).toContainEqual(expect.objectContaining({ in: 'query', pointer }));
  });
});

describe('one metric by its name', () => {
  it('is answered with its unit, which has to be named where there are several', async () => {
    const { json } = await ask('series', { metric: 'meals', unit: 'count' });
    expect(json.figures).toMatchObject([{ name: 'meals', unit: 'count', lines: [{ name: 'shop' }] }]);
    expect((await ask('series', {})).json.errors).toMatchObject([{ pointer: '/metric' }]);
  });

  it('is listed', async () => {
    const { json } = await plane.ask('viewer', 'GET', '/performance/metrics/names?prefix=m&limit=1');
    expect(json.items).toEqual([{ metric: 'meals', units: ['count', 'per second'], services: ['shop'] }]);
    const next = `/performance/metrics/names?prefix=m&limit=1&cursor=${json.nextCursor}`;
    const rest = (await plane.ask('viewer', 'GET', next)).json;
    expect(rest).toEqual({ items: [{ metric: 'memory_bytes', units: ['bytes'], services: ['shop'] }] });
    const wrong = await plane.ask('viewer', 'GET', '/performance/metrics/names?cursor=%21');
    expect(wrong.json.errors).toMatchObject([{ pointer: '/cursor' }]);
  });
});

describe('the list of names', () => {
  it('goes on after names of any length and writing, and tells their case apart', async () => {
    const hostile = ['Häuser', 'häuser', "'; --", `${'漢'.repeat(199)}字`, '\u{1F355}'.repeat(100)];
    await plane.store.metrics.write(hostile.flatMap((name) => samplesOf(name, 'count', { z: 1 })));
    const seen: string[] = [];
    for (let next = ''; next !== undefined; ) {
      const path = `/performance/metrics/names?service=shop&limit=1${next}`;
      const { status, json } = await plane.ask('viewer', 'GET', path);
      expect(status).toBe(200);
      seen.push(...json.items.map(({ metric }: Answer['json']) => metric));
      if (json.nextCursor === undefined) break;
      next = `&cursor=${json.nextCursor}`;
    }
    expect(seen).toEqual(expect.arrayContaining(hostile));
    expect(new Set(seen).size).toBe(seen.length);
  });
});

describe('windowOf()', () => {
  it('makes 300 points at most where no step is asked for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 * 366 * 86_400_000 }), (lengthMs) => {
        const { fromMs, toMs, stepMs } = windowOf({ from: new Date(atMs - lengthMs).toISOString() }, atMs);
        expect(toMs - fromMs).toBe(lengthMs);
        expect(lengthMs / stepMs).toBeLessThanOrEqual(300);
      }),
    );
  });
});
