import { isLoadlineError } from '../base/index.ts';
import type { Queryable } from './connection.ts';
import { quoteName } from './migrations.ts';
import {
  doOverlap,
  type Partition,
  type PartitionPolicy,
  planPartitions,
  type Span,
} from './partition-plan.ts';
import type { Postgres } from './postgres.ts';

/** What was done to the partitions of one table. */
export interface PartitionOutcome {
  readonly created: readonly string[];
  readonly dropped: readonly string[];
  /** What could not be removed now because somebody still reads it; the next round will. */
  readonly postponed: readonly string[];
}

/**
 * Makes the partitions that a table will soon need, and drops those past retention. Any number of instances may do
 * this at once, and again: what is done already stays as it is.
 *
 * Traffic goes on meanwhile: a partition is made as a table of its own and then attached, and it is detached
 * concurrently before it is dropped. Both take a lock on the table that neither reads nor writes wait for.
 *
 * @param table partitioned by range of one `timestamptz`, without a default partition; `table` or `schema.table`.
 */
export async function keepPartitions(
  postgres: Postgres,
  table: string,
  policy: PartitionPolicy & { readonly nowMs: number },
): Promise<PartitionOutcome> {
  const { create, drop } = planPartitions(await readPartitions(postgres, table), policy);
  const created = await createPartitions(postgres, table, create);
  const dropped: string[] = [];
  const postponed: string[] = [];
  for (const partition of drop) {
    const isGone = await dropPartition(postgres, table, partition);
    (isGone ? dropped : postponed).push(partition.name);
  }
  for (const orphan of await readOrphans(postgres, table)) {
    await postgres.query({ text: `DROP TABLE IF EXISTS ${quoteName(orphan)}` });
    dropped.push(orphan);
  }
  return { created, dropped, postponed };
}

/** The partitions that a table has now. */
async function readPartitions(queryable: Queryable, table: string): Promise<Partition[]> {
  const { rows } = await queryable.query<PartitionRow>(
    {
      name: 'loadline partitions',
      // The bounds are shown in the session's time zone; read back there, they are the same moments again.
      text: `SELECT name, is_detached, (extract(epoch FROM bounds[1]::timestamptz) * 1000)::float8 AS from_ms,
          (extract(epoch FROM bounds[2]::timestamptz) * 1000)::float8 AS to_ms
        FROM (SELECT format('%s.%s', n.nspname, c.relname) AS name, i.inhdetachpending AS is_detached,
            regexp_match(pg_get_expr(c.relpartbound, c.oid), $p$FROM \\('([^']+)'\\) TO \\('([^']+)'\\)$p$) AS bounds
          FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE i.inhparent = to_regclass($1)) p
        WHERE bounds IS NOT NULL OR is_detached`,
    },
    [quoteName(table)],
  );
  return rows.map(({ name, is_detached, from_ms, to_ms }) => ({
    name,
    fromMs: from_ms ?? Number.NEGATIVE_INFINITY,
    toMs: to_ms ?? Number.NEGATIVE_INFINITY,
    isDetached: is_detached,
  }));
}

interface PartitionRow {
  readonly name: string;
  readonly is_detached: boolean;
  readonly from_ms: number | null;
  readonly to_ms: number | null;
}

/** Makes those that are still missing, all in one transaction; gives back which these were. */
async function createPartitions(
  postgres: Postgres,
  table: string,
  spans: readonly Span[],
): Promise<string[]> {
  if (spans.length === 0) return [];
  return await postgres.transaction(async (transaction) => {
    await transaction.query({ text: 'SELECT pg_advisory_xact_lock(hashtext($1))' }, [`loadline ${table}`]);
    const known = await readPartitions(transaction, table);
    // Somebody may have been quicker while we waited for the lock.
    const missing = spans.filter((span) => !known.some((partition) => doOverlap(partition, span)));
    if (missing.length > 0)
      await transaction.query({ text: missing.map((span) => makeText(table, span)).join(';\n') });
    return missing.map(({ suffix }) => suffix);
  });
}

function makeText(table: string, { suffix, fromMs, toMs }: Span): string {
  const [partition, parent] = [quoteName(`${table}_${suffix}`), quoteName(table)];
  return `CREATE TABLE ${partition} (LIKE ${parent} INCLUDING DEFAULTS);
    ALTER TABLE ${parent} ATTACH PARTITION ${partition} FOR VALUES FROM ('${isoOf(fromMs)}') TO ('${isoOf(toMs)}')`;
}

/** Whether it is gone. */
async function dropPartition(postgres: Postgres, table: string, partition: Partition): Promise<boolean> {
  const [quoted, parent] = [quoteName(partition.name), quoteName(table)];
  try {
    // Not within a transaction: it commits in between, so that who reads the table now can end in peace. One who
    // was stopped there has left the partition half detached.
    const how = partition.isDetached ? 'FINALIZE' : 'CONCURRENTLY';
    await postgres.query({ text: `COMMENT ON TABLE ${quoted} IS '${commentOf(table)}'` });
    await postgres.query({ text: `ALTER TABLE ${parent} DETACH PARTITION ${quoted} ${how}` });
    await postgres.query({ text: `DROP TABLE IF EXISTS ${quoted}` });
    return true;
  } catch (error) {
    const { rows } = await postgres.query<{ is_there: boolean }>(
      { text: 'SELECT to_regclass($1) IS NOT NULL AS is_there' },
      [quoted],
    );
    // Another instance has dropped it, or is about to.
    if (rows[0]?.is_there === false || isBusy(error)) return rows[0]?.is_there === false;
    throw error;
  }
}

/** What was detached by somebody who was stopped before dropping it; nothing but its comment tells of it. */
async function readOrphans(queryable: Queryable, table: string): Promise<string[]> {
  const { rows } = await queryable.query<{ name: string }>(
    {
      name: 'loadline partitions orphans',
      text: `SELECT format('%s.%s', n.nspname, c.relname) AS name
        FROM pg_description d JOIN pg_class c ON c.oid = d.objoid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE d.classoid = 'pg_class'::regclass AND d.objsubid = 0 AND d.description = $1 AND NOT c.relispartition`,
    },
    [commentOf(table)],
  );
  return rows.map(({ name }) => name);
}

function commentOf(table: string): string {
  return `A partition of ${table} past retention: loadline drops it.`.replaceAll("'", '');
}

function isBusy(error: unknown): boolean {
  if (isLoadlineError(error, 'POSTGRES_LOCK_TIMEOUT') || isLoadlineError(error, 'POSTGRES_CONFLICT'))
    return true;
  if (isLoadlineError(error, 'POSTGRES_STATEMENT_TIMEOUT')) return true;
  // Being detached by somebody else: 55000 is "already pending detach", 42P01 "is not a partition".
  return isLoadlineError(error) && ['55000', '42P01'].includes(String(error.facts.sqlState));
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
