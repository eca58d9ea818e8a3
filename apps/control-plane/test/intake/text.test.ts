import fc from 'fast-check';
import { createVirtualClock } from 'loadline/base';
import { Histogram } from 'loadline/metrics';
import type { WriteReceipt } from 'loadline/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PushedPages } from '../../src/intake/pushed-pages.ts';
import { type Answer, type Plane, startPlane } from '../plane.ts';

let plane: Plane;

beforeEach(async () => {
  plane = await startPlane();
});

afterEach(async () => {
  await plane[Symbol.asyncDispose]();
});

function push(text: string, query = 'service=shop&instance=a', headers: object = {}): Promise<Answer> {
  return plane.ask('operator', 'POST', `/performance/metrics/text?${query}`, {
    body: text,
    headers: { 'content-type': 'text/plain; version=0.0.4', ...headers },
  });
}

function kept(metric: string): unknown[] {
  return plane.store.samples.filter(({ series }) => series.metric === metric).map(({ value }) => value);
}

describe('a page that is pushed', () => {
  it('gives gauges at once, and what has grown from the second page on', async () => {
    const page = (saved: number, open: number): string =>
      `# TYPE meals_saved_total counter\nmeals_saved_total{city="Rome"} ${saved}\n# TYPE ovens gauge\novens ${open}\n`;
    const first = await push(page(100, 3));
    expect([first.status, first.json]).toEqual([
      200,
      { state: 'committed', accepted: 1, refused: 0, leftOut: 0, problems: [] },
    ]);
    await plane.clock.advance(10_000);
    expect((await push(page(150, 4))).json.accepted).toBe(2);
    expect([kept('ovens'), kept('meals_saved')]).toEqual([[3, 4], [5]]);
    expect(plane.store.samples.at(-2)).toEqual({
      series: {
        metric: 'meals_saved',
        unit: 'per second',
        service: 'shop',
        instance: 'a',
        labels: { city: 'Rome' },
      },
      atMs: plane.clock.now(),
      value: 5,
    });
  });

  it('is compared with that of the same service and instance alone', async () => {
    const page = (total: number): string => `a_total ${total}\n`;
    await push(page(1));
    await push(page(1000), 'service=shop&instance=b');
    await push(page(7), 'service=shop');
    await plane.clock.advance(1000);
    await push(page(3));
    await push(page(1001), 'service=shop&instance=b');
    await push(page(17), 'service=shop');
    expect(kept('a')).toEqual([2, 1, 10]);
    expect(plane.store.samples.at(-1)?.series).not.toHaveProperty('instance');
  });

  it('has the names of what is asked for', async () => {
    const page = (n: number): string =>
      `# TYPE http_requests_total counter\nhttp_requests_total{status="200"} ${n}\n# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{route="/",le="0.1"} ${n}\nhttp_request_duration_seconds_bucket{route="/",le="+Inf"} ${n}\n`;
    await push(page(1));
    await plane.clock.advance(5000);
    await push(page(11));
    expect(kept('requests')).toEqual([2]);
    expect(Histogram.decode(kept('latency_ms')[0] as Uint8Array).count).toBe(10);
  });

  it('is compared with the page before where it was not kept', async () => {
    await push('a_total 10\n');
    const { write } = plane.store.metrics;
    const dropped: WriteReceipt = { state: 'dropped', accepted: 1, refused: 0, problems: [] };
    plane.store.metrics.write = async () => dropped;
    await plane.clock.advance(1000);
    expect((await push('a_total 20\n')).status).toBe(503);
    plane.store.metrics.write = write;
    await plane.clock.advance(1000);
    await push('a_total 30\n');
    expect(kept('a')).toEqual([10]);
  });

  it('is taken without the lines that cannot be read, which are told', async () => {
    const { status, json } = await push('ovens 3\n}{ 1\nfridges x\n');
    expect([status, json.accepted, json.refused]).toEqual([200, 1, 2]);
    expect(json.problems).toEqual([
      { pointer: '/line/2', detail: '"}{ 1" does not begin with a name' },
      { pointer: '/line/3', detail: '"fridges x" has no number for its value' },
    ]);
  });

  it.each([
    ['nothing', ''],
    ['comments alone', '# HELP a b\n'],
    ['no metrics', '<html>'],
  ])('with %s is refused', async (_what, text) => {
    const { status, json } = await push(text);
    expect([status, json.code]).toEqual([400, 'CONTROL_PLANE_BODY_MALFORMED']);
  });

  it('is refused with more samples than are read at once', async () => {
    const text = Array.from({ length: 20_001 }, (_, n) => `t{n="${n}"} 1\n`).join('');
    expect((await push(text)).status).toBe(413);
  });

  it('may be OpenMetrics', async () => {
    const headers = { 'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8' };
    expect(
      (await push('# TYPE ovens gauge\novens 3 1520879607.789\n# EOF\n', 'service=s', headers)).status,
    ).toBe(200);
    expect(kept('ovens')).toEqual([3]);
  });

  it.each([
    ['another type', { 'content-type': 'application/json' }],
    ['a packed body', { 'content-encoding': 'gzip' }],
  ])('is no %s', async (_what, headers) => {
    const { status, json } = await push('ovens 3\n', 'service=s', headers);
    expect([status, json.code]).toEqual([415, 'CONTROL_PLANE_MEDIA_TYPE_UNKNOWN']);
  });

  it('may hold anything, and gets a sound answer', async () => {
    const piece = fc.constantFrom(
      'ovens',
      ' ',
      '{',
      '}',
      'le="',
      '"',
      '=',
      ',',
      '+Inf',
      'NaN',
      '1e999',
      '\n',
      '_total',
      '_bucket',
    );
    const line = fc.constantFrom(
      '# TYPE a histogram\n',
      'a_bucket{le="+Inf"} 1\n',
      'a_bucket{le="x"} -1\n',
      'b_total 1\n',
    );
    const text = fc.array(fc.oneof(piece, line, fc.string({ unit: 'binary', maxLength: 5 })), {
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(text, async (pieces) => {
        const { status } = await push(pieces.join(''));
        expect([200, 400]).toContain(status);
        await plane.clock.advance(100);
      }),
      { numRuns: 300 },
    );
  });

  it('says whose it is', async () => {
    const { status, json } = await push('ovens 3\n', 'instance=a');
    expect([status, json.errors[0]]).toMatchObject([400, { in: 'query', pointer: '/service' }]);
  });
});

describe('the pages that are remembered', () => {
  const page = (service: string, value: number) => ({ service, text: `a_total ${value}\n` });

  it('are those of the thousand who pushed last', async () => {
    const clock = createVirtualClock();
    const pages = new PushedPages(clock);
    for (let other = 0; other <= 1000; other++) pages.read(page(`s${other}`, 1));
    await clock.advance(1000);
    expect(pages.read(page('s1', 2)).samples).toHaveLength(1);
    expect(pages.read(page('s0', 2)).samples).toHaveLength(0);
    expect(pages.read(page('s1000', 2)).samples).toHaveLength(1);
  });

  it('have a hundred thousand series in all', async () => {
    const clock = createVirtualClock();
    const pages = new PushedPages(clock);
    const series = Array.from({ length: 20_000 }, (_, n) => `a_total{n="${n}"} 1\n`).join('');
    pages.read(page('first', 1));
    for (let other = 0; other < 5; other++) pages.read({ service: `s${other}`, text: series });
    await clock.advance(1000);
    expect(pages.read(page('first', 2)).samples).toHaveLength(0);
    expect(pages.read(page('s4', 2)).samples).toHaveLength(1);
  });
});
