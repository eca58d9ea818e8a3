import { chmod, chown, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Account } from './account.ts';
import { claimFolder, endLeftovers, removeAbandoned } from './folder-claim.ts';
import { Keeper } from './keeper.ts';
import type { Ending } from './keeper-protocol.ts';
import { isLinked, makeLink, namedPlace, type Place, temporaryPlace, temporaryPrefix } from './place.ts';
import { deleteRecord, readRecord } from './run-record.ts';

/** What every start function understands. */
export interface StartOptions {
  /**
   * Where the data live: kept at the stop, used again at the next start. Default: a fresh temporary folder,
   * removed at the stop.
   */
  readonly folder?: string;
  /** Gives up a start that is under way, and ends what it has started. After the start it does nothing. */
  readonly signal?: AbortSignal;
  /** Told what is done now, in words for people: `Starting PostgreSQL`. */
  readonly onProgress?: (step: string) => void;
}

/**
 * What servers stand on: a claimed folder, an account, and a keeper that ends them whatever happens to us.
 * Whoever opens it closes it, and with it all that was started on it.
 */
export class Ground implements AsyncDisposable {
  readonly folder: string;
  readonly isTemporary: boolean;
  readonly account: Account | undefined;
  readonly keeper: Keeper;
  /** Aborts whatever still starts, when the caller gives up or the ground is closed. */
  readonly signal: AbortSignal;
  readonly #recordPath: string;
  readonly #onProgress: (step: string) => void;
  readonly #closed = new AbortController();
  #closing: Promise<void> | undefined;

  private constructor(place: Place, recordPath: string, keeper: Keeper, options: StartOptions) {
    this.folder = place.folder;
    this.isTemporary = place.isTemporary;
    this.account = place.account;
    this.keeper = keeper;
    const closed = this.#closed.signal;
    this.signal = options.signal === undefined ? closed : AbortSignal.any([options.signal, closed]);
    this.#recordPath = recordPath;
    this.#onProgress = options.onProgress ?? (() => undefined);
  }

  static async open(options: StartOptions): Promise<Ground> {
    options.signal?.throwIfAborted();
    const place = options.folder === undefined ? await temporaryPlace() : await namedPlace(options.folder);
    try {
      if (place.isTemporary) {
        await removeAbandoned(
          dirname(place.folder),
          temporaryPrefix,
          options.onProgress ?? (() => undefined),
        );
      }
      return await Ground.#claim(place, options);
    } catch (error) {
      if (place.isTemporary) await rm(place.folder, { recursive: true, force: true });
      throw error;
    }
  }

  static async #claim(place: Place, options: StartOptions): Promise<Ground> {
    const recordPath = await claimFolder(place.folder, options.signal);
    try {
      if (!(await isLinked(place))) await clear(place.folder);
      await makeLink(place);
      // Not the servers' own: root believes what is in runs, and writes to logs.
      const owner = await stat(place.folder);
      await makeOwnFolder(join(place.folder, 'runs'), owner, 0o755);
      const logs = await makeOwnFolder(join(place.folder, 'logs'), owner, 0o755);
      const removal = place.isTemporary ? { removeFolder: place.folder } : {};
      const keeper = new Keeper({ recordPath, ...removal }, join(logs, 'keeper.log'));
      return new Ground(place, recordPath, keeper, options);
    } catch (error) {
      deleteRecord(recordPath);
      throw error;
    }
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  logPath(server: string): string {
    return this.path('logs', `${server}.log`);
  }

  /** Makes a folder that belongs to the servers' account and is closed to everybody else. */
  async makeFolder(name: string): Promise<string> {
    // A start that is slower than the failure of the one beside it would put back a folder that was just removed.
    this.signal.throwIfAborted();
    return makeOwnFolder(this.path(name), this.account, 0o700);
  }

  /**
   * Makes a folder whose content is whole or absent, even when we are killed meanwhile: it is filled under
   * another name.
   */
  async fillFolder(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
    const partial = this.path(`${name}.partial`);
    await rm(partial, { recursive: true, force: true });
    await this.makeFolder(`${name}.partial`);
    await fill(partial);
    await rename(partial, this.path(name));
    return this.path(name);
  }

  progress(step: string): void {
    this.#onProgress(step);
  }

  /** Waits for a program's end, or for the caller's change of mind. */
  async untilEnded(program: { readonly ended: Promise<Ending> }): Promise<Ending> {
    const { signal } = this;
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([program.ended, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Ends all servers; of a temporary folder nothing is left. Calling it again waits for the same end. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed.abort();
    await this.keeper.stop();
    // Where the keeper itself was killed, its record still says what runs.
    const left = readRecord(this.#recordPath);
    if (left !== undefined) await endLeftovers(this.#recordPath, left);
    if (this.isTemporary) await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function makeOwnFolder(folder: string, account: Account | undefined, mode: number): Promise<string> {
  await mkdir(folder, { recursive: true, mode });
  await chmod(folder, mode);
  if (process.getuid?.() === 0 && account !== undefined) await chown(folder, account.uid, account.gid);
  return folder;
}

/** Empties a folder, but for the records of who uses it. */
async function clear(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name !== 'runs') await rm(join(folder, name), { recursive: true, force: true });
  }
}
