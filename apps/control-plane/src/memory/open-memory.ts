import { join } from 'node:path';
import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import type { Clock } from 'loadline/base';
import { createPostgres } from 'loadline/postgres';
import { openStore, type Store } from 'loadline/store';
import type { AuditEntry } from '../contract/index.ts';
import type { Documents } from './documents.ts';
import type { Journal } from './journal.ts';
import { createStoreDocuments, createStoreJournal } from './store-memory.ts';

/** Where everything is remembered, until it is closed. */
export interface Memory {
  readonly documents: Documents;
  readonly journal: Journal<AuditEntry>;
  readonly store: Store;
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

/** Opens the PostgreSQL whose address is given, or one of our own that keeps its data at home. */
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
      async close() {
        await store.close();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}
