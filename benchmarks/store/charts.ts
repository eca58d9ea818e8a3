import { createRandom, exponential, systemClock } from 'loadline/base';
import { createHistogram } from 'loadline/metrics';
import type { Postgres } from 'loadline/postgres';
import type { Store } from 'loadline/store';
import { type BenchOptions, figureOf, type Row, rowOf } from '../harness.ts';

const instances = 4;
const days = 30;
const chartMsMax = 50;
const dayMs = 24 * 60 * 60 * 1000;

/**
 * The response times of one service: four instances, a value a second, 10.4 million in thirty days, with a minute and
 * an hour of each. The chart has 720 points with three quantiles.
 */
export async function measureCharts(store: Store, postgres: Postgres, options: BenchOptions): Promise<Row[]> {
  const endMs = Math.floor(systemClock.now() / 3_600_000) * 3_600_000;
  const rawDays = options.short ? 1 : days;
  await fill(postgres, { endMs, rawDays }, options);
  const query = {
    metric: 'chart_time',
    service: 'shop',
    fromMs: endMs - days * dayMs,
    toMs: endMs,
    stepMs: 3_600_000,
    quantiles: [0.5, 0.95, 0.99],
  };
  options.progress('reading the chart');
  const times: number[] = [];
  for (let round = -10; round < (options.short ? 30 : 100); round++) {
    const startMs = performance.now();
    const { lines, level } = await store.metrics.series(query);
    const tookMs = performance.now() - startMs;
    const points = lines.flatMap((line) => line.points);
    if (level !== 'hour' || points.length !== days * 24)
      throw new Error(`The chart has ${points.length} points of a ${level}.`);
    if (round >= 0) times.push(tookMs);
  }
  const { median, spread } = figureOf(times);
  const p95 = times.toSorted((a, b) => a - b)[Math.ceil(times.length * 0.95) - 1] as number;
  const samples = `${((rawDays * 86_400 * instances) / 1e6).toFixed(1)} million samples`;
  return [
    rowOf({ name: `chart of 30 days, ${samples}: median`, unit: 'ms', value: median, spread }),
    rowOf(
      { name: `chart of 30 days, ${samples}: p95`, unit: 'ms', value: p95 },
      { target: `below ${chartMsMax} ms`, met: p95 < chartMsMax },
    ),
  ];
}

/** By SQL, but for the histograms: fifty of an hour's and of a minute's latencies, which the rows take in turn. */
async function fill(
  postgres: Postgres,
  { endMs, rawDays }: { readonly endMs: number; readonly rawDays: number },
  options: BenchOptions,
): Promise<void> {
  const patient = { statementTimeoutMs: 600_000 };
  const run = (text: string, values: unknown[]): Promise<unknown> =>
    postgres.transaction((transaction) => transaction.query({ text }, values), patient);
  await run(
    `WITH family AS (INSERT INTO metric_families (metric_type, service_name, unit)
       VALUES ('chart_time', 'shop', 'ms') RETURNING id)
     INSERT INTO metric_series (family_id, metric_type, service_name, instance, unit)
     SELECT id, 'chart_time', 'shop', 'i' || i, 'ms' FROM family, generate_series(1, $1::int) i`,
    [instances],
  );
  for (const [table, column, seconds, series] of [
    ['metric_minutes', 'minute', 60, 'id'],
    ['metric_hours', 'hour', 3600, 'id'],
    ['metric_hours', 'hour', 3600, 'DISTINCT -family_id'],
  ] as const) {
    options.progress(`filling ${table}`);
    await run(
      `INSERT INTO ${table} (series_id, ${column}, writer_id, count, sum, min, max, last, last_at, histogram)
       SELECT s.id, at, 0, $3::int, $3::int * 5.0, 0.1, 60, 5, at, ($4::bytea[])[1 + (extract(epoch FROM at)::bigint / $3::int + abs(s.id)) % 50]
       FROM (SELECT ${series} AS id FROM metric_series WHERE metric_type = 'chart_time') s,
         generate_series(to_timestamp($1::float8 / 1000), to_timestamp($2::float8 / 1000) - interval '1 s', $3::int * interval '1 s') at`,
      [endMs - days * dayMs, endMs, seconds, histograms(series === 'id' ? seconds : seconds * instances)],
    );
  }
  for (let day = rawDays; day > 0; day--) {
    options.progress(`filling performance_metrics, ${day} days left`);
    await run(
      `INSERT INTO performance_metrics (metric_type, service_name, instance, unit, metric_value, timestamp, series_id, writer_id)
       SELECT s.metric_type, s.service_name, s.instance, s.unit, -5 * ln(1 - random()), at, s.id, 0
       FROM metric_series s, generate_series(to_timestamp($1::float8 / 1000), to_timestamp($2::float8 / 1000) - interval '1 s',
         interval '1 s') at WHERE s.metric_type = 'chart_time'`,
      [endMs - day * dayMs, endMs - (day - 1) * dayMs],
    );
  }
  await postgres.query({ text: 'ANALYZE metric_hours' });
}

function histograms(count: number): Buffer[] {
  const random = createRandom('chart');
  return Array.from({ length: 50 }, () => {
    const histogram = createHistogram();
    for (let at = 0; at < count; at++) histogram.record(Math.round(exponential(random, 5000)));
    return Buffer.from(histogram.encode());
  });
}
