import { finished, type Readable } from 'node:stream';
import { getHeapSnapshot, getHeapStatistics } from 'node:v8';
import { formatBytes } from '../base/index.ts';
import { profilingError } from './errors.ts';

/** What whoever wants a snapshot has to say, so that nobody gets one by mistake. */
export const snapshotWish = 'stop the process for a heap snapshot';

/** What a snapshot is up against. */
export interface SnapshotMemory {
  readonly heapUsedBytes: number;
  /** What the process may still take: of the machine, or of its control group. */
  readonly availableBytes: number;
}

/** Takes heap snapshots of this process, one at a time. */
export interface HeapSnapshots {
  /**
   * A snapshot in V8's `.heapsnapshot` form, to be piped to a file or an answer. The process stands still while it is
   * made, some 80 ms a MB of heap, and more than in proportion above.
   *
   * @param wish must be `snapshotWish`.
   * @throws LoadlineError PROFILING_SNAPSHOT_REFUSED with the reason, PROFILING_BUSY while one is being read.
   */
  open(wish: string): Readable;
}

/** Measured: 20 MB of heap took 392 MB more, for what the snapshot knows of each object. */
const bytesNeededPerHeapByte = 20;
/** Beyond it the process stands still for longer than any health check waits. */
const heapBytesMax = 128 * 2 ** 20;

/** @param readMemory how much is used and free; of this process by default. */
export function createHeapSnapshots(
  readMemory: () => SnapshotMemory = memoryOfProcess,
  take: () => Readable = getHeapSnapshot,
): HeapSnapshots {
  let isOpen = false;
  return {
    open(wish) {
      const reason = reasonAgainst(wish, readMemory());
      if (reason !== undefined) {
        throw profilingError('PROFILING_SNAPSHOT_REFUSED', `Cannot take a heap snapshot: ${reason}.`, {
          facts: { reason },
        });
      }
      if (isOpen) {
        throw profilingError('PROFILING_BUSY', 'Cannot take a heap snapshot: another one is being read.');
      }
      const snapshot = take();
      isOpen = true;
      finished(snapshot, () => {
        isOpen = false;
      });
      return snapshot;
    },
  };
}

/** Why there should be no snapshot now; undefined where there may be. Pure. */
function reasonAgainst(wish: string, memory: SnapshotMemory): string | undefined {
  const { heapUsedBytes, availableBytes } = memory;
  if (wish !== snapshotWish) {
    return `the process would stand still, so it has to be wished for in the words ${JSON.stringify(snapshotWish)}`;
  }
  if (heapUsedBytes > heapBytesMax) {
    return `the heap of ${formatBytes(heapUsedBytes)} is above ${formatBytes(heapBytesMax)}, and the process would stand still for too long; take a sampled heap profile`;
  }
  const neededBytes = heapUsedBytes * bytesNeededPerHeapByte;
  if (neededBytes > availableBytes) {
    return `a heap of ${formatBytes(heapUsedBytes)} may need ${formatBytes(neededBytes)} more, and ${formatBytes(availableBytes)} are free`;
  }
  return undefined;
}

function memoryOfProcess(): SnapshotMemory {
  return {
    heapUsedBytes: getHeapStatistics().used_heap_size,
    availableBytes: process.availableMemory(),
  };
}
