import type { FileHandle } from 'node:fs/promises';
import { lineFeed, type OpenFormat, passRows, type RecordFormat, recordBytesMax } from './record-format.ts';

/** Where the rows of a file are: the place of every n-th one, so that it takes little however many there are. */
export interface RowIndex {
  readonly format: RecordFormat;
  readonly rowCount: number;
  readonly rowsPerBlock: number;
  /** Where each block of rows begins, and at the end where the last one ends. */
  readonly blockStarts: Float64Array;
}

/**
 * `bytesWanted`: so many are read about as quickly as one; a block has at least half of it. `countMax`: a place
 * takes 8 bytes; a quarter of a million of them are one every 4 kB of a gigabyte, and one every 4 MB of a terabyte.
 */
export interface BlockLimits {
  readonly bytesWanted: number;
  readonly countMax: number;
}

/** Passes over a file once, a piece at a time, or says what is wrong with it. */
export async function indexRows(
  file: FileHandle,
  openFormat: OpenFormat,
  limits: BlockLimits = { bytesWanted: 2048, countMax: 262_144 },
): Promise<RowIndex | { readonly problem: string }> {
  const { size } = await file.stat();
  const pieceBytes = Math.min(pieceBytesMax, size + 1);
  const bytes = Buffer.allocUnsafe(pieceBytes + 1);
  const places = createPlaces(limits);
  let format: RecordFormat | undefined;
  let pieceStart = 0;
  let kept = 0;
  for (;;) {
    const { filled, isLast } = await fill(file, bytes, kept, pieceStart + kept);
    let start = 0;
    if (format === undefined) {
      const opened = openFormat(bytes.subarray(0, filled));
      if ('problem' in opened) return opened;
      format = opened;
      start = format.firstByte;
    }
    const base = pieceStart;
    const end = passRows(format, { bytes, start, end: filled }, (from, to) =>
      places.add(base + from, to - from),
    );
    if (typeof end === 'object')
      return { problem: `${end.problem}, at line ${await lineAt(file, pieceStart + end.at)}` };
    if (filled - end > (isLast ? 0 : recordBytesMax)) {
      const line = await lineAt(file, pieceStart + end);
      return { problem: `has a row without an end, at line ${line}; is a quote not closed?` };
    }
    pieceStart += end;
    if (isLast) return { format, ...places.finish(pieceStart) };
    kept = filled - end;
    bytes.copyWithin(0, end, filled);
  }
}

const pieceBytesMax = 2 * recordBytesMax;

/** Fills the rest of a piece; after the file's last byte stands a line end, which the last line may lack. */
async function fill(
  file: FileHandle,
  bytes: Buffer,
  from: number,
  position: number,
): Promise<{ readonly filled: number; readonly isLast: boolean }> {
  let filled = from;
  while (filled < bytes.length - 1) {
    const length = bytes.length - 1 - filled;
    const { bytesRead } = await file.read(bytes, filled, length, position + filled - from);
    if (bytesRead === 0) {
      bytes[filled] = lineFeed;
      return { filled: filled + 1, isLast: true };
    }
    filled += bytesRead;
  }
  return { filled, isLast: false };
}

interface Places {
  add(position: number, bytes: number): void;
  finish(end: number): Pick<RowIndex, 'rowCount' | 'rowsPerBlock' | 'blockStarts'>;
}

/** Blocks of n rows; n doubles while a block is small, and when there are too many of them. */
function createPlaces({ bytesWanted, countMax }: BlockLimits): Places {
  let starts = new Float64Array(1024);
  let blocks = 0;
  let rowCount = 0;
  let rowsPerBlock = 1;
  let totalBytes = 0;
  const halve = (): void => {
    blocks = Math.ceil(blocks / 2);
    rowsPerBlock *= 2;
    for (let block = 0; block < blocks; block++) starts[block] = starts[2 * block] as number;
  };
  return {
    add(position, bytes) {
      if (rowCount % rowsPerBlock === 0) {
        const isSmall = rowCount > 0 && (totalBytes / rowCount) * rowsPerBlock < bytesWanted / 2;
        if (blocks === countMax || isSmall) halve();
        if (rowCount % rowsPerBlock === 0) {
          if (blocks + 1 >= starts.length) starts = longer(starts);
          starts[blocks++] = position;
        }
      }
      rowCount++;
      totalBytes += bytes;
    },
    finish(end) {
      starts[blocks] = end;
      return { rowCount, rowsPerBlock, blockStarts: starts.subarray(0, blocks + 1) };
    },
  };
}

function longer(numbers: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const twice = new Float64Array(2 * numbers.length);
  twice.set(numbers);
  return twice;
}

/** The line at which a byte stands, counted anew, because only a mistake makes anyone ask. */
async function lineAt(file: FileHandle, position: number): Promise<number> {
  const bytes = Buffer.allocUnsafe(65_536);
  let line = 1;
  for (let at = 0; at < position; ) {
    const { bytesRead } = await file.read(bytes, 0, Math.min(bytes.length, position - at), at);
    if (bytesRead === 0) break;
    for (const byte of bytes.subarray(0, bytesRead)) if (byte === lineFeed) line++;
    at += bytesRead;
  }
  return line;
}
