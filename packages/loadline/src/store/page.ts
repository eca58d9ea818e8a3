import type { Queryable } from '../postgres/index.ts';
import { storeError } from './errors.ts';

/** Which part of a list, newest first. */
export interface PageRequest {
  /** 1 to 500; default 50. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: string;
}

/** A part of a list. Later pages cost what the first does: they begin at a key, not at a number. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** For `after`; undefined on the last page. */
  readonly next: string | undefined;
}

/** Where a list comes from. */
export interface PageSource<Row, Item> {
  readonly table: string;
  /** As they stand after SELECT. */
  readonly columns: string;
  /** The column that the list is ordered by, together with `id`. */
  readonly time: string;
  toItem(row: Row): Item;
}

/** A condition with `?` for its value; without a value it does not count. */
export type Filter = readonly [condition: string, value: unknown];

/** Reads one page, newest first. @throws STORE_QUERY_INVALID where `limit` or `after` is none of ours. */
export async function readPage<Row extends object, Item>(
  queryable: Queryable,
  source: PageSource<Row, Item>,
  { limit = 50, after }: PageRequest,
  filters: readonly Filter[] = [],
): Promise<Page<Item>> {
  if (!Number.isInteger(limit) || limit < 1 || limit > pageMax) {
    throw storeError(
      'STORE_QUERY_INVALID',
      `Cannot read a page: limit must be 1 to ${pageMax}, got ${limit}.`,
    );
  }
  const { table, columns, time, toItem } = source;
  const values: unknown[] = [];
  const hold = (value: unknown): string => `$${values.push(value)}`;
  const conditions = filters
    .filter(([, value]) => value !== undefined)
    .map(([condition, value]) => condition.replace('?', () => hold(value)));
  if (after !== undefined) {
    const { timeUs, id } = readCursor(after);
    conditions.push(
      `(${time}, id) < (to_timestamp(0) + ${hold(timeUs)}::bigint * interval '1 us', ${hold(id)}::uuid)`,
    );
  }
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const text = `SELECT ${columns}, id::text AS cursor_id, (extract(epoch FROM ${time}) * 1000000)::bigint::text AS cursor_us
    FROM ${table} ${where} ORDER BY ${time} DESC, id DESC LIMIT ${hold(limit + 1)}`;
  const { rows } = await queryable.query<Row & Cursor>({ text }, values);
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    items: rows.slice(0, limit).map(toItem),
    next: last === undefined ? undefined : writeCursor(last),
  };
}

/** Whoever shows 500 of something shows too much. */
const pageMax = 500;

interface Cursor {
  readonly cursor_id: string;
  readonly cursor_us: string;
}

function writeCursor({ cursor_us, cursor_id }: Cursor): string {
  return Buffer.from(`${cursor_us}.${cursor_id}`, 'latin1').toString('base64url');
}

/** Believes nothing: it has been outside. */
function readCursor(after: string): { timeUs: string; id: string } {
  const text = after.length > 100 ? '' : Buffer.from(after, 'base64url').toString('latin1');
  const [timeUs = '', id = '', ...more] = text.split('.');
  if (!/^\d{1,17}$/.test(timeUs) || !isId(id) || more.length > 0) {
    throw storeError(
      'STORE_QUERY_INVALID',
      'Cannot read a page: `after` is not the `next` of a page before.',
    );
  }
  return { timeUs, id };
}

/** Whether a text can be the id of anything here. */
export function isId(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}
