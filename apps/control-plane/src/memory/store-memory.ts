import type { Store } from 'loadline/store';
import type { AuditEntry } from '../contract/index.ts';
import type { DocumentKind, Documents, StoredDocument } from './documents.ts';
import type { Journal } from './journal.ts';

/** Whoever asks without a key. */
const nobody = 'nobody';

const partMax = 1000;

/** Remembers in PostgreSQL. */
export function createStoreDocuments({ documents }: Pick<Store, 'documents'>): Documents {
  return {
    async list(kind: DocumentKind) {
      const found: StoredDocument[] = [];
      for (;;) {
        const after = found.at(-1)?.id;
        const part = await documents.list(kind, {
          limit: partMax,
          ...(after === undefined ? {} : { after }),
        });
        found.push(...part.map(({ id, body }) => ({ id, body })));
        if (part.length < partMax) return found;
      }
    },
    put: async (kind, id, body) => void (await documents.put(kind, id, body)),
    remove: async (kind, id) => void (await documents.remove(kind, id)),
  };
}

/** The audit log in PostgreSQL: what others may ask there stands in columns, and the whole entry beside it. */
export function createStoreJournal({ audit }: Pick<Store, 'audit'>): Journal<AuditEntry> {
  return {
    async append(entry) {
      const { keyId = nobody, operation, path, outcome, from } = entry;
      await audit.append({
        actor: keyId,
        action: operation,
        target: path,
        outcome,
        address: from,
        detail: entry,
      });
    },
    async list({ limit, cursor, where = {} }) {
      const { items, next } = await audit.list({
        limit,
        ...(cursor === undefined ? {} : { after: cursor }),
        ...(where.keyId === undefined ? {} : { actor: where.keyId }),
        ...(where.operation === undefined ? {} : { action: where.operation }),
      });
      return { items: items.map(({ detail }) => detail as AuditEntry), nextCursor: next };
    },
  };
}
