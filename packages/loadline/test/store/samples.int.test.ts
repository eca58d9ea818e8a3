import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import fc from 'fast-check';
import { createVirtualClock } from 'loadline/base';
import { createHistogram, type Histogram } from 'loadline/metrics';
import type { Sample, Series, SeriesFigure, SeriesQuery } from 'loadline/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenedStore, openAt, openFresh, sampleAt, seriesNamed, startMs } from './opened-store.ts';

let server: StartedPostgres;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(() => server.stop());

const [a, b] = [seriesNamed('a'), seriesNamed('b')];
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

describe('write()', () => {
  it('acknowledges what is committed, as rows of performance_metrics', async () => {
    await using opened = await openFresh(server.url);
    const receipt = await opened.store.metrics.write([
      sampleAt(a, startMs, 1.25),
      sampleAt(a, startMs, Number.NaN),
    ]);
    expect(receipt).toMatchObject({ state: 'committed', accepted: 1, refused: 1, problems: [{ index: 1 }] });
    const { rows } = await opened.postgres.query({
      text: `SELECT metric_type, service_name, endpoint, metric_value, unit, timestamp, metadata, instance
        FROM performance_metrics`,
    });
    expect(rows).toEqual([
      {
        metric_type: 'response_time',
        service_name: 'api',
        endpoint: '/food',
        metric_value: 1.25,
        unit: 'ms',
        timestamp: new Date(startMs),
        metadata: {},
        instance: 'a',
      },
    ]);
    expect(opened.store.counts).toMatchObject({ committed: 1, refused: 1, waiting: 0, isAway: false });
  });

  it('refuses what could not be added up, so that no minute is ever stuck', async () => {
    await using opened = await openFresh(server.url);
    const full = createHistogram();
    full.recordMany(1000, Number.MAX_SAFE_INTEGER);
    const second = [0, 1, 2].map((at) => startMs + at);
    const receipt = await opened.store.metrics.write([
      ...second.map((atMs) => sampleAt(a, atMs, full.encode())),
      ...second.map((atMs) => sampleAt(b, atMs, 1.7e308)),
      ...second.map((atMs) => sampleAt(b, atMs, -1e290)),
    ]);
    expect(receipt).toMatchObject({ accepted: 3, refused: 6 });
    expect(receipt.problems.map(({ message }) => message)).toContain(
      'Sample 0 is a histogram of more than 100000000 values.',
    );
    await opened.pass(2 * hourMs);
    const { lines } = await opened.store.metrics.series(window(startMs, startMs + hourMs, hourMs));
    expect(lines).toMatchObject([{ points: [{ count: 3, mean: -1e290 }] }]);
    expect(opened.store.counts).toMatchObject({ retries: 0, isAway: false });
  });

  it('refuses more samples at once than it holds', async () => {
    await using opened = await openFresh(server.url);
    const many = new Array<Sample>(50_001).fill(sampleAt(a, startMs, 1));
    await expect(opened.store.metrics.write(many)).rejects.toMatchObject({ code: 'STORE_BATCH_TOO_LARGE' });
  });

  it('does not let a batch that the database refuses keep back the others', async () => {
    await using opened = await openFresh(server.url);
    await opened.store.metrics.write([sampleAt(a, startMs, 1)]);
    const rule = 'ALTER TABLE performance_metrics ADD CONSTRAINT no_13 CHECK (metric_value <> 13)';
    await opened.postgres.query({ text: rule });
    const writes = [2, 13, 3].map((value) => opened.store.metrics.write([sampleAt(a, startMs, value)]));
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'POSTGRES_CONSTRAINT' } });
    expect(opened.store.counts).toMatchObject({ committed: 3, dropped: 1 });
  });

  it('adds series again that have gone from the dictionary', async () => {
    await using opened = await openFresh(server.url);
    await opened.store.metrics.write([sampleAt(a, startMs, 1)]);
    await opened.postgres.query({ text: 'DELETE FROM metric_series' });
    expect(await opened.store.metrics.write([sampleAt(a, startMs, 2)])).toMatchObject({ state: 'waiting' });
    await opened.clock.advance(100);
    await expect.poll(() => opened.store.counts.committed, { timeout: 20_000 }).toBe(2);
    expect(await opened.store.metrics.latest({ sinceMs: 0 })).toMatchObject([{ value: 2 }]);
  });

  it('is refused after close()', async () => {
    const opened = await openFresh(server.url);
    await opened[Symbol.asyncDispose]();
    await expect(opened.store.metrics.write([])).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    expect(opened.clock.pending).toBe(0);
  });
});

