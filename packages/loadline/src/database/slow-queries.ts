import type { Postgres } from '../postgres/index.ts';
import { compareStatements, type StatementRow, type StatementUse } from './slow-statements.ts';
import {
  readStatements,
  readTexts,
  type StatementReading,
  type StatementsMissing,
} from './statement-counts.ts';

/** What was slow, with texts. */
export interface SlowQueries extends Omit<StatementUse, 'byTotalTime' | 'byMeanTime'> {
  readonly kind: 'read';
  readonly byTotalTime: readonly SlowQuery[];
  readonly byMeanTime: readonly SlowQuery[];
}

/** What one statement cost between two looks, with its text. */
export interface SlowQuery extends StatementRow {
  /** With `$1` or `?` for each value; undefined where the server has forgotten it meanwhile. */
  readonly text: string | undefined;
}

/** Looks at what one database does, each time since the time before. */
export interface SlowQueryWatch {
  /**
   * What statements cost since the last look, and at the first since the server began to count. Looks of several
   * callers at once follow each other.
   *
   * @throws POSTGRES_… errors; the next look then covers the time of this one too.
   */
  look(): Promise<SlowQueries | StatementsMissing>;
}

/** @param limit statements in each list, 20 by default. */
export function watchSlowQueries(postgres: Postgres, limit = 20): SlowQueryWatch {
  let before: StatementReading | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function look(): Promise<SlowQueries | StatementsMissing> {
    const after = await readStatements(postgres);
    if (after.kind === 'missing') {
      before = undefined;
      return after;
    }
    const use = compareStatements(before, after, limit);
    const ids = new Set([...use.byTotalTime, ...use.byMeanTime].map(({ id }) => id));
    const texts = await readTexts(postgres, [...ids]);
    before = after;
    const withText = (row: StatementRow): SlowQuery => ({ ...row, text: texts.get(row.id) });
    return {
      ...use,
      kind: 'read',
      byTotalTime: use.byTotalTime.map(withText),
      byMeanTime: use.byMeanTime.map(withText),
    };
  }

  return {
    look() {
      const turn = last.then(look);
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}
