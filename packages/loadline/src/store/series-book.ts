import type { Queryable } from '../postgres/index.ts';
import { type Series, scaleOf } from './sample.ts';

/** A series that this process has seen. */
export interface KnownSeries {
  readonly series: Series;
  readonly scale: number;
  /** Its number in the database; undefined until it was looked up there. */
  id: number | undefined;
  /** When it was written last. */
  usedMs: number;
}

/**
 * The series that this process writes, by their content. Each text crosses the network once; samples then name their
 * series by a number. When it is full, those that nobody writes any more make room: instances come and go.
 */
export class SeriesBook {
  readonly #byObject = new WeakMap<Series, KnownSeries>();
  readonly #byKey = new Map<string, KnownSeries>();
  readonly #seriesMax: number;
  #sweptMs: number = Number.NEGATIVE_INFINITY;

  constructor(seriesMax: number) {
    this.#seriesMax = seriesMax;
  }

  /** The known series of these fields, or what is wrong with them. */
  find(series: Series, nowMs: number): KnownSeries | string {
    const known = this.#byObject.get(series) ?? this.#look(series, nowMs);
    if (typeof known !== 'string') known.usedMs = nowMs;
    return known;
  }

  #look(series: Series, nowMs: number): KnownSeries | string {
    const problem = problemOf(series);
    if (problem !== undefined) return problem;
    const key = keyOf(series);
    const isFrozen = Object.isFrozen(series) && Object.isFrozen(series.labels);
    let known = this.#byKey.get(key);
    if (known === undefined) {
      if (this.#byKey.size >= this.#seriesMax) this.#sweep(nowMs);
      if (this.#byKey.size >= this.#seriesMax) return `is of one more than ${this.#seriesMax} series`;
      // Who gave one that may change may go on to use the object for another series.
      const own = isFrozen ? series : { ...series, labels: { ...series.labels } };
      known = { series: own, scale: scaleOf(series.unit), id: undefined, usedMs: nowMs };
      this.#byKey.set(key, known);
    }
    if (isFrozen) this.#byObject.set(series, known);
    return known;
  }

  /** A block that waits may still have one of these: what it knows stays right. */
  #sweep(nowMs: number): void {
    if (nowMs < this.#sweptMs + sweepEveryMs) return;
    this.#sweptMs = nowMs;
    for (const [key, { usedMs }] of this.#byKey) if (usedMs < nowMs - unusedMs) this.#byKey.delete(key);
  }

  /** Gives those that have none their number in the database. Two processes may do this for one series at once. */
  async resolve(queryable: Queryable, wanted: Iterable<KnownSeries>): Promise<void> {
    const missing = new Map<string, KnownSeries>();
    for (const known of wanted) if (known.id === undefined) missing.set(keyOf(known.series), known);
    if (missing.size === 0) return;
    const all = [...missing.values()];
    for (let from = 0; from < all.length; from += lookupMax) {
      const part = all.slice(from, from + lookupMax);
      const json = JSON.stringify(part.map(({ series }, at) => ({ at, ...columnsOf(series) })));
      await queryable.query(statements.addFamilies, [json]);
      await queryable.query(statements.add, [json]);
      const { rows } = await queryable.query<{ at: number; id: number }>(statements.find, [json]);
      for (const { at, id } of rows) (part[at] as KnownSeries).id = id;
    }
  }
}

const lookupMax = 2000;
/** After so long without a sample a series may be forgotten. */
const unusedMs = 600_000;
/** Looking through all of them takes some ten milliseconds. */
const sweepEveryMs = 10_000;

/** Field limits are those of the columns. */
function problemOf({
  metric,
  service,
  endpoint = '',
  instance = '',
  unit,
  labels = {},
}: Series): string | undefined {
  const texts = [
    ['metric', metric, 1, 200],
    ['service', service, 1, 100],
    ['endpoint', endpoint, 0, 255],
    ['instance', instance, 0, 100],
    ['unit', unit, 1, 20],
  ] as const;
  for (const [name, text, lengthMin, lengthMax] of texts) {
    const isFit = typeof text === 'string' && text.length >= lengthMin && text.length <= lengthMax;
    if (!isFit) return `has a ${name} that is no text of ${lengthMin} to ${lengthMax} characters`;
    if (!hasPlace(text)) return `has a ${name} with the character U+0000, or one that is cut in half`;
  }
  const entries = Object.entries(labels);
  const length = entries.reduce((sum, [name, value]) => sum + name.length + String(value).length, 0);
  if (entries.length > 16 || length > 1000)
    return 'has more than 16 labels, or more than 1,000 characters of them';
  if (entries.some(([name, value]) => typeof value !== 'string' || !hasPlace(name) || !hasPlace(value))) {
    return 'has a label that is no text, or with the character U+0000, or one that is cut in half';
  }
  return undefined;
}

/** Whether PostgreSQL has a place for a text: one that was cut through a character would be refused with all that goes along. */
function hasPlace(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

function keyOf({ metric, service, endpoint = '', instance = '', unit, labels = {} }: Series): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return [metric, service, endpoint, instance, unit, ...sorted.flat()].join('\0');
}

function columnsOf({ metric, service, endpoint = '', instance = '', unit, labels = {} }: Series): object {
  return { metric_type: metric, service_name: service, endpoint, instance, unit, labels };
}

const recordset = `json_to_recordset($1::json) AS r(at int, metric_type text, service_name text, endpoint text,
  instance text, unit text, labels jsonb)`;

const statements = {
  addFamilies: {
    name: 'store series add families',
    text: `INSERT INTO metric_families (metric_type, service_name, unit)
      SELECT DISTINCT metric_type, service_name, unit FROM ${recordset}
      WHERE NOT EXISTS (SELECT FROM metric_families f WHERE f.metric_type = r.metric_type
        AND f.service_name = r.service_name AND f.unit = r.unit)
      ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING`,
  },
  add: {
    name: 'store series add',
    // In one order everywhere: two processes that add the same series would otherwise wait for each other in a circle.
    text: `INSERT INTO metric_series (metric_type, service_name, endpoint, instance, unit, labels, family_id)
      SELECT metric_type, service_name, endpoint, instance, unit, labels, f.id
      FROM ${recordset} JOIN metric_families f USING (metric_type, service_name, unit)
      WHERE NOT EXISTS (SELECT FROM metric_series s WHERE s.metric_type = r.metric_type
        AND s.service_name = r.service_name AND s.endpoint = r.endpoint AND s.instance = r.instance
        AND s.unit = r.unit AND s.labels = r.labels)
      ORDER BY 1, 2, 3, 4, 5, 6 ON CONFLICT DO NOTHING`,
  },
  find: {
    name: 'store series find',
    text: `SELECT r.at, s.id FROM ${recordset} JOIN metric_series s USING (metric_type, service_name, endpoint,
      instance, unit, labels)`,
  },
} as const;
