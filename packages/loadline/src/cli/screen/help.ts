import { wrapLine } from './lines.ts';

/**
 * A help in lines of at most `width` columns: as it was written where it fits. Elsewhere a paragraph is filled
 * anew, and what an option does stays in its column. Pure.
 */
export function foldHelp(help: string, width: number): string {
  return blocksOf(help.split('\n'))
    .flatMap(({ lines, column }) =>
      lines.every((line) => line.length <= width)
        ? lines
        : wrapLine([lines[0], ...lines.slice(1).map((line) => line.trimStart())].join(' '), width, column),
    )
    .join('\n');
}

/** Lines that tell one thing: a paragraph, an option, what an option does, or both. */
interface Block {
  readonly lines: string[];
  /** Where its further lines begin. */
  readonly column: number;
  /** The indentation of a line that goes on with it; undefined where none does. */
  readonly goesOnAt: number | undefined;
}

function blocksOf(lines: readonly string[]): readonly Block[] {
  const blocks: Block[] = [];
  let column = 0;
  for (const line of lines) {
    const indent = line.search(/\S/);
    const last = blocks.at(-1);
    if (last !== undefined && indent !== -1 && indent === last.goesOnAt) {
      last.lines.push(line);
      continue;
    }
    // Two spaces part an option from what it does, and one where its name takes up their room.
    const start = /^ {1,8}\S.*? {2,}(?=\S)/.exec(line)?.[0].length;
    const isText = start !== undefined || indent === 0 || indent > 8;
    column = start ?? (isText ? Math.max(0, indent) : column);
    blocks.push({ lines: [line], column, goesOnAt: isText ? column : undefined });
  }
  return blocks;
}