describe('series()', () => {
  it('merges instances, and parts them where that is asked for', async () => {
    await using opened = await openFresh(server.url);
    await opened.store.metrics.write([
      sampleAt(a, startMs, 10),
      sampleAt(b, startMs + 100, 30),
      sampleAt(a, startMs + 1000, 5),
    ]);
    const query = { ...window(startMs, startMs + 2000, 1000), quantiles: [0.5, 1] };
    const { level, unit, lines } = await opened.store.metrics.series(query);
    expect({ level, unit }).toEqual({ level: 'raw', unit: 'ms' });
    expect(lines).toEqual([
      {
        name: '',
        points: [
          {
            atMs: startMs,
            count: 2,
            mean: 20,
            min: 10,
            max: 30,
            last: 30,
            quantiles: [expect.closeTo(10, 0), 30],
          },
          { atMs: startMs + 1000, count: 1, mean: 5, min: 5, max: 5, last: 5, quantiles: [5, 5] },
        ],
      },
    ]);
    const parted = await opened.store.metrics.series({ ...query, by: 'instance' });
    expect(parted.lines.map(({ name, points }) => [name, points.length])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    const one = await opened.store.metrics.series({ ...query, instance: 'b' });
    expect(one.lines[0]?.points).toHaveLength(1);
  });

  it('adds instances up where that is asked for, at every level', async () => {
    await using opened = await openFresh(server.url);
    for (let minute = 0; minute < 3; minute++) {
      const atMs = startMs + minute * minuteMs;
      await opened.store.metrics.write([sampleAt(a, atMs, 10), sampleAt(b, atMs, 30)]);
    }
    await opened.pass(3 * hourMs);
    for (const stepMs of [1000, minuteMs, hourMs]) {
      const query = { ...window(startMs, startMs + hourMs, stepMs), by: 'service', combine: 'sum' } as const;
      const [line] = (await opened.store.metrics.series(query)).lines;
      expect(line).toMatchObject({ name: 'api' });
      for (const point of line?.points ?? [])
        expect(point).toMatchObject({ mean: 40, min: 40, max: 40, last: 40 });
      expect(line?.points).toHaveLength(stepMs === hourMs ? 1 : 3);
    }
    await expect(
      opened.store.metrics.series({ ...window(0, 1, 1), combine: 'sum', quantiles: [0.5] }),
    ).rejects.toMatchObject({ code: 'STORE_QUERY_INVALID' });
  });

  it('refuses an answer that is too large, before it is made', async () => {
    await using opened = await openFresh(server.url);
    await opened.store.metrics.write([sampleAt(a, startMs, 1)]);
    await opened.postgres.query({
      text: `INSERT INTO performance_metrics (metric_type, service_name, metric_value, unit, timestamp, instance, series_id)
        SELECT metric_type, service_name, 1, unit, timestamp - second * interval '1 second', instance, series_id
        FROM performance_metrics, generate_series(1, 50001) second`,
    });
    const query = { ...window(startMs - 50_001_000, startMs, 5000), by: 'instance' } as const;
    const figures = Array.from({ length: 6 }, (): SeriesFigure => ({ metric: 'response_time' }));
    expect(await opened.store.metrics.chart(query, figures.slice(2))).toHaveLength(4);
    await expect(opened.store.metrics.chart(query, figures)).rejects.toMatchObject({
      code: 'STORE_QUERY_TOO_LARGE',
      message: expect.stringContaining('more than 50000 points'),
    });
    const many = Array.from({ length: 21 }, () => figures[0] as SeriesFigure);
    await expect(opened.store.metrics.chart(query, many)).rejects.toThrow('200000 points');
  });

  it('answers nothing where nothing is known', async () => {
    await using opened = await openFresh(server.url);
    const answer = await opened.store.metrics.series(window(startMs, startMs + 1000, 1000));
    expect(answer).toEqual({ level: 'raw', stepMs: 1000, unit: undefined, lines: [] });
  });

  it('merges no milliseconds with seconds', async () => {
    await using opened = await openFresh(server.url);
    await opened.store.metrics.write([sampleAt(a, startMs, 1), sampleAt(seriesNamed('c', 's'), startMs, 1)]);
    const query = window(startMs, startMs + 1000, 1000);
    await expect(opened.store.metrics.series(query)).rejects.toMatchObject({ code: 'STORE_QUERY_INVALID' });
    expect((await opened.store.metrics.series({ ...query, unit: 's' })).lines).toHaveLength(1);
  });

  it('sees minutes and hours that are not over yet', async () => {
    await using opened = await openFresh(server.url);
    await opened.store.metrics.write([sampleAt(a, startMs - 5 * minuteMs, 1), sampleAt(a, startMs, 3)]);
    await opened.pass(2 * minuteMs);
    await opened.store.metrics.write([sampleAt(a, opened.clock.now(), 5)]);
    for (const stepMs of [hourMs, 1000]) {
      const { lines } = await opened.store.metrics.series(window(startMs - hourMs, startMs + hourMs, stepMs));
      const points = lines.flatMap((line) => line.points);
      expect(points.reduce((sum, { count }) => sum + count, 0)).toBe(3);
    }
  });

  it('tells the latest value of each series', async () => {
    await using opened = await openFresh(server.url);
    const histogram = createHistogram();
    for (const value of [2000, 4000]) histogram.record(value);
    await opened.store.metrics.write([
      sampleAt(a, startMs - 10, 1),
      sampleAt(a, startMs, 2),
      sampleAt(a, startMs - 20, 9),
      sampleAt(b, startMs, histogram.encode()),
    ]);
    const latest = await opened.store.metrics.latest({ sinceMs: startMs - minuteMs });
    expect(latest).toEqual([
      { series: a, atMs: startMs, value: 2 },
      { series: b, atMs: startMs, value: 3 },
    ]);
    expect(await opened.store.metrics.latest({ sinceMs: startMs + 1 })).toEqual([]);
    expect(await opened.store.metrics.latest({ sinceMs: 0, instance: 'b' })).toHaveLength(1);
  });
});

describe('summaries()', () => {
  const queue: Series = { metric: 'queue_depth', service: 'api', unit: 'count', labels: { queue: 'mail' } };
  const metrics = ['response_time', 'queue_depth'];

  it('tell each series of a window, to the millisecond', async () => {
    await using opened = await openFresh(server.url);
    const histogram = createHistogram();
    for (const value of [2000, 4000]) histogram.record(value);
    await opened.store.metrics.write([
      sampleAt(a, startMs - 1, 99),
      sampleAt(a, startMs, 2),
      sampleAt(a, startMs + 10, histogram.encode()),
      sampleAt(a, startMs + minuteMs, 99),
      sampleAt(queue, startMs + 5, 7),
    ]);
    const window = { fromMs: startMs, toMs: startMs + minuteMs };
    const found = await opened.store.metrics.summaries({ metrics, ...window });
    expect(found).toHaveLength(2);
    const [second, first] = found.toSorted((x, y) => (x.series.metric < y.series.metric ? -1 : 1));
    expect(first).toMatchObject({ series: a, count: 3, min: 2, max: 4, last: 3, lastAtMs: startMs + 10 });
    expect(first?.mean).toBeCloseTo(8 / 3);
    expect(first?.histogram.quantile(1)).toBeCloseTo(4000, -2);
    expect(second).toMatchObject({ series: queue, count: 1, mean: 7 });
    const ofOther = { metrics: ['queue_depth'], service: 'shop', ...window };
    expect(await opened.store.metrics.summaries(ofOther)).toEqual([]);
  });

  it('of long windows are made of whole minutes, and of what is in none yet', async () => {
    await using opened = await openFresh(server.url);
    await opened.store.metrics.write([
      sampleAt(a, startMs - 29 * minuteMs, 1),
      sampleAt(a, startMs - 90 * minuteMs, 99),
    ]);
    await opened.pass(2 * minuteMs);
    const nowMs = opened.clock.now();
    await opened.store.metrics.write([sampleAt(a, nowMs, 5)]);
    const window = { fromMs: nowMs - hourMs, toMs: nowMs + 1 };
    const found = await opened.store.metrics.summaries({ metrics, ...window });
    expect(found).toMatchObject([{ series: a, count: 2, mean: 3, last: 5 }]);
    expect(found[0]?.histogram.count).toBe(2);
  });

  it('want a window and a name', async () => {
    await using opened = await openFresh(server.url);
    for (const query of [
      { metrics: [], fromMs: 0, toMs: 1 },
      { metrics, fromMs: 1, toMs: 1 },
    ]) {
      const read = opened.store.metrics.summaries(query);
      await expect(read).rejects.toMatchObject({ code: 'STORE_QUERY_INVALID' });
    }
  });
});

describe('chart()', () => {
  it('answers each figure as if it had been asked for alone, at every level', async () => {
    await using opened = await openFresh(server.url);
    const other = { ...a, metric: 'queue_depth', unit: 'count' };
    for (let minute = 0; minute < 3; minute++) {
      const atMs = startMs + minute * minuteMs;
      const written = [sampleAt(a, atMs, 10 + minute), sampleAt(b, atMs, 30), sampleAt(other, atMs, 7)];
      await opened.store.metrics.write(written);
    }
    const figures: readonly SeriesFigure[] = [
      { metric: 'response_time', quantiles: [0.5] },
      { metric: 'queue_depth', unit: 'count' },
      { metric: 'response_time', combine: 'sum' },
      { metric: 'response_time' },
      { metric: 'nobody_knows' },
    ];
    for (const passed of [0, 3 * hourMs]) {
      if (passed > 0) await opened.pass(passed);
      for (const stepMs of [1000, minuteMs, hourMs]) {
        const { metric: _, ...asked } = {
          ...window(startMs, startMs + hourMs, stepMs),
          by: 'service',
        } as const;
        const together = await opened.store.metrics.chart(asked, figures);
        const alone = figures.map((figure) => opened.store.metrics.series({ ...asked, ...figure }));
        expect(together).toEqual(await Promise.all(alone));
        expect(together.map(({ lines }) => lines.length)).toEqual([1, 1, 1, 1, 0]);
        expect(together[2]?.lines[0]?.points[0]?.mean).toBeGreaterThan(30);
      }
    }
  });
});

describe('names()', () => {
  it('tells which metrics there are, in which units, of which services, a page at a time', async () => {
    await using opened = await openFresh(server.url);
    const named = (metric: string, service: string, unit: string): Sample =>
      sampleAt({ metric, service, unit }, startMs, 1);
    await opened.store.metrics.write([
      named('orders', 'shop', 'count'),
      named('orders', 'bar', 'per second'),
      named('Orders_late', 'shop', 'count'),
      named('refunds', 'bar', 'count'),
    ]);
    const page = await opened.store.metrics.names({ limit: 2 });
    expect(page).toEqual([
      { metric: 'Orders_late', units: ['count'], services: ['shop'] },
      { metric: 'orders', units: ['count', 'per second'], services: ['bar', 'shop'] },
    ]);
    const rest = await opened.store.metrics.names({ limit: 2, after: 'orders' });
    expect(rest.map(({ metric }) => metric)).toEqual(['refunds']);
    const asked = await opened.store.metrics.names({ limit: 9, service: 'bar', prefix: 'ord' });
    expect(asked).toEqual([{ metric: 'orders', units: ['per second'], services: ['bar'] }]);
  });
});

describe('rolling up', () => {
  it('writes a minute when it is over, and an hour when that is', async () => {
    await using opened = await openFresh(server.url);
    await opened.store.metrics.write([sampleAt(a, startMs, 1), sampleAt(a, startMs + 1000, 2)]);
    await opened.pass(minuteMs);
    expect(await kept(opened, 'metric_minutes')).toEqual(['2026-01-15T10:20:00.000Z 2']);
    expect(await kept(opened, 'metric_hours')).toEqual([]);
    await opened.pass(hourMs);
    expect(await kept(opened, 'metric_hours')).toEqual(['2026-01-15T10:00:00.000Z 2']);
  });

  it('computes a minute and its hour again for what comes late', async () => {
    await using opened = await openFresh(server.url);
    await opened.store.metrics.write([sampleAt(a, startMs, 1)]);
    await opened.pass(2 * hourMs);
    await opened.store.metrics.write([sampleAt(a, startMs + 10, 9), sampleAt(b, startMs - hourMs, 1)]);
    expect(await kept(opened, 'metric_minutes')).toEqual([
      '2026-01-15T09:20:00.000Z 1',
      '2026-01-15T10:20:00.000Z 2',
    ]);
    expect(await kept(opened, 'metric_hours')).toEqual([
      '2026-01-15T09:00:00.000Z 1',
      '2026-01-15T10:00:00.000Z 2',
    ]);
    expect(opened.store.counts.late).toBe(2);
  });

  it('leaves whole minutes and hours behind when it is closed', async () => {
    const opened = await openFresh(server.url);
    await opened.store.metrics.write([sampleAt(a, startMs, 1)]);
    await opened.store.close();
    expect(await kept(opened, 'metric_minutes')).toEqual(['2026-01-15T10:20:00.000Z 1']);
    expect(await kept(opened, 'metric_hours')).toEqual(['2026-01-15T10:00:00.000Z 1']);
    await opened.postgres.close();
  });

  it('outlives the raw samples, which are dropped a day at a time', async () => {
    const opened = await openFresh(server.url);
    await opened.store.metrics.write([sampleAt(a, startMs, 1), sampleAt(a, startMs + 1, 3)]);
    await opened[Symbol.asyncDispose]();
    await using later = await openAt(opened.url, { clock: createVirtualClock(startMs + 9 * 24 * hourMs) });
    const { rows } = await later.postgres.query({ text: 'SELECT FROM performance_metrics' });
    expect(rows).toHaveLength(0);
    const { level, stepMs, lines } = await later.store.metrics.series(window(startMs, startMs + 1000, 1000));
    expect({ level, stepMs }).toEqual({ level: 'minute', stepMs: minuteMs });
    expect(lines[0]?.points).toMatchObject([{ count: 2, mean: 2, min: 1, max: 3 }]);
  });

  it('is a function of what was committed, whatever the order, the lateness and the restarts', async () => {
    await using opened = await openFresh(server.url);
    const url = opened.url;
    let number = 0;
    await fc.assert(
      fc.asyncProperty(history, async (steps) => {
        const service = `p${number++}`;
        const instances = [a, b].map((series) => ({ ...series, service }));
        await using first = await openAt(url);
        await using second = await openAt(url);
        const written: Sample[] = [];
        let current = first;
        for (const step of steps) {
          if (step.kind === 'write') {
            const samples = step.samples.map(({ agoMs, value }, at) =>
              sampleAt(instances[at % 2] as Series, current.clock.now() - agoMs, value),
            );
            written.push(...samples);
            await current.store.metrics.write(samples);
          } else if (step.kind === 'pass') {
            await current.pass(step.durationMs);
          } else {
            current = current === first ? second : first;
          }
        }
        const query = {
          ...window(startMs - 3 * hourMs, startMs + 6 * hourMs, minuteMs),
          service,
        };
        await expectTruth(opened, query, written);
        await expectTruth(opened, { ...query, stepMs: hourMs }, written);
        await first.store.close();
        await second.store.close();
        const ofA = written.filter(({ series }) => series.instance === 'a');
        await expectTruth(opened, { ...query, stepMs: hourMs, instance: 'a' }, ofA);
        await expectTruth(opened, query, written);
        await expectTruth(opened, { ...query, stepMs: hourMs }, written);
      }),
      { numRuns: 8 },
    );
  });
});

/** What two processes may do, one after the other. */
const history = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('write' as const),
      samples: fc.array(
        fc.record({
          agoMs: fc.oneof(fc.integer({ min: 0, max: 90_000 }), fc.integer({ min: 0, max: 2 * hourMs })),
          value: fc.double({ min: 0, max: 1e4, noNaN: true }),
        }),
        { minLength: 1, maxLength: 20 },
      ),
    }),
    fc.record({
      kind: fc.constant('pass' as const),
      durationMs: fc.integer({ min: 1000, max: 40 * minuteMs }),
    }),
    fc.record({ kind: fc.constant('switch' as const) }),
  ),
  { minLength: 3, maxLength: 8 },
);

