import { integerBetween, type Random } from '../base/index.ts';
import type { DataSource } from './plan.ts';

/** Which row of each data file a user works with. */
export interface DataRows {
  /** Picks the rows of a user's next iteration. */
  beginIteration(user: number, random: Random): void;
  /** A column of the picked row; undefined for a source or column that is not there. */
  value(source: string, column: string, user: number): string | undefined;
  /** Whether a source that gives each row once has none left. */
  readonly isExhausted: boolean;
}

export function createDataRows(sources: readonly DataSource[]): DataRows {
  const cursors = new Map(sources.map((source) => [source.name, createCursor(source)]));
  return {
    beginIteration(user, random) {
      for (const cursor of cursors.values()) cursor.pick(user, random);
    },
    value: (source, column, user) => cursors.get(source)?.value(column, user),
    get isExhausted() {
      return [...cursors.values()].some((cursor) => cursor.isExhausted());
    },
  };
}

interface Cursor {
  pick(user: number, random: Random): void;
  value(column: string, user: number): string | undefined;
  isExhausted(): boolean;
}

function createCursor({ columns, rows, pick }: DataSource): Cursor {
  const columnIndex = new Map(columns.map((name, index) => [name, index]));
  const pickedRow = new Map<number, number>();
  let next = 0;
  const indexFor = (random: Random): number => {
    if (pick === 'random') return integerBetween(random, 0, rows.length - 1);
    const index = next++;
    return pick === 'sequential' ? index % rows.length : index;
  };
  return {
    pick(user, random) {
      if (pick !== 'each') pickedRow.set(user, indexFor(random));
    },
    value(column, user) {
      const row = rows[pick === 'each' ? user : (pickedRow.get(user) ?? -1)];
      return row?.[columnIndex.get(column) ?? -1];
    },
    isExhausted: () => pick === 'once' && next >= rows.length,
  };
}
