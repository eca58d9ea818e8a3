import { type FileHandle, open } from 'node:fs/promises';
import { extname } from 'node:path';
import { formatBytes } from '../../base/index.ts';
import { openCsv } from './csv.ts';
import { type DataTable, tableOf } from './data-table.ts';
import { openJsonLines } from './json-lines.ts';
import { lineFeed, type OpenFormat, passRows } from './record-format.ts';
import { streamTable } from './streamed-table.ts';

/** A file larger than this stays where it is, and its rows are read when they are asked for. */
const heldBytesMax = 8_000_000;

/**
 * Reads a data file: JSON lines where its name ends in .jsonl or .ndjson, otherwise CSV.
 *
 * @returns the table, or what is wrong; completes "people.csv …".
 * @throws what the file system says of a file that cannot be read.
 */
export async function readTable(path: string): Promise<DataTable | { readonly problem: string }> {
  const openFormat = ['.jsonl', '.ndjson'].includes(extname(path).toLowerCase()) ? openJsonLines : openCsv;
  const file = await open(path);
  try {
    const stat = await file.stat();
    const isStreamed = stat.isFile() && stat.size > heldBytesMax;
    const table = isStreamed ? await streamTable(path, file, openFormat) : await holdTable(file, openFormat);
    if ('problem' in table || table.rowCount > 0) return table;
    return { problem: 'has column names, but no rows' };
  } finally {
    await file.close();
  }
}

/** Reads all rows at once. */
export async function holdTable(
  file: FileHandle,
  openFormat: OpenFormat,
): Promise<DataTable | { readonly problem: string }> {
  const text = await readAll(file);
  if (text === undefined)
    return {
      problem: `has no end: of what is no regular file, at most ${formatBytes(heldBytesMax)} are read`,
    };
  const bytes = Buffer.concat([text, Buffer.of(lineFeed)]);
  const format = openFormat(bytes);
  if ('problem' in format) return format;
  const rows: (readonly string[])[] = [];
  const piece = { bytes, start: format.firstByte, end: bytes.length };
  const end = passRows(format, piece, (from, to) => rows.push(format.valuesOf(bytes, from, to)));
  if (typeof end === 'object') return { problem: `${end.problem}, at line ${lineAt(bytes, end.at)}` };
  if (end < bytes.length)
    return { problem: `has a row without an end, at line ${lineAt(bytes, end)}; is a quote not closed?` };
  return tableOf(format.columns, rows);
}

/** A pipe does not say beforehand how much it has; undefined where that is too much. */
async function readAll(file: FileHandle): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(65_536), 0, 65_536);
    if (bytesRead === 0) return Buffer.concat(pieces);
    bytes += bytesRead;
    if (bytes > heldBytesMax) return undefined;
    pieces.push(buffer.subarray(0, bytesRead));
  }
}

function lineAt(bytes: Buffer, position: number): number {
  let line = 1;
  for (let at = bytes.indexOf(lineFeed); at >= 0 && at < position; at = bytes.indexOf(lineFeed, at + 1))
    line++;
  return line;
}
