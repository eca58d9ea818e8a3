import { join } from 'node:path';
import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { type Clock, isLoadlineError } from 'loadline/base';
import { createPostgres, type Postgres, postgresErrorTable } from 'loadline/postgres';
import { openStore, type Store } from 'loadline/store';
import type { AuditEntry } from '../contract/index.ts';
import { controlPlaneError } from '../problems/index.ts';
import type { Documents } from './documents.ts';
import type { Journal } from './journal.ts';
import { createStoreDocuments, createStoreJournal } from './store-memory.ts';

/** Where everything is remembered, until it is closed. */
export interface Memory {
  readonly documents: Documents;
  readonly journal: Journal<AuditEntry>;
  readonly store: Store;
  /** The database of all of it, for what stands in tables of its own. */
  readonly postgres: Postgres;
  close(): Promise<void>;
}

export interface MemoryOptions {
  readonly home: string;
  readonly clock: Clock;
  /** Of a PostgreSQL that is there; without one, one of our own is started at home. */
  readonly databaseUrl: string | undefined;
  /** Gives up a start that is under way. */
  readonly signal: AbortSignal;
}

/** More readers at once would only wait for each other, and keep the server's cores from whoever writes. */
const readersMax = 4;
const writersMax = 2;

/**
 * Opens the PostgreSQL whose address is given, or one of our own that keeps its data at home.
 *
 * @throws CONTROL_PLANE_START_REFUSED where the given one cannot be used.
 */
export async function openMemory(options: MemoryOptions): Promise<Memory> {
  const { home, clock, databaseUrl, signal } = options;
  const own =
    databaseUrl === undefined ? await startPostgres({ folder: join(home, 'postgres'), signal }) : undefined;
  const url = databaseUrl ?? (own as StartedPostgres).url;
  const postgres = createPostgres({
    url,
    applicationName: 'loadline control plane',
    connectionsMax: readersMax,
  });
  const writePostgres = createPostgres({
    url,
    applicationName: 'loadline control plane, samples',
    connectionsMax: writersMax,
  });
  const end = async (): Promise<void> => {
    await Promise.all([postgres.close(), writePostgres.close()]);
    await own?.stop();
  };
  try {
    const store = await openStore(postgres, { clock, writePostgres, name: 'control plane' });
    return {
      documents: createStoreDocuments(store),
      journal: createStoreJournal(store),
      store,
      postgres,
      async close() {
        await store.close();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw databaseUrl === undefined ? error : unusable(databaseUrl, error);
  }
}

/** The address stood in the environment: whoever reads this does not have it before their eyes. Its password is not shown. */
function unusable(databaseUrl: string, error: unknown): unknown {
  if (!isLoadlineError(error) || !isPostgresCode(error.code)) return error;
  const { host, pathname } = new URL(databaseUrl);
  const remedy =
    error.code === 'POSTGRES_STATEMENT_FAILED'
      ? 'Let its user make tables there, best as the owner of the database.'
      : postgresErrorTable[error.code].remedy;
  return controlPlaneError(
    'CONTROL_PLANE_START_REFUSED',
    `Cannot start the control plane with the PostgreSQL of DATABASE_URL, ${host}${pathname}. ${error.message} ${remedy}`,
    { cause: error, facts: { code: error.code } },
  );
}

function isPostgresCode(code: string): code is keyof typeof postgresErrorTable {
  return Object.hasOwn(postgresErrorTable, code);
}
