import { integerBetween, type Random } from '../../base/index.ts';
import type { DataTable } from './data-table.ts';

/** Which row of each data file a user works with. A row's number is all that is kept for a user. */
export interface DataRows {
  /** Picks the rows of a user's next iteration. */
  beginIteration(user: number, random: Random): void;
  /**
   * Finds a column once, so that its value is later had by two array reads. What is there to be called gives
   * undefined for a user without a row, and for a source or column that is not there.
   */
  resolve(source: string, column: string): (user: number) => string | undefined;
  /** Whether a source that gives each row once has none left. */
  readonly isExhausted: boolean;
}

/** Rows and how they are given out; `DataPick` of the plan says what each word means. */
export interface RowSource {
  readonly name: string;
  readonly table: DataTable;
  readonly pick: 'each' | 'sequential' | 'random' | 'once';
}

/**
 * One of several generators that give out the rows of the same files between them: of what is in order, it
 * has every `count`-th row from `index` on, so that together they give what one alone would have given.
 */
export interface RowShare {
  readonly index: number;
  readonly count: number;
}

export function createDataRows(
  sources: readonly RowSource[],
  share: RowShare = { index: 0, count: 1 },
): DataRows {
  const cursors = sources.map((source) => createCursor(source, share));
  const moving = cursors.filter((_, index) => sources[index]?.pick !== 'each');
  const finite = cursors.filter((_, index) => sources[index]?.pick === 'once');
  return {
    beginIteration(user, random) {
      for (const cursor of moving) cursor.pick(user, random);
    },
    resolve(name, column) {
      const sourceIndex = sources.findIndex((source) => source.name === name);
      const columnIndex = sources[sourceIndex]?.table.columns.indexOf(column) ?? -1;
      const cursor = cursors[sourceIndex];
      if (cursor === undefined || columnIndex < 0) return () => undefined;
      return (user) => cursor.rowOf(user)?.[columnIndex];
    },
    get isExhausted() {
      return finite.length > 0 && finite.some((cursor) => cursor.isExhausted());
    },
  };
}

interface Cursor {
  pick(user: number, random: Random): void;
  rowOf(user: number): readonly string[] | undefined;
  isExhausted(): boolean;
}

function createCursor({ table, pick }: RowSource, share: RowShare): Cursor {
  const { rowCount } = table;
  let picked = new Float64Array(0);
  let next = share.index;
  const rowAt = (index: number): readonly string[] | undefined =>
    index >= 0 && index < rowCount ? table.row(index) : undefined;
  if (pick === 'each') return { pick() {}, rowOf: rowAt, isExhausted: () => false };
  const draw = (random: Random): number => {
    if (pick === 'random') return integerBetween(random, 0, rowCount - 1);
    const index = next;
    next += share.count;
    return pick === 'sequential' ? index % rowCount : index;
  };
  return {
    pick(user, random) {
      if (user >= picked.length) picked = widened(picked, user);
      picked[user] = draw(random);
    },
    rowOf: (user) => rowAt(picked[user] ?? -1),
    isExhausted: () => next >= rowCount,
  };
}

/** Twice as long as before, so that growing costs each user but a moment; who has picked nothing has row -1. */
function widened(picked: Float64Array<ArrayBuffer>, user: number): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(Math.max(64, 2 * picked.length, user + 1)).fill(-1);
  wider.set(picked);
  return wider;
}
