import type { TestRecord } from './test-record.ts';

/** Which tests are asked for. */
export interface HistoryFilter {
  readonly state?: string | undefined;
  readonly verdict?: string | undefined;
  readonly name?: string | undefined;
  readonly target?: string | undefined;
  /** ISO 8601; from this time on. */
  readonly from?: string | undefined;
  /** ISO 8601; before this time. */
  readonly to?: string | undefined;
}

export interface HistoryPage {
  readonly items: readonly TestRecord[];
  readonly nextCursor: string | undefined;
}

/**
 * A page of tests, the newest first. A cursor is the id of the last test of the page before: what is added meanwhile
 * moves nothing. Pure.
 *
 * @param records in the order of their ids, which is that of time.
 */
export function pageOf(
  records: readonly TestRecord[],
  filter: HistoryFilter,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): HistoryPage {
  const fits = fitting(filter);
  const found: TestRecord[] = [];
  for (let index = records.length - 1; index >= 0 && found.length <= limit; index--) {
    const record = records[index] as TestRecord;
    if ((cursor === undefined || record.id < cursor) && fits(record)) found.push(record);
  }
  const items = found.slice(0, limit);
  return { items, nextCursor: found.length > limit ? items.at(-1)?.id : undefined };
}

function fitting({ state, verdict, name, target, from, to }: HistoryFilter): (record: TestRecord) => boolean {
  const fromMs = from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(from);
  const toMs = to === undefined ? Number.POSITIVE_INFINITY : Date.parse(to);
  return (record) => {
    const createdMs = Date.parse(record.createdAt);
    return (
      (state === undefined || record.state === state) &&
      (verdict === undefined || record.verdict === verdict) &&
      (name === undefined || record.name === name) &&
      (target === undefined || record.target === target) &&
      createdMs >= fromMs &&
      createdMs < toMs
    );
  };
}