/** Every point must be what a histogram of the samples of its step says. */
async function expectTruth(
  opened: OpenedStore,
  query: SeriesQuery,
  written: readonly Sample[],
): Promise<void> {
  const asked = { ...query, quantiles: [0, 0.5, 0.95, 1] };
  const { lines } = await opened.store.metrics.series(asked);
  const expected = new Map<number, { histogram: Histogram; sum: number }>();
  for (const { atMs, value } of written) {
    const startMs = Math.floor(Math.floor(atMs) / query.stepMs) * query.stepMs;
    let point = expected.get(startMs);
    if (point === undefined) {
      point = { histogram: createHistogram(), sum: 0 };
      expected.set(startMs, point);
    }
    point.histogram.record(Math.round((value as number) / 1e-3));
    point.sum += value as number;
  }
  const points = lines.flatMap((line) => line.points);
  expect(points.map(({ atMs, count }) => [atMs, count])).toEqual(
    [...expected].sort(([a], [b]) => a - b).map(([atMs, { histogram }]) => [atMs, histogram.count]),
  );
  for (const { atMs, mean, min, max, quantiles } of points) {
    const { histogram, sum } = expected.get(atMs) as { histogram: Histogram; sum: number };
    expect(mean).toBeCloseTo(sum / histogram.count, 6);
    const exact = asked.quantiles.map((q) => Math.min(max, Math.max(min, histogram.quantile(q) * 1e-3)));
    expect(quantiles).toEqual(exact);
  }
}

/** The rollups of response times: when, and of how many values. */
async function kept({ postgres }: OpenedStore, table: 'metric_minutes' | 'metric_hours'): Promise<string[]> {
  const start = table === 'metric_minutes' ? 'minute' : 'hour';
  const { rows } = await postgres.query<{ at: Date; count: string }>({
    text: `SELECT r.${start} AS at, r.count FROM ${table} r JOIN metric_series s ON s.id = r.series_id
      WHERE s.metric_type = 'response_time' ORDER BY 1`,
  });
  return rows.map(({ at, count }) => `${at.toISOString()} ${count}`);
}

function window(fromMs: number, toMs: number, stepMs: number): SeriesQuery {
  return { metric: 'response_time', fromMs, toMs, stepMs };
}
