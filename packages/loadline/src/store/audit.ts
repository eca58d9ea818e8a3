import type { Queryable } from '../postgres/index.ts';
import { writeJson } from './json.ts';
import { type Page, type PageRequest, readPage } from './page.ts';

/** Who changed what: entries are added, never changed and never removed but with their month, past retention. */
export interface Audit {
  /** @throws STORE_TOO_LARGE where `detail` is above 64 KiB of JSON. */
  append(entry: AuditEntry): Promise<AuditRecord>;
  /** The newest first. @throws STORE_QUERY_INVALID where `limit` or `after` is none of ours. */
  list(filter?: AuditFilter): Promise<Page<AuditRecord>>;
}

/** What somebody has done, or has tried to. */
export interface AuditEntry {
  /** Who: a key's name, a schedule, the scaler. */
  readonly actor: string;
  /** What: `tests.start`, `keys.revoke`. */
  readonly action: string;
  /** Which: an id or a name. */
  readonly target?: string;
  /** What came of it: `done`, `refused`, `failed`. */
  readonly outcome: string;
  /** From where: a network address. */
  readonly address?: string;
  /** Whatever else; at most 64 KiB of JSON. Never a secret. */
  readonly detail?: unknown;
}

/** An entry as it is kept: `atMs` is the moment by the database's clock. */
export interface AuditRecord extends AuditEntry {
  readonly id: string;
  readonly atMs: number;
}

/** Which entries; all that is given must hold. The time is from `fromMs` to before `toMs`. */
export interface AuditFilter extends PageRequest {
  readonly actor?: string;
  readonly action?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** The audit log of one database. */
export function createAudit(queryable: Queryable): Audit {
  return {
    async append(entry) {
      const { actor, action, target = null, outcome, address = null, detail } = entry;
      const json = detail === undefined ? null : writeJson(detail, 'keep an audit entry', detailBytesMax);
      const values = [actor, action, target, outcome, address, json];
      const { rows } = await queryable.query<Row>(append, values);
      return toRecord(rows[0] as Row);
    },
    list: ({ actor, action, fromMs, toMs, ...page } = {}) =>
      readPage(queryable, source, page, [
        ['actor = ?', actor],
        ['action = ?', action],
        ['at >= to_timestamp(?::float8 / 1000)', fromMs],
        ['at < to_timestamp(?::float8 / 1000)', toMs],
      ]),
  };
}

const detailBytesMax = 64 * 1024;

const append = {
  name: 'store audit append',
  text: `INSERT INTO audit_log (actor, action, target, outcome, address, detail)
    VALUES ($1, $2, $3, $4, $5, $6::jsonb) RETURNING *`,
} as const;

interface Row {
  readonly id: string;
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly target: string | null;
  readonly outcome: string;
  readonly address: string | null;
  readonly detail: unknown;
}

const source = {
  table: 'audit_log',
  columns: 'id, at, actor, action, target, outcome, address, detail',
  time: 'at',
  toItem: toRecord,
} as const;

function toRecord({ id, at, actor, action, target, outcome, address, detail }: Row): AuditRecord {
  return {
    id,
    atMs: at.getTime(),
    actor,
    action,
    ...(target === null ? {} : { target }),
    outcome,
    ...(address === null ? {} : { address }),
    ...(detail === null ? {} : { detail }),
  };
}
