import { createRandom, exponential, systemClock } from 'loadline/base';
import { createHistogram } from 'loadline/metrics';
import { createPostgres, type Postgres } from 'loadline/postgres';
import { openStore, type Store } from 'loadline/store';
import type { BenchOptions } from '../harness.ts';
import { type Fleet, serviceCount, serviceName } from './fleet.ts';

const hourMs = 3_600_000;
const spans = { rawMs: hourMs, minutesMs: 6 * hourMs, hoursMs: 7 * 24 * hourMs };
const keptTests = 200;

/** What everybody is asked for, and charts are made of. */
const metrics = [
  ['cpu_ratio', 'ratio'],
  ['memory_bytes', 'bytes'],
  ['event_loop_ratio', 'ratio'],
  ['event_loop_lag_ms', 'ms'],
  ['network_received', 'bytes/s'],
  ['network_sent', 'bytes/s'],
  ['connections', 'count'],
  ['requests', 'rps'],
  ['errors', 'rps'],
  ['latency_ms', 'ms'],
] as const;

/**
 * A database that has been in use: of every instance ten metrics, for an hour every five seconds, for six hours by the
 * minute, and for a week by the hour; and two hundred load tests that are over.
 */
export async function fillHistory(url: string, fleet: Fleet, options: BenchOptions): Promise<void> {
  const postgres = createPostgres({ url });
  const week = 8 * 24 * hourMs;
  const store = await openStore(postgres, {
    clock: systemClock,
    latenessMaxMs: week,
    retention: { rawMs: week },
  });
  try {
    await fillTests(store);
    await fillSeries(postgres, fleet);
    for (const [table, column, seconds, spanMs] of [
      ['metric_minutes', 'minute', 60, options.short ? hourMs : spans.minutesMs],
      ['metric_hours', 'hour', 3600, spans.hoursMs],
    ] as const) {
      options.progress(`filling ${table}`);
      await fillRollups(postgres, { table, column, seconds, spanMs });
    }
    options.progress('filling performance_metrics');
    await fillRaw(postgres, options.short ? hourMs / 6 : spans.rawMs);
    for (const table of ['metric_series', 'metric_minutes', 'metric_hours', 'performance_metrics'])
      await run(postgres, `ANALYZE ${table}`);
  } finally {
    await store.close();
    await postgres.close();
  }
}

function run(postgres: Postgres, text: string, values: unknown[] = []): Promise<unknown> {
  return postgres.transaction((transaction) => transaction.query({ text }, values), {
    statementTimeoutMs: 600_000,
  });
}

async function fillSeries(postgres: Postgres, { instances }: Fleet): Promise<void> {
  const series = metrics.flatMap(([metric, unit]) =>
    instances.map(({ service, address }) => ({ metric, unit, service, instance: address })),
  );
  await run(
    postgres,
    `WITH wanted AS (SELECT * FROM json_to_recordset($1::json) AS r(metric text, unit text, service text, instance text)),
     family AS (INSERT INTO metric_families (metric_type, service_name, unit)
       SELECT DISTINCT metric, service, unit FROM wanted RETURNING *)
     INSERT INTO metric_series (family_id, metric_type, service_name, instance, unit)
     SELECT f.id, w.metric, w.service, w.instance, w.unit FROM wanted w
     JOIN family f ON (f.metric_type, f.service_name, f.unit) = (w.metric, w.service, w.unit)`,
    [JSON.stringify(series)],
  );
}

/** By SQL, but for the histograms: fifty, which the rows take in turn. */
async function fillRollups(
  postgres: Postgres,
  of: {
    readonly table: string;
    readonly column: string;
    readonly seconds: number;
    readonly spanMs: number;
  },
): Promise<void> {
  const { table, column, seconds, spanMs } = of;
  const toMs = Math.floor(systemClock.now() / (seconds * 1000)) * seconds * 1000;
  const of5Seconds = seconds / 5;
  const sources = table === 'metric_hours' ? ['id', 'DISTINCT -family_id'] : ['id'];
  for (const source of sources)
    await run(
      postgres,
      `INSERT INTO ${table} (series_id, ${column}, writer_id, count, sum, min, max, last, last_at, histogram)
       SELECT s.id, at, 0, $3::int, $3::int * 5.0, 0.1, 60, 5, at, ($4::bytea[])[1 + (extract(epoch FROM at)::bigint / $5::int + abs(s.id)) % 50]
       FROM (SELECT ${source} AS id FROM metric_series) s,
         generate_series(to_timestamp($1::float8 / 1000), to_timestamp($2::float8 / 1000) - interval '1 s', $5::int * interval '1 s') at`,
      [toMs - spanMs, toMs, of5Seconds, histograms(of5Seconds), seconds],
    );
}

async function fillRaw(postgres: Postgres, spanMs: number): Promise<void> {
  const toMs = systemClock.now();
  await run(
    postgres,
    `INSERT INTO performance_metrics (metric_type, service_name, instance, unit, metric_value, timestamp, series_id, writer_id)
     SELECT s.metric_type, s.service_name, s.instance, s.unit, -5 * ln(1 - random()), at, s.id, 0
     FROM generate_series(to_timestamp($1::float8 / 1000), to_timestamp($2::float8 / 1000), interval '5 s') at, metric_series s`,
    [toMs - spanMs, toMs],
  );
}

function histograms(count: number): Buffer[] {
  const random = createRandom('history');
  return Array.from({ length: 50 }, () => {
    const histogram = createHistogram();
    for (let at = 0; at < count; at++) histogram.record(Math.round(exponential(random, 5000)));
    return Buffer.from(histogram.encode());
  });
}

async function fillTests({ tests }: Store): Promise<void> {
  for (let number = 0; number < keptTests; number++) {
    const target = `http://${serviceName(number % serviceCount)}.test`;
    const wish = { name: `nightly ${number}`, type: 'load', target, plan: {}, requestedBy: 'benchmark' };
    await tests.enqueue(wish);
    const claimed = await tests.claim({ runner: 'benchmark', runningMax: 1 });
    if (claimed !== undefined)
      await tests.finish(claimed.id, 'benchmark', { state: 'finished', verdict: 'passed' });
  }
}
