import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { copyTable } from './copy.ts';
import { shiftTimes } from './shift.ts';
import { generatedTables } from './tables.ts';
import { createWorld } from './world.ts';

/** What to generate, and where. */
export interface PrepareOptions {
  readonly databaseUrl: string;
  /** Food posts, from 100. Default 100,000. */
  readonly posts?: number;
  /** Default 1. */
  readonly seed?: number;
  /** Called with the share that is done, 0 to 1, and with what is being done. */
  readonly onProgress?: (fraction: number, label: string) => void;
  readonly signal?: AbortSignal;
  /** The present, in milliseconds since the epoch. Default now. */
  readonly now?: number;
}

/** What the database holds now. */
export interface PreparedFoodshare {
  readonly posts: number;
  readonly seed: number;
  readonly users: number;
  readonly groups: number;
  /** False where the data was there already. */
  readonly generated: boolean;
  /** By how many days the times of older data were moved to the present. */
  readonly shiftedDays: number;
}

/** Raised when the same seed gives other data than before. */
const generatorVersion = 1;
const dayMs = 86_400_000;
const advisoryLock = 4_150_021;

/**
 * Makes the schema and generates its data, unless they are there. The same posts and seed are never generated
 * twice: on a later day all times move by whole days, so that what was available still is. Other posts, another
 * seed, or a schema that has changed since, start from nothing. Two at once wait for each other.
 *
 * 100,000 posts take seconds; ten million some minutes and 7 GB.
 */
export async function prepareFoodshare(options: PrepareOptions): Promise<PreparedFoodshare> {
  const { databaseUrl, posts = 100_000, seed = 1, signal, now = Date.now() } = options;
  signal?.throwIfAborted();
  // No time limits here: building an index over ten million rows takes what it takes, and the signal ends it.
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'foodshare-generator' });
  await client.connect();
  client.on('error', () => {});
  const onAbort = (): void => {
    client.connection.stream.destroy();
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await client.query('SELECT pg_advisory_lock($1)', [advisoryLock]);
    return await bringUp(client, { ...options, posts, seed, now });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await client.end().catch(() => {});
  }
}

type Settled = PrepareOptions & { readonly posts: number; readonly seed: number; readonly now: number };

async function bringUp(client: pg.Client, options: Settled): Promise<PreparedFoodshare> {
  const { posts, seed, now, onProgress } = options;
  const schema = await readSchema();
  const baseMs = Math.floor(now / dayMs) * dayMs;
  const found = await findGenerated(client);
  if (
    found !== undefined &&
    found.posts === posts &&
    found.seed === seed &&
    found.version === schema.version
  ) {
    const shiftedDays = Math.round((baseMs - found.baseMs) / dayMs);
    if (shiftedDays !== 0) await shiftTimes(client, shiftedDays, onProgress);
    onProgress?.(1, 'data is ready');
    return { posts, seed, users: found.users, groups: found.groups, generated: false, shiftedDays };
  }
  return await generate(client, options, schema, baseMs);
}

async function generate(
  client: pg.Client,
  { posts, seed, onProgress, signal }: Settled,
  schema: Schema,
  baseMs: number,
): Promise<PreparedFoodshare> {
  onProgress?.(0, 'drawing people and groups');
  await client.query(`${dropEverything};${schema.tables}`);
  const world = createWorld({ posts, seed });
  const tables = generatedTables(world, baseMs);
  const rowsExpected = tables.reduce((sum, table) => sum + table.rowsExpected, 0);
  let rowsDone = 0;
  for (const table of tables) {
    await copyTable(
      client,
      table,
      (rows) => {
        rowsDone += rows;
        onProgress?.(loadShare * Math.min(1, rowsDone / rowsExpected), `loading ${table.name}`);
      },
      signal,
    );
  }
  // Sorting in memory and two workers: a third of the time that the defaults take for ten million rows.
  await client.query(`SET maintenance_work_mem = '512MB'`);
  for (const [done, statement] of schema.rules.entries()) {
    onProgress?.(loadShare + (0.95 - loadShare) * (done / schema.rules.length), 'building keys and indexes');
    await client.query(statement);
  }
  onProgress?.(0.95, 'counting for the planner');
  await client.query('VACUUM (ANALYZE)');
  const { users, groups } = world;
  await client.query('INSERT INTO generated_data VALUES ($1, $2, $3, $4, $5, $6)', [
    posts,
    seed,
    schema.version,
    users.count,
    groups.count,
    new Date(baseMs),
  ]);
  onProgress?.(1, 'data is ready');
  return { posts, seed, users: users.count, groups: groups.count, generated: true, shiftedDays: 0 };
}

/** Of the whole time, what the loading takes; measured at a million posts. */
const loadShare = 0.7;

const dropEverything = `
  DROP VIEW IF EXISTS credit_audit;
  DROP MATERIALIZED VIEW IF EXISTS group_activity_summary;
  DROP TABLE IF EXISTS generated_data, moderation_actions, idempotent_requests, credit_movements, credit_accounts,
    reputation_events, ratings, exchanges, food_posts, group_partnerships, group_member_status, community_groups,
    user_global_reputation, users;
  DROP FUNCTION IF EXISTS refresh_group_activity_summary, carry_score_to_open_posts, distance_km`;

interface Schema {
  readonly tables: string;
  readonly rules: readonly string[];
  readonly version: string;
}

async function readSchema(): Promise<Schema> {
  const [tables, rules] = await Promise.all(
    ['tables.sql', 'rules.sql'].map((file) =>
      readFile(new URL(`../schema/${file}`, import.meta.url), 'utf8'),
    ),
  );
  const hash = createHash('sha256').update(`${generatorVersion}\n${tables}\n${rules}`);
  // One statement at a time shows progress. A statement ends at a semicolon before a line that begins another;
  // lines inside a function's body are indented or begin otherwise.
  const statements = (rules as string)
    .split(/;\n(?=\n|--|CREATE|ALTER|$)/)
    .filter((text) => text.trim() !== '');
  return { tables: tables as string, rules: statements, version: hash.digest('hex').slice(0, 16) };
}

interface Found {
  readonly posts: number;
  readonly seed: number;
  readonly version: string;
  readonly users: number;
  readonly groups: number;
  readonly baseMs: number;
}

/** The data set that is there; none where its mark is missing, which is written last. */
async function findGenerated(client: pg.Client): Promise<Found | undefined> {
  const { rows: exists } = await client.query(`SELECT to_regclass('generated_data') IS NOT NULL AS there`);
  if (exists[0]?.there !== true) return undefined;
  const { rows } = await client.query('SELECT * FROM generated_data');
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    posts: Number(row.posts),
    seed: Number(row.seed),
    version: row.version,
    users: Number(row.users),
    groups: Number(row.groups),
    baseMs: row.base_time.getTime(),
  };
}
