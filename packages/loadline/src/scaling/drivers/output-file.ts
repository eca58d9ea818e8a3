import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  truncateSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { LastLines } from './last-lines.ts';

/** Above it the file begins anew: what anybody wants to see are the last lines. */
const fileBytesMax = 4 * 2 ** 20;
const tailBytes = 256 * 1024;

/**
 * What a process writes, in a file: it goes on writing when whoever started it is gone, which a pipe would be the end
 * of. The file grows until the next `trim()`.
 */
export class OutputFile {
  readonly path: string;
  /** How long it was when it was opened last. */
  #openedAt = 0;

  constructor(path: string) {
    this.path = resolve(path);
  }

  /** For a process to write to; whoever opens it closes it. Always at the end, wherever that is by then. */
  open(): number {
    this.#openedAt = this.#size();
    return openSync(this.path, 'a', 0o600);
  }

  /** The last lines, oldest first. */
  get lines(): readonly string[] {
    return this.#linesFrom(0);
  }

  /** Those of them that were written since it was opened last. */
  get latestLines(): readonly string[] {
    return this.#linesFrom(this.#openedAt);
  }

  /** Empties a file that has grown too long. */
  trim(): void {
    if (this.#size() > fileBytesMax) truncateSync(this.path, 0);
  }

  /** Keeps it under another name of the folder, instead of what has it. */
  keepAs(name: string): void {
    if (existsSync(this.path)) renameSync(this.path, join(dirname(this.path), name));
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }

  #size(): number {
    return this.#look((file) => fstatSync(file).size) ?? 0;
  }

  #linesFrom(start: number): readonly string[] {
    const lines = new LastLines();
    lines.write(this.#readTail(start));
    return lines.lines;
  }

  #readTail(start: number): string {
    const read = (file: number): string => {
      const { size } = fstatSync(file);
      // One that was emptied meanwhile has only what was written since.
      const written = size < start ? size : size - start;
      const bytes = Buffer.alloc(Math.min(written, tailBytes));
      const length = readSync(file, bytes, 0, bytes.length, size - bytes.length);
      return bytes.toString('utf8', 0, length);
    };
    return this.#look(read) ?? '';
  }

  /** Undefined where there is no file, which it is as long as nothing was started. */
  #look<Value>(work: (file: number) => Value): Value | undefined {
    let file: number;
    try {
      file = openSync(this.path, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return work(file);
    } finally {
      closeSync(file);
    }
  }
}
