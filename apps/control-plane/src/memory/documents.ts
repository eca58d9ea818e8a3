/** Small things that survive a restart, by their kind and id. The port; its drivers stand beside it. */
export interface Documents {
  /** Everything of a kind, in no order. */
  list(kind: DocumentKind): Promise<readonly StoredDocument[]>;
  /** Remembers a document, instead of what had its id. It survives whatever comes once this has resolved. */
  put(kind: DocumentKind, id: string, body: unknown): Promise<void>;
  /** Forgets a document; that there is none is no error. */
  remove(kind: DocumentKind, id: string): Promise<void>;
}

export type DocumentKind = 'key' | 'schedule' | 'instance' | 'profile';

export interface StoredDocument {
  readonly id: string;
  readonly body: unknown;
}

/** Remembers until the process ends. For tests. */
export function createMemoryDocuments(): Documents {
  const kinds = new Map<DocumentKind, Map<string, string>>();
  const of = (kind: DocumentKind): Map<string, string> => {
    const known = kinds.get(kind) ?? new Map<string, string>();
    kinds.set(kind, known);
    return known;
  };
  return {
    list: async (kind) => [...of(kind)].map(([id, text]) => ({ id, body: JSON.parse(text) as unknown })),
    put: async (kind, id, body) => void of(kind).set(id, JSON.stringify(body)),
    remove: async (kind, id) => void of(kind).delete(id),
  };
}
