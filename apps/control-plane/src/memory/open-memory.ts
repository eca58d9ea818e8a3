import { join } from 'node:path';
import type { Clock } from 'loadline/base';
import { createPostgres } from 'loadline/postgres';
import { openStore } from 'loadline/store';
import type { AuditEntry } from '../contract/index.ts';
import type { Documents } from './documents.ts';
import { createFileDocuments } from './file-documents.ts';
import { openFileJournal } from './file-journal.ts';
import type { Journal } from './journal.ts';
import { createStoreDocuments, createStoreJournal } from './store-memory.ts';

/** Where everything is remembered, until it is closed. */
export interface Memory {
  readonly documents: Documents;
  readonly journal: Journal<AuditEntry>;
  close(): Promise<void>;
}

/** Opens PostgreSQL where there is an address of one, and files at home where there is none. */
export async function openMemory(options: {
  readonly home: string;
  readonly clock: Clock;
  readonly databaseUrl: string | undefined;
}): Promise<Memory> {
  const { home, clock, databaseUrl } = options;
  if (databaseUrl === undefined) {
    return {
      documents: createFileDocuments(join(home, 'documents')),
      journal: await openFileJournal<AuditEntry>(join(home, 'audit.jsonl')),
      close: async () => undefined,
    };
  }
  const postgres = createPostgres({ url: databaseUrl, applicationName: 'loadline control plane' });
  try {
    const store = await openStore(postgres, { clock, name: 'control plane' });
    return {
      documents: createStoreDocuments(store),
      journal: createStoreJournal(store),
      async close() {
        await store.close();
        await postgres.close();
      },
    };
  } catch (error) {
    await postgres.close();
    throw error;
  }
}
