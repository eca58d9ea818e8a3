import { printable } from './lines.ts';

/** A column of a terminal table. */
export interface Column<Row> {
  readonly title: string;
  readonly align: 'left' | 'right';
  readonly text: (row: Row) => string;
  /** Dropped first when the screen is narrow: the column with the highest number. */
  readonly importance: number;
  /** Longer texts are cut in the middle; default no limit. */
  readonly sizeMax?: number;
}

/** Lines of equal columns, two spaces apart, with a title line; narrow screens lose the least important. */
export function drawTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
): string[] {
  const drawn = columns.map((column) => {
    const cells = rows.map((row) => printable(column.text(row)));
    const longest = Math.max(column.title.length, ...cells.map((cell) => cell.length));
    const size = Math.min(longest, column.sizeMax ?? longest);
    return { ...column, cells, size };
  });
  const kept = [...drawn];
  const totalSize = (): number => kept.reduce((sum, column) => sum + column.size + 2, -2);
  while (kept.length > 2 && totalSize() > width) {
    const least = kept.reduce((a, b) => (b.importance > a.importance ? b : a));
    kept.splice(kept.indexOf(least), 1);
  }
  const first = kept[0];
  if (first !== undefined && totalSize() > width)
    first.size = Math.max(8, first.size - (totalSize() - width));
  const line = (textOf: (column: (typeof kept)[number]) => string): string =>
    kept
      .map((column) => pad(shorten(textOf(column), column.size), column.size, column.align))
      .join('  ')
      .trimEnd();
  return [
    line((column) => column.title),
    ...rows.map((_, index) => line((column) => column.cells[index] as string)),
  ];
}

/** A text of at most `size` characters, cut in the middle, where names differ least. */
function shorten(text: string, size: number): string {
  if (text.length <= size) return text;
  const kept = size - 1;
  return `${text.slice(0, Math.ceil(kept / 2))}…${text.slice(text.length - Math.floor(kept / 2))}`;
}

function pad(text: string, size: number, align: 'left' | 'right'): string {
  return align === 'left' ? text.padEnd(size) : text.padStart(size);
}
