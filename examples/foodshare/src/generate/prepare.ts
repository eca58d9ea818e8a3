import pg from 'pg';
import { foodshareError } from '../ground/errors.ts';
import { dropEverything, ownTables, readSchema, type Schema } from '../schema/schema.ts';
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
/** Longer than another generation of ten million takes. */
const lockTimeoutMs = 30 * 60_000;

/**
 * Makes the schema and generates its data, unless they are there. The same posts and seed are never generated
 * twice: on a later day all times move by whole days, so that what was available still is. Other posts, another
 * seed, or a schema that has changed since, start from nothing. Two at once wait for each other.
 *
 * 100,000 posts take seconds; ten million eight minutes on two busy cores, and 7 GB.
 */
export async function prepareFoodshare(options: PrepareOptions): Promise<PreparedFoodshare> {
  const { databaseUrl, posts = 100_000, seed = 1, signal, now = Date.now() } = options;
  signal?.throwIfAborted();
  assertSize(posts, seed);
  // No limit for a statement: building an index over ten million rows takes what it takes, and the signal ends it.
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'foodshare-generator',
    connectionTimeoutMillis: 5000,
    lock_timeout: lockTimeoutMs,
  });
  await client.connect();
  client.on('error', () => {});
  const onAbort = (): void => {
    client.connection.stream.destroy();
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await client.query('SELECT pg_advisory_lock($1)', [advisoryLock]);
    // Sorting in memory: building an index over ten million rows takes a third of the time then. And a server in
    // the middle of that notices when we are gone.
    await client.query(`SET maintenance_work_mem = '512MB'; SET client_connection_check_interval = '1s'`);
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
  const version = `${generatorVersion}-${schema.fingerprint}`;
  const baseMs = Math.floor(now / dayMs) * dayMs;
  const found = await findGenerated(client);
  if (found !== undefined && found.posts === posts && found.seed === seed && found.version === version) {
    const shiftedDays = Math.round((baseMs - found.baseMs) / dayMs);
    if (shiftedDays !== 0) await shiftTimes(client, shiftedDays, schema.summary, onProgress);
    onProgress?.(1, 'data is ready');
    return { posts, seed, users: found.users, groups: found.groups, generated: false, shiftedDays };
  }
  return await generate(client, options, { schema, version, baseMs });
}

async function generate(
  client: pg.Client,
  { posts, seed, onProgress, signal }: Settled,
  { schema, version, baseMs }: { schema: Schema; version: string; baseMs: number },
): Promise<PreparedFoodshare> {
  onProgress?.(0, 'drawing people and groups');
  // One text is one transaction: whenever there are tables of ours, so is their mark, if an empty one.
  await client.query(dropEverything + schema.tables);
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
  const statements = [...schema.rules, ...schema.summary];
  for (const [done, statement] of statements.entries()) {
    onProgress?.(loadShare + (0.95 - loadShare) * (done / statements.length), 'building keys and indexes');
    await client.query(statement);
  }
  onProgress?.(0.95, 'counting for the planner');
  await client.query('VACUUM (ANALYZE)');
  const { users, groups } = world;
  await client.query('INSERT INTO generated_data VALUES ($1, $2, $3, $4, $5, $6)', [
    posts,
    seed,
    version,
    users.count,
    groups.count,
    new Date(baseMs),
  ]);
  onProgress?.(1, 'data is ready');
  return { posts, seed, users: users.count, groups: groups.count, generated: true, shiftedDays: 0 };
}

/** Of the whole time, what the loading takes; measured at a million posts. */
const loadShare = 0.7;

interface Found {
  readonly posts: number;
  readonly seed: number;
  readonly version: string;
  readonly users: number;
  readonly groups: number;
  readonly baseMs: number;
}

/** The data set that is there; none where its mark is empty, which is filled last. */
async function findGenerated(client: pg.Client): Promise<Found | undefined> {
  const { rows: present } = await client.query<{ name: string }>(
    'SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL',
    [ownTables],
  );
  const names = present.map(({ name }) => name);
  if (names.length === 0) return undefined;
  if (!names.includes('generated_data')) {
    throw foodshareError(
      'FOODSHARE_DATABASE_FOREIGN',
      `Cannot prepare this database: it holds ${names.join(', ')}, which were not made here and would be dropped.`,
      { facts: { tables: names } },
    );
  }
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

function assertSize(posts: number, seed: number): void {
  const isSound = Number.isInteger(posts) && posts >= 100 && posts <= 1e8;
  if (isSound && Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return;
  throw foodshareError(
    'FOODSHARE_SIZE_INVALID',
    `Cannot generate ${posts} posts from seed ${seed}: both are whole numbers, the posts from 100 to 100,000,000.`,
    { facts: { posts, seed } },
  );
}
