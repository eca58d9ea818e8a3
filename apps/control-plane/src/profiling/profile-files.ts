import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { formatBytes } from 'loadline/base';
import { encodeProfile, type FinishedProfile, type ProfileFormat, profileFormats } from 'loadline/profiling';

/** In which forms something is kept: a profile in all but the last, a heap snapshot in that alone. */
export type KeptFormat = ProfileFormat | 'heapsnapshot';

/** Profiles in a folder, each in all its forms. Nobody else of this machine may read them. */
export interface ProfileFiles {
  /** Which folder this is, for whoever shares a database with others; it is written there when it is asked for first. */
  mark(): Promise<string>;
  /** @returns how many bytes they take. */
  write(id: string, profile: FinishedProfile): Promise<number>;
  /**
   * Writes a heap snapshot as it comes; what was written of one that breaks off, or is too large, is removed.
   *
   * @returns how many bytes it takes.
   */
  writeSnapshot(id: string, snapshot: Readable, signal: AbortSignal): Promise<number>;
  pathOf(id: string, format: KeptFormat): string;
  remove(id: string): Promise<void>;
}

/** Small objects make twice their heap of it (74 MB made 150), and above 128 MiB of heap there are no snapshots. */
const snapshotBytesMax = 384 * 2 ** 20;

export function openProfileFiles(folder: string, bytesMax: number = snapshotBytesMax): ProfileFiles {
  const pathOf = (id: string, format: KeptFormat): string => join(folder, id, format);
  const remove = (id: string): Promise<void> => rm(join(folder, id), { recursive: true, force: true });
  return {
    pathOf,
    remove,
    async mark() {
      const path = join(folder, 'mark');
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(path, randomUUID(), { flag: 'wx', mode: 0o600 }).catch(
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error;
        },
      );
      return readFile(path, 'utf8');
    },
    async write(id, profile) {
      await mkdir(join(folder, id), { recursive: true, mode: 0o700 });
      let bytes = 0;
      for (const format of profileFormats) {
        const { body } = encodeProfile(profile, format);
        await writeFile(pathOf(id, format), body, { mode: 0o600 });
        bytes += Buffer.byteLength(body);
      }
      return bytes;
    },
    async writeSnapshot(id, snapshot, signal) {
      let bytes = 0;
      async function* limited(
        pieces: AsyncIterable<Uint8Array | string>,
      ): AsyncGenerator<Uint8Array | string> {
        for await (const piece of pieces) {
          bytes += Buffer.byteLength(piece);
          if (bytes > bytesMax) throw new SnapshotTooLarge(bytesMax);
          yield piece;
        }
      }
      try {
        await mkdir(join(folder, id), { recursive: true, mode: 0o700 });
        const file = createWriteStream(pathOf(id, 'heapsnapshot'), { mode: 0o600 });
        await pipeline(snapshot, limited, file, { signal });
        return bytes;
      } catch (error) {
        snapshot.destroy();
        await remove(id);
        throw error;
      }
    },
  };
}

/** A heap snapshot was larger than what is kept. */
export class SnapshotTooLarge extends Error {
  override readonly name = 'SnapshotTooLarge';

  constructor(bytesMax: number) {
    super(`The snapshot is larger than ${formatBytes(bytesMax)}; take a sampled heap profile.`);
  }
}
