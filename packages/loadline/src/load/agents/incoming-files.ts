import { createHash, type Hash } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageFolder } from '../../base/index.ts';
import type { ErrandFile } from './messages.ts';

/**
 * The files of a run, as they come, in a temporary folder that nobody else may read. Pieces are written before the
 * next is read, so that a fast sender waits for a slow disk.
 */
export class IncomingFiles implements AsyncDisposable {
  readonly #folder: string;
  readonly #files: readonly ErrandFile[];
  #current = -1;
  #handle: number | undefined;
  #hash: Hash = createHash('sha256');
  #bytesLeft = 0;

  constructor(files: readonly ErrandFile[]) {
    this.#folder = mkdtempSync(join(tmpdir(), 'loadline-agent-'));
    this.#files = files;
    try {
      linkLoadline(this.#folder);
      this.#next();
    } catch (error) {
      rmSync(this.#folder, { recursive: true, force: true });
      throw error;
    }
  }

  get isComplete(): boolean {
    return this.#current === this.#files.length;
  }

  /** Where a file is. */
  pathOf(file: string): string {
    return join(this.#folder, 'files', file);
  }

  /** @throws Error where pieces come out of order, or a file is not what it was said to be. */
  write(file: number, bytes: Uint8Array): void {
    if (file !== this.#current || this.#handle === undefined || bytes.length > this.#bytesLeft)
      throw new Error(`a piece of file ${file} that does not belong there`);
    writeSync(this.#handle, bytes);
    this.#hash.update(bytes);
    this.#bytesLeft -= bytes.length;
    if (this.#bytesLeft === 0) this.#endFile();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#handle !== undefined) closeSync(this.#handle);
    this.#handle = undefined;
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Begins the next file. One without bytes is complete at once. */
  #next(): void {
    this.#current++;
    const file = this.#files[this.#current];
    if (file === undefined) return;
    const path = this.pathOf(file.path);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.#handle = openSync(path, 'wx', 0o600);
    this.#hash = createHash('sha256');
    this.#bytesLeft = file.bytes;
    if (file.bytes === 0) this.#endFile();
  }

  #endFile(): void {
    const { path, sha256 } = this.#files[this.#current] as ErrandFile;
    closeSync(this.#handle as number);
    this.#handle = undefined;
    if (this.#hash.digest('hex') !== sha256) throw new Error(`${path} has changed while it was sent`);
    this.#next();
  }
}

/** Scripts import `loadline/load`: they find this very package. */
function linkLoadline(folder: string): void {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(fileURLToPath(packageFolder), join(folder, 'node_modules', 'loadline'), 'junction');
}
