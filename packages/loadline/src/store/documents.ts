import type { Queryable } from '../postgres/index.ts';
import { storeError } from './errors.ts';
import { writeJson } from './json.ts';

/**
 * Small state of the control plane, a JSON value under a kind and an id: alert states, rules, silences, incidents,
 * keys, schedules, configurations, instances. Whoever changes one says which version they have seen.
 */
export interface Documents {
  get(kind: string, id: string): Promise<Document | undefined>;
  /**
   * Writes one, with the next version.
   *
   * @throws STORE_TOO_LARGE above 1 MiB of JSON, STORE_QUERY_INVALID where kind or id is too short or too long.
   */
  put(kind: string, id: string, body: unknown, options?: PutOptions): Promise<PutOutcome>;
  /** Whether there was one of this version to remove. */
  remove(kind: string, id: string, options?: PutOptions): Promise<boolean>;
  /**
   * Puts and removes many, all of them or none, whatever their versions are. Of several changes of one document the last
   * counts.
   *
   * @throws STORE_TOO_LARGE where one is above 1 MiB of JSON, and above 64 MiB in all; STORE_QUERY_INVALID as `put`.
   */
  change(changes: readonly DocumentChange[]): Promise<void>;
  /** All of a kind by their ids, a part at a time. @throws STORE_QUERY_INVALID where `limit` is none of ours. */
  list(kind: string, options?: ListOptions): Promise<readonly Document[]>;
  /** Removes what is too much of those whose id begins so, and says how many that was. */
  trim(kind: string, prefix: string, excess: Excess): Promise<number>;
}

/** Which part of the documents of a kind. */
export interface ListOptions {
  /** 1 to 10,000, default 1,000. */
  readonly limit?: number;
  /** Between these ids, without them: the last of the part before. */
  readonly after?: string;
  readonly before?: string;
  /** The highest id first. */
  readonly isDescending?: boolean;
}

/** What is too much among the ids of a prefix: what either of the two says. */
export interface Excess {
  /** Those with a lower id. */
  readonly below: string;
  /** Those beyond so many, at least 1; the highest ids stay. */
  readonly keep: number;
}

