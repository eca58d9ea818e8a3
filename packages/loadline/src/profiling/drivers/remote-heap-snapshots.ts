import type { Readable } from 'node:stream';
import { profilingError } from '../errors.ts';
import { askDoor, type RemoteDoor } from './ask-door.ts';

/** Where the door is, and how long one waits there. */
export interface RemoteHeapSnapshotsOptions extends RemoteDoor {
  /** Until the snapshot begins to come: the other process stands still until then. 60 s by default. */
  readonly timeoutMs?: number;
}

/** Takes heap snapshots of another process, through the door that `observe` opens there. */
export interface RemoteHeapSnapshots {
  /**
   * Opens a snapshot as it comes, in V8's `.heapsnapshot` form. The other process judges whether there may be one.
   *
   * @param wish must be `snapshotWish`.
   * @param signal breaks it off, until its last byte.
   * @throws LoadlineError PROFILING_SNAPSHOT_REFUSED with the reason, PROFILING_BUSY, PROFILING_UNREACHABLE, PROFILING_REFUSED
   */
  open(wish: string, signal: AbortSignal): Promise<Readable>;
}

/** Makes what takes heap snapshots through a door. It holds nothing open between two of them. */
export function createRemoteHeapSnapshots({
  timeoutMs = 60_000,
  ...door
}: RemoteHeapSnapshotsOptions): RemoteHeapSnapshots {
  return {
    async open(wish, signal) {
      const waiting = new AbortController();
      let isWaiting = true;
      AbortSignal.timeout(timeoutMs).addEventListener('abort', () => {
        if (isWaiting) waiting.abort(new Error(`it did not begin within ${timeoutMs / 1000} s`));
      });
      try {
        const answer = await askDoor(door, {
          method: 'POST',
          path: '/heap-snapshot',
          body: { wish },
          signal: AbortSignal.any([signal, waiting.signal]),
        });
        const type = answer.headers['content-type'] ?? '';
        if (type.startsWith('application/octet-stream')) return answer;
        answer.destroy();
        throw profilingError(
          'PROFILING_REFUSED',
          `Cannot take a heap snapshot: the answer has the type ${JSON.stringify(type.slice(0, 100))}.`,
          { facts: { status: answer.statusCode } },
        );
      } finally {
        isWaiting = false;
      }
    },
  };
}
