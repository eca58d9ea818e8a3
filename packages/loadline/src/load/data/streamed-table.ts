import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { DataTable } from './data-table.ts';
import { lineFeed, type OpenFormat } from './record-format.ts';
import { RowBlock } from './row-block.ts';
import { type BlockLimits, indexRows, type RowIndex } from './row-index.ts';

/**
 * A table whose rows stay in the file: a row is read with its block when it is asked for, and the last blocks
 * are kept. Memory does not grow with the file.
 *
 * The file is open for as long as a read takes, so there is nothing to be closed. One that is changed or taken
 * away meanwhile has rows without values from then on, which the run counts wherever it needs one.
 *
 * @param file the same as `path`, open for the one pass that finds its rows.
 */
export async function streamTable(
  path: string,
  file: FileHandle,
  openFormat: OpenFormat,
  limits?: BlockLimits,
): Promise<DataTable | { readonly problem: string }> {
  const version = await file.stat();
  const index = await indexRows(file, openFormat, limits);
  if ('problem' in index) return index;
  const { format, rowCount, rowsPerBlock } = index;
  const blockAt = cacheBlocks(index, createReader(path, version));
  let lastRow = -1;
  let lastValues: readonly string[] = [];
  return {
    columns: format.columns,
    rowCount,
    row(row) {
      // Each hole of a template asks for the row anew.
      if (row !== lastRow) {
        lastValues = blockAt(Math.floor(row / rowsPerBlock))?.row(row % rowsPerBlock) ?? [];
        lastRow = row;
      }
      return lastValues;
    },
  };
}

const cachedBytesMax = 1_000_000;

/** Who has read a block and wants the next one will want those that follow: they come with one read. */
const blocksAhead = 16;

/** A block has one place where it can be kept, by its number: finding it takes no search. */
function cacheBlocks(
  { format, blockStarts }: RowIndex,
  read: (from: number, to: number) => Buffer | undefined,
): (block: number) => RowBlock | undefined {
  const blockCount = blockStarts.length - 1;
  const blockBytes = (blockStarts.at(-1) ?? 0) / Math.max(1, blockCount);
  const placeCount = Math.max(2 * blocksAhead, Math.floor(cachedBytesMax / blockBytes));
  const places: RowBlock[] = [];
  const startOf = (block: number): number => blockStarts[block] as number;
  const keptAt = (block: number): RowBlock | undefined => {
    const kept = places[block % placeCount];
    return kept?.number === block ? kept : undefined;
  };
  const readFrom = (first: number): void => {
    const end = Math.min(blockCount, first + (keptAt(first - 1) === undefined ? 1 : blocksAhead));
    const bytes = read(startOf(first), startOf(end));
    if (bytes === undefined) return;
    for (let block = first; block < end; block++) {
      const [from, to] = [startOf(block) - startOf(first), startOf(block + 1) - startOf(first)];
      places[block % placeCount] ??= new RowBlock(format);
      places[block % placeCount]?.fill(block, bytes.subarray(from, to));
    }
  };
  return (block) => {
    if (keptAt(block) === undefined) readFrom(block);
    return keptAt(block);
  };
}

/**
 * Reads bytes of the file, into the same place each time; past its end a line end, which the index counts on
 * and the last line may lack. Undefined where the file is no longer the same.
 */
function createReader(
  path: string,
  version: { readonly size: number; readonly mtimeMs: number },
): (from: number, to: number) => Buffer | undefined {
  let bytes = Buffer.alloc(0);
  return (from, to) => {
    if (bytes.length < to - from) bytes = Buffer.allocUnsafeSlow(to - from);
    let file: number | undefined;
    try {
      file = openSync(path, 'r');
      const { size, mtimeMs } = fstatSync(file);
      if (size !== version.size || mtimeMs !== version.mtimeMs) return undefined;
      const length = Math.min(to, size) - from;
      if (readSync(file, bytes, 0, length, from) < length) return undefined;
      if (to > size) bytes[length] = lineFeed;
      return bytes.subarray(0, to - from);
    } catch {
      // A row that cannot be read is one without values.
      return undefined;
    } finally {
      if (file !== undefined) closeSync(file);
    }
  };
}