/** A JSON value with its place: a kind of 1 to 50 characters and an id of 1 to 200. */
export interface Document {
  readonly kind: string;
  readonly id: string;
  readonly body: unknown;
  /** 1, and one more with each change. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** A document as it is to be, or `body` undefined where it is to be gone. */
export type DocumentChange = Pick<Document, 'kind' | 'id'> & { readonly body: unknown };

/** What a document may replace. */
export interface PutOptions {
  /** Only where this is the version that is there, 0 for none; otherwise whatever is there. */
  readonly ifVersion?: number;
}

/** Whether the document was written, or had another version than the one that was to be replaced. */
export type PutOutcome =
  | { readonly outcome: 'stored'; readonly document: Document }
  /** Somebody was quicker: `found` is what is there now. */
  | { readonly outcome: 'conflict'; readonly found: Document | undefined };

/** The documents of one database. */
export function createDocuments(queryable: Queryable): Documents {
  const documents: Documents = {
    async get(kind, id) {
      const { rows } = await queryable.query<Row>(statements.get, [kind, id]);
      return rows.map(toDocument)[0];
    },

    async put(kind, id, body, { ifVersion } = {}) {
      checkName(kind, id);
      const json = writeJson(body, `keep the document ${kind}/${id}`, documentBytesMax);
      const { rows } =
        ifVersion === undefined
          ? await queryable.query<Row>(statements.put, [kind, id, json])
          : ifVersion === 0
            ? await queryable.query<Row>(statements.add, [kind, id, json])
            : await queryable.query<Row>(statements.change, [kind, id, json, ifVersion]);
      const stored = rows.map(toDocument)[0];
      if (stored !== undefined) return { outcome: 'stored', document: stored };
      return { outcome: 'conflict', found: await documents.get(kind, id) };
    },

    async remove(kind, id, { ifVersion } = {}) {
      const { rowCount } = await queryable.query(statements.remove, [kind, id, ifVersion ?? null]);
      return rowCount === 1;
    },

    async change(changes) {
      const last = new Map(changes.map((change) => [JSON.stringify([change.kind, change.id]), change]));
      if (last.size > 0) await queryable.query(statements.changeAll, partsOf([...last.values()]));
    },

    async list(kind, { limit = 1000, after = '', before = endOf(''), isDescending = false } = {}) {
      if (!Number.isInteger(limit) || limit < 1 || limit > listMax) {
        throw storeError(
          'STORE_QUERY_INVALID',
          `Cannot list documents: limit must be 1 to ${listMax}, got ${limit}.`,
        );
      }
      const statement = isDescending ? statements.listDescending : statements.list;
      const { rows } = await queryable.query<Row>(statement, [kind, after, before, limit]);
      return rows.map(toDocument);
    },

    async trim(kind, prefix, { below, keep }) {
      const { rowCount } = await queryable.query(statements.trim, [
        kind,
        prefix,
        endOf(prefix),
        below,
        keep - 1,
      ]);
      return rowCount ?? 0;
    },
  };
  return documents;
}

/** Above everything that begins so: ids are compared byte by byte. */
function endOf(prefix: string): string {
  return `${prefix}\u{10FFFF}`;
}

/** What to put and what to remove, each as a JSON array. */
function partsOf(changes: readonly DocumentChange[]): readonly [puts: string, removals: string] {
  const puts: string[] = [];
  const removals: Pick<Document, 'kind' | 'id'>[] = [];
  let bytes = 0;
  for (const { kind, id, body } of changes) {
    checkName(kind, id);
    if (body === undefined) {
      removals.push({ kind, id });
      continue;
    }
    const json = writeJson(body, `keep the document ${kind}/${id}`, documentBytesMax);
    bytes += Buffer.byteLength(json);
    puts.push(`{"kind":${JSON.stringify(kind)},"id":${JSON.stringify(id)},"body":${json}}`);
  }
  if (bytes <= changeBytesMax) return [`[${puts.join()}]`, JSON.stringify(removals)];
  throw storeError(
    'STORE_TOO_LARGE',
    `Cannot keep ${puts.length} documents at once: they have ${bytes} bytes as JSON, and ${changeBytesMax} are taken.`,
    { facts: { bytes, bytesMax: changeBytesMax } },
  );
}

const documentBytesMax = 1024 * 1024;
const changeBytesMax = 64 * documentBytesMax;
const listMax = 10_000;

interface Row {
  readonly kind: string;
  readonly id: string;
  readonly body: unknown;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

function toDocument({ kind, id, body, version, created_at, updated_at }: Row): Document {
  return { kind, id, body, version, createdAtMs: created_at.getTime(), updatedAtMs: updated_at.getTime() };
}

function checkName(kind: string, id: string): void {
  if (kind !== '' && kind.length <= 50 && id !== '' && id.length <= 200) return;
  throw storeError(
    'STORE_QUERY_INVALID',
    `Cannot keep a document: kind must have 1 to 50 characters and id 1 to 200, got ${kind.length} and ${id.length}.`,
  );
}

const statements = {
  get: { name: 'store documents get', text: 'SELECT * FROM documents WHERE kind = $1 AND id = $2' },
  put: {
    name: 'store documents put',
    text: `INSERT INTO documents AS d (kind, id, body) VALUES ($1, $2, $3::jsonb)
      ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, version = d.version + 1, updated_at = now() RETURNING *`,
  },
  add: {
    name: 'store documents add',
    text: 'INSERT INTO documents (kind, id, body) VALUES ($1, $2, $3::jsonb) ON CONFLICT DO NOTHING RETURNING *',
  },
  change: {
    name: 'store documents change',
    text: `UPDATE documents SET body = $3::jsonb, version = version + 1, updated_at = now()
      WHERE kind = $1 AND id = $2 AND version = $4 RETURNING *`,
  },
  remove: {
    name: 'store documents remove',
    text: 'DELETE FROM documents WHERE kind = $1 AND id = $2 AND ($3::int IS NULL OR version = $3)',
  },
  /** One statement is whole by itself, and one way to the server and back. */
  changeAll: {
    name: 'store documents change all',
    text: `WITH removed AS (
        DELETE FROM documents d USING jsonb_array_elements($2::jsonb) r WHERE d.kind = r->>'kind' AND d.id = r->>'id')
      INSERT INTO documents AS d (kind, id, body)
        SELECT p->>'kind', p->>'id', p->'body' FROM jsonb_array_elements($1::jsonb) p
      ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, version = d.version + 1, updated_at = now()`,
  },
  list: {
    name: 'store documents list',
    text: 'SELECT * FROM documents WHERE kind = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4',
  },
  listDescending: {
    name: 'store documents list descending',
    text: 'SELECT * FROM documents WHERE kind = $1 AND id > $2 AND id < $3 ORDER BY id DESC LIMIT $4',
  },
  trim: {
    name: 'store documents trim',
    text: `DELETE FROM documents WHERE kind = $1 AND id >= $2 AND id < $3 AND id < greatest($4, (
      SELECT id FROM documents WHERE kind = $1 AND id >= $2 AND id < $3 ORDER BY id DESC OFFSET $5 LIMIT 1))`,
  },
} as const;
