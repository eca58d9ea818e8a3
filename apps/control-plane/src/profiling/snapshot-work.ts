import type { Readable } from 'node:stream';
import type { Clock } from 'loadline/base';
import { timeOf } from '../contract/index.ts';
import type { ProfileFiles } from './profile-files.ts';
import type { Work } from './work.ts';

export interface SnapshotWorkOptions {
  readonly id: string;
  readonly snapshot: Readable;
  /** When it was asked for. */
  readonly startMs: number;
  readonly files: Pick<ProfileFiles, 'writeSnapshot'>;
  readonly clock: Clock;
  /** Breaks it off. */
  readonly signal: AbortSignal;
}

/** A heap snapshot that is being written. Half of one is worth nothing: who stops it gets none. */
export function snapshotWork({ id, snapshot, startMs, files, clock, signal }: SnapshotWorkOptions): Work {
  const stopping = new AbortController();
  // What breaks off before it is read is told by whoever reads it then.
  snapshot.on('error', () => undefined);
  const ended = (): { endedAt: string; measuredMs: number } => ({
    endedAt: timeOf(clock.now()),
    measuredMs: Math.round(clock.monotonicMs() - startMs),
  });
  return {
    stop: async () => stopping.abort(),
    async fetch() {
      try {
        const either = AbortSignal.any([signal, stopping.signal]);
        const profileBytes = await files.writeSnapshot(id, snapshot, either);
        return { ...ended(), state: 'finished', profileBytes };
      } catch (error) {
        if (!stopping.signal.aborted) throw error;
        return { ...ended(), state: 'interrupted', problem: 'It was stopped before it was whole.' };
      }
    },
  };
}
