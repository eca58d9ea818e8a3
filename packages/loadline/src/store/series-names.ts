import type { Queryable } from '../postgres/index.ts';

/** Asks which metrics there are. */
export interface NamesQuery {
  /** Only those that this service has. */
  readonly service?: string;
  /** Only those whose name begins so. */
  readonly prefix?: string;
  /** How many at most. */
  readonly limit: number;
  /** The last name of the page before. */
  readonly after?: string;
}

/** A metric that something is known of. */
export interface MetricName {
  readonly metric: string;
  /** More than one where series of it are measured in different ones. */
  readonly units: readonly string[];
  /** The first 100 by name. */
  readonly services: readonly string[];
}

/** By name. */
export async function readNames(
  queryable: Queryable,
  { service, prefix = '', limit, after = '' }: NamesQuery,
): Promise<readonly MetricName[]> {
  const { rows } = await queryable.query<MetricName>(statement, [service ?? null, prefix, after, limit]);
  return rows;
}

/**
 * Of families, of which there are few, and not of series: with the OFFSET each is looked up in the index, and without it all
 * series are read, of which there may be a hundred thousand. In the order of bytes, so that a page follows a page.
 */
const statement = {
  name: 'store series names',
  text: `SELECT metric_type AS metric, array_agg(DISTINCT unit::text ORDER BY unit::text) AS units,
      (array_agg(DISTINCT service_name::text ORDER BY service_name::text))[1:100] AS services
    FROM metric_families f
    WHERE ($1::text IS NULL OR service_name = $1) AND starts_with(metric_type, $2)
      AND metric_type COLLATE "C" > $3 COLLATE "C"
      AND EXISTS (SELECT FROM metric_series s WHERE s.metric_type = f.metric_type AND s.service_name = f.service_name
        AND s.unit = f.unit OFFSET 0)
    GROUP BY metric_type ORDER BY metric_type COLLATE "C" LIMIT $4`,
} as const;
