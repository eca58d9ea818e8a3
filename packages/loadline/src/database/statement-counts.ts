import { isLoadlineError } from '../base/index.ts';
import type { Postgres, Queryable } from '../postgres/index.ts';
import { withoutValues } from './statement-text.ts';

/** What pg_stat_statements has counted for one statement since its statistics began. */
export interface StatementCounts {
  /** Names a statement of a user in this database, as long as the server is not upgraded. */
  readonly id: string;
  /** It ran within a function, whose statement has its time as well. */
  readonly isNested: boolean;
  readonly calls: number;
  readonly totalMs: number;
  readonly rows: number;
  /** Pages of 8 KiB that were found in the server's memory, and that were not. */
  readonly blocksHit: number;
  readonly blocksRead: number;
  /** Pages that were written to disk because a sort or a hash had too little memory. */
  readonly temporaryBlocks: number;
}

/** What pg_stat_statements has counted until now, by statement; at most 20,000 of them. */
export interface StatementReading {
  readonly kind: 'read';
  /** The server's clock, in milliseconds since the epoch. */
  readonly atMs: number;
  /** Since when it counts; undefined where the server does not tell. */
  readonly sinceMs: number | undefined;
  readonly statements: ReadonlyMap<string, StatementCounts>;
  /** How often the server had to forget statements, because they were too many for its table. */
  readonly forgotten: number;
  /** Statements of other users, which this role may not see. */
  readonly hidden: number;
}

/** Why there is nothing to read, and what to do about it. */
export interface StatementsMissing {
  readonly kind: 'missing';
  readonly because: string;
  readonly remedy: string;
}

/** Far above what the extension keeps by default, 5,000. */
const statementsMax = 20_000;

/**
 * Reads the counts of the database's statements, without their texts: the server then need not read its file of
 * texts. One short transaction that only reads. Our own statements are among them.
 *
 * @throws POSTGRES_… errors.
 */
export async function readStatements(postgres: Postgres): Promise<StatementReading | StatementsMissing> {
  try {
    return await postgres.transaction(
      async (transaction) => {
        const found = await findExtension(transaction);
        return found.kind === 'missing' ? found : read(transaction, found.schema);
      },
      { readOnly: true },
    );
  } catch (error) {
    // Not within the transaction: one of which a statement has failed cannot end well.
    if (isLoadlineError(error) && error.facts.sqlState === notLoaded) return notLoadedAnswer;
    throw error;
  }
}

/**
 * The texts of statements, with no value in them and cut; those that are gone meanwhile are left out.
 *
 * @throws POSTGRES_… errors.
 */
export async function readTexts(
  postgres: Postgres,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  return postgres.transaction(
    async (transaction) => {
      const found = await findExtension(transaction);
      if (found.kind === 'missing') return new Map();
      const { rows } = await transaction.query<{ id: string; text: string }>(
        {
          text: `
            SELECT ${idSql} AS id, left(query, ${textReadMax}) AS text
            FROM ${found.schema}.pg_stat_statements(true)
            WHERE dbid = ${thisDatabase} AND ${idSql} = ANY ($1)`,
        },
        [ids],
      );
      return new Map(rows.map(({ id, text }) => [id, withoutValues(text)]));
    },
    { readOnly: true },
  );
}

/** A text may be a megabyte long; the value that a cut goes through is hidden as the others are. */
const textReadMax = 10_000;
const thisDatabase = '(SELECT oid FROM pg_database WHERE datname = current_database())';
const idSql = "userid::text || '.' || queryid::text || CASE WHEN toplevel THEN '' ELSE '.nested' END";

/** Object not in prerequisite state: the library is not among those that the server has loaded at its start. */
const notLoaded = '55000';
const notLoadedAnswer: StatementsMissing = {
  kind: 'missing',
  because: 'the server was started without pg_stat_statements',
  remedy: "set shared_preload_libraries = 'pg_stat_statements' and restart the server",
};

async function findExtension(
  transaction: Queryable,
): Promise<{ readonly kind: 'found'; readonly schema: string } | StatementsMissing> {
  const { rows } = await transaction.query<{ version: string; schema: string }>({
    text: `
      SELECT extversion AS version, quote_ident(nspname) AS schema
      FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
      WHERE extname = 'pg_stat_statements'`,
  });
  const [extension] = rows;
  if (extension === undefined) {
    return {
      kind: 'missing',
      because: 'the extension pg_stat_statements is not in this database',
      remedy:
        "set shared_preload_libraries = 'pg_stat_statements', restart the server, and run CREATE EXTENSION pg_stat_statements",
    };
  }
  // 1.9 came with PostgreSQL 14, and tells statements of functions from those that were sent.
  if (isBefore(extension.version, [1, 9])) {
    return {
      kind: 'missing',
      because: `pg_stat_statements is of version ${extension.version}, and 1.9 is needed`,
      remedy: 'run ALTER EXTENSION pg_stat_statements UPDATE on PostgreSQL 14 or newer',
    };
  }
  return { kind: 'found', schema: extension.schema };
}

function isBefore(version: string, [major, minor]: readonly [number, number]): boolean {
  const [foundMajor = 0, foundMinor = 0] = version.split('.').map(Number);
  return foundMajor < major || (foundMajor === major && foundMinor < minor);
}

interface Row {
  readonly id: string;
  readonly is_nested: boolean;
  readonly calls: number;
  readonly total_ms: number;
  readonly rows: number;
  readonly blocks_hit: number;
  readonly blocks_read: number;
  readonly temporary_blocks: number;
}

interface Info {
  readonly at_ms: number;
  readonly since_ms: number | null;
  readonly forgotten: number;
  readonly hidden: number;
}

/** Doubles, because the client gives whole numbers of 64 bits as text. */
async function read(transaction: Queryable, schema: string): Promise<StatementReading> {
  const { rows: infos } = await transaction.query<Info>({
    text: `
      SELECT 1000 * extract(epoch FROM clock_timestamp())::float8 AS at_ms,
        1000 * extract(epoch FROM stats_reset)::float8 AS since_ms,
        dealloc::float8 AS forgotten,
        (SELECT count(*) FROM ${schema}.pg_stat_statements(false)
          WHERE dbid = ${thisDatabase} AND queryid IS NULL)::float8 AS hidden
      FROM ${schema}.pg_stat_statements_info`,
  });
  const { rows } = await transaction.query<Row>({
    text: `
      SELECT ${idSql} AS id, NOT toplevel AS is_nested, calls::float8, total_exec_time AS total_ms, rows::float8,
        shared_blks_hit::float8 AS blocks_hit, shared_blks_read::float8 AS blocks_read,
        temp_blks_written::float8 AS temporary_blocks
      FROM ${schema}.pg_stat_statements(false)
      WHERE dbid = ${thisDatabase} AND queryid IS NOT NULL
      ORDER BY total_exec_time DESC
      LIMIT ${statementsMax}`,
  });
  const info = infos[0] as Info;
  return {
    kind: 'read',
    atMs: info.at_ms,
    sinceMs: info.since_ms ?? undefined,
    statements: new Map(rows.map((row) => [row.id, countsOf(row)])),
    forgotten: info.forgotten,
    hidden: info.hidden,
  };
}

function countsOf(row: Row): StatementCounts {
  return {
    id: row.id,
    isNested: row.is_nested,
    calls: row.calls,
    totalMs: row.total_ms,
    rows: row.rows,
    blocksHit: row.blocks_hit,
    blocksRead: row.blocks_read,
    temporaryBlocks: row.temporary_blocks,
  };
}
