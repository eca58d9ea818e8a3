import { setImmediate } from 'node:timers/promises';
import type { Postgres, Queryable } from '../postgres/index.ts';
import { Asked } from './asked-figure.ts';
import { storeError } from './errors.ts';
import { type PackedRows, readStatement, unpackRows } from './packed-rows.ts';
import { literal } from './rollup-rows.ts';
import type { Series } from './sample.ts';
import type { FoundSeries } from './series-lines.ts';
import type {
  Latest,
  LatestQuery,
  Level,
  Line,
  SeriesAnswer,
  SeriesFigure,
  SeriesWindow,
} from './series-query.ts';

/**
 * Answers questions about what was measured. A coarse level is read as far as it reaches, what is finer from there
 * on: of writers that live, the minutes of the hour that has not ended and the raw rows of the last minute or two.
 * All of it in one snapshot of the database, so that nothing is counted twice or left out while it is rolled up.
 */
export class SeriesReader {
  readonly #postgres: Postgres;
  readonly #keepMs: Readonly<Record<Level, number>>;

  constructor(postgres: Postgres, keepMs: Readonly<Record<Level, number>>) {
    this.#postgres = postgres;
    this.#keepMs = keepMs;
  }

  /** In the order of the figures. */
  async chart(
    window: SeriesWindow,
    figures: readonly SeriesFigure[],
    nowMs: number,
  ): Promise<readonly SeriesAnswer[]> {
    if (figures.length === 0) return [];
    const asked = figures.map((figure) => new Asked(window, figure, { nowMs, keepMs: this.#keepMs }));
    const read = await this.#postgres.transaction(
      async (transaction) => {
        const found = await findSeries(transaction, window, figures);
        for (const each of asked) each.note(found);
        const openMs = await openSince(transaction, asked);
        const parts: Part[] = [];
        for (const together of Map.groupBy(asked, ({ readKey }) => readKey).values())
          parts.push({ together, packed: await readRows(transaction, together, openMs) });
        return parts;
      },
      { isolation: 'repeatable read', readOnly: true },
    );
    for (const part of read) await draw(part, asked);
    return await answerAll(asked);
  }

  async latest({ metric, service, instance, endpoint, sinceMs }: LatestQuery): Promise<readonly Latest[]> {
    const values = [
      metric ?? null,
      service ?? null,
      instance ?? null,
      endpoint ?? null,
      sinceMs,
      latestMax + 1,
    ];
    const { rows } = await this.#postgres.query<LatestRow>(statements.latest, values);
    if (rows.length > latestMax) throw tooLarge('latest values', `more than ${latestMax} series have one`);
    return rows.map(({ at_ms, value, ...row }) => ({ series: seriesOf(row), atMs: at_ms, value }));
  }
}

const seriesMax = 20_000;
/** Some 30 MB, and a second or so of adding them up. */
const figuresMax = 500_000;
/** Of a kilobyte at most, but for rare ones. */
const histogramsMax = 50_000;
/** That are kept while it is drawn: some 50 MB. */
const rollupsMax = 200_000;
/** Of all lines of all figures: some 9 MB of JSON. */
const pointsMax = 50_000;
const latestMax = 20_000;

function tooLarge(what: string, found: string): Error {
  return storeError(
    'STORE_QUERY_TOO_LARGE',
    `Cannot read ${what}: ${found}. Name a service or an instance, take a shorter window or a longer step.`,
  );
}

async function findSeries(
  transaction: Queryable,
  { service, instance, endpoint }: SeriesWindow,
  figures: readonly SeriesFigure[],
): Promise<readonly FoundSeries[]> {
  const metrics = [...new Set(figures.map(({ metric }) => metric))];
  const where = [service ?? null, instance ?? null, endpoint ?? null];
  const values = [metrics, ...where, seriesMax + 1];
  const { rows } = await transaction.query<FoundSeries>(statements.find, values);
  if (rows.length > seriesMax)
    throw tooLarge(`the series of ${metrics.join(', ')}`, `there are more than ${seriesMax}`);
  return rows;
}

/** From when on something is in raw rows alone; without an open writer there is no tail to look for. */
async function openSince(transaction: Queryable, asked: readonly Asked[]): Promise<number> {
  const { level, fromMs, toMs } = (asked[0] as Asked).plan;
  if (level === 'raw' || asked.every(({ series }) => series.length === 0)) return fromMs;
  const { rows } = await transaction.query<{ open_ms: number | null }>(statements.openSince);
  return rows[0]?.open_ms ?? toMs;
}

/** Figures that are read together, and what was read. */
interface Part {
  readonly together: readonly Asked[];
  readonly packed: string | null;
}

async function readRows(
  transaction: Queryable,
  together: readonly Asked[],
  openMs: number,
): Promise<string | null> {
  const ids = new Set(together.flatMap(({ series }) => series.map(({ id }) => id)));
  if (ids.size === 0) return null;
  const { plan, withHistograms } = together[0] as Asked;
  const hours = new Set(together.flatMap((each) => each.hours));
  const rowsMax = withHistograms ? histogramsMax : figuresMax;
  const { rows } = await transaction.query<PackedRows>(readStatement(plan.level, withHistograms), [
    literal([...ids]),
    plan.fromMs,
    plan.toMs,
    Math.max(openMs, plan.fromMs),
    rowsMax + 1,
    ...(plan.level === 'hour' ? [literal([...hours])] : []),
  ]);
  const { count, packed } = rows[0] as PackedRows;
  if (count > rowsMax) throw tooLarge('the series', `they have more than ${rowsMax} rows in that window`);
  return packed;
}

/** Adds rows up, and lets others have their turn in between. */
async function draw({ together, packed }: Part, asked: readonly Asked[]): Promise<void> {
  if (packed === null) return;
  const takers = new Map<number, Asked[]>();
  for (const each of together) {
    for (const id of each.ids.keys()) {
      const known = takers.get(id);
      if (known === undefined) takers.set(id, [each]);
      else known.push(each);
    }
  }
  let count = 0;
  for (const row of unpackRows(packed)) {
    for (const each of takers.get(row.seriesId) ?? []) each.take(row);
    if (++count % rowsAtOnce !== 0) continue;
    assertRoom(asked);
    await setImmediate();
  }
  assertRoom(asked);
}

/** Some milliseconds, where each has a histogram. */
const rowsAtOnce = 200;

function assertRoom(asked: readonly Asked[]): void {
  const rollups = asked.reduce((sum, { size }) => sum + size, 0);
  if (rollups > rollupsMax) throw tooLarge('the series', `that would be more than ${rollupsMax} points`);
}

/** One line after the other, and others have their turn in between. */
async function answerAll(asked: readonly Asked[]): Promise<readonly SeriesAnswer[]> {
  const answers: SeriesAnswer[] = [];
  let points = 0;
  let turnAt = pointsAtOnce;
  for (const each of asked) {
    const lines: Line[] = [];
    for (const line of each.lines()) {
      if (line !== undefined) lines.push(line);
      points += line?.points.length ?? 0;
      if (points > pointsMax) throw tooLarge('the series', `that would be more than ${pointsMax} points`);
      if (line !== undefined && points < turnAt) continue;
      turnAt = points + pointsAtOnce;
      await setImmediate();
    }
    answers.push(each.answer(lines));
  }
  return answers;
}

/** Some milliseconds, with quantiles some ten. */
const pointsAtOnce = 1000;

function seriesOf(row: Omit<FoundSeries, 'id' | 'family_id'> & { labels: Record<string, string> }): Series {
  const { metric_type, service_name, endpoint, instance, unit, labels } = row;
  return {
    metric: metric_type,
    service: service_name,
    ...(endpoint === '' ? {} : { endpoint }),
    ...(instance === '' ? {} : { instance }),
    unit,
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  };
}

type LatestRow = Omit<FoundSeries, 'id' | 'family_id'> & {
  readonly labels: Record<string, string>;
  readonly at_ms: number;
  readonly value: number;
};

const statements = {
  find: {
    name: 'store series find by name',
    // OFFSET 0 keeps the limit out of the plan: it would rather look through all series in the order of their ids.
    text: `SELECT * FROM (SELECT id, family_id, metric_type, service_name, endpoint, instance, unit FROM metric_series
        WHERE metric_type = ANY($1::text[]) AND ($2::text IS NULL OR service_name = $2)
          AND ($3::text IS NULL OR instance = $3) AND ($4::text IS NULL OR endpoint = $4) OFFSET 0) s
      ORDER BY id LIMIT $5`,
  },
  openSince: {
    name: 'store series open',
    text: 'SELECT (extract(epoch FROM min(rolled_until)) * 1000)::float8 AS open_ms FROM metric_writers',
  },
  latest: {
    name: 'store series latest',
    text: `SELECT s.metric_type, s.service_name, s.endpoint, s.instance, s.unit, s.labels, l.at_ms, l.value
      FROM metric_series s CROSS JOIN LATERAL (
        SELECT (extract(epoch FROM timestamp) * 1000)::float8 AS at_ms, metric_value AS value FROM performance_metrics p
        WHERE p.series_id = s.id AND p.timestamp >= to_timestamp($5::float8 / 1000) ORDER BY p.timestamp DESC LIMIT 1) l
      WHERE ($1::text IS NULL OR s.metric_type = $1) AND ($2::text IS NULL OR s.service_name = $2)
        AND ($3::text IS NULL OR s.instance = $3) AND ($4::text IS NULL OR s.endpoint = $4) ORDER BY s.id LIMIT $6`,
  },
} as const;
