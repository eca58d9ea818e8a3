import { type StatsFs, statfsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { type Clock, systemClock } from '../../base/index.ts';
import type { Registry } from '../../metrics/index.ts';

/** What a file system holds, and what of it may still be written. */
export interface DiskSpace {
  readonly sizeBytes: number;
  readonly availableBytes: number;
}

/** Whose disk it is. */
export interface DiskOptions {
  /** Default: this machine's. */
  readonly clock?: Clock;
  /** Default: the one that the process works in. */
  readonly folder?: string;
  /** Asks the system once, at the start; throws where it does not know. */
  readonly readNow?: (folder: string) => DiskSpace;
  /** Asks the system from then on. */
  readonly readAside?: (folder: string) => Promise<DiskSpace>;
}

/** A disk fills slowly; whoever looks sees what it was at the look before, or so long ago. */
const freshMs = 10_000;

/**
 * Adds how large the file system of a folder is, and what is left of it. After the start it is asked aside, since a network's
 * file system may take minutes to answer, and nobody who is served may wait for it; one question is open at a time. Nothing
 * is added where there is no answer at the start.
 */
export function observeDisk(registry: Registry, options: DiskOptions = {}): void {
  const { clock = systemClock, folder = process.cwd() } = options;
  const { readNow = readAtOnce, readAside = readLater } = options;
  const first = spaceOrNone(() => readNow(folder));
  if (first === undefined) return;
  let known = first;
  let knownMs = clock.monotonicMs();
  let isAsking = false;
  const look = (): void => {
    if (isAsking || clock.monotonicMs() - knownMs < freshMs) return;
    isAsking = true;
    const told = (space: DiskSpace): void => {
      known = space;
    };
    // What cannot be told stays as it was known, and is asked for again as late.
    void readAside(folder)
      .then(told, () => undefined)
      .finally(() => {
        isAsking = false;
        knownMs = clock.monotonicMs();
      });
  };
  registry.beforeReading(look);
  registry.gauge({
    name: 'process_disk_size_bytes',
    help: 'How large the file system is that the process works in.',
    read: () => known.sizeBytes,
  });
  registry.gauge({
    name: 'process_disk_available_bytes',
    help: 'What may still be written to the file system that the process works in.',
    read: () => known.availableBytes,
  });
}

function spaceOrNone(read: () => DiskSpace): DiskSpace | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function readAtOnce(folder: string): DiskSpace {
  return spaceOf(statfsSync(folder));
}

async function readLater(folder: string): Promise<DiskSpace> {
  return spaceOf(await statfs(folder));
}

function spaceOf({ bsize, blocks, bavail }: StatsFs): DiskSpace {
  return { sizeBytes: blocks * bsize, availableBytes: bavail * bsize };
}
