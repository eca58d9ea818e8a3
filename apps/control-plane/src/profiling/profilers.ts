import type { Readable } from 'node:stream';
import type { Clock } from 'loadline/base';
import {
  createHeapSnapshots,
  createInspectorProfiler,
  createRemoteHeapSnapshots,
  createRemoteProfiler,
  type Profiler,
} from 'loadline/profiling';

/** Where an instance takes requests, and the one address to which the key may go. */
export interface ProfilePlace {
  readonly url: string;
  readonly address: string;
}

/** Somebody who can be profiled. */
export interface Profilable {
  readonly profiler: Profiler;
  readonly snapshots: Snapshots;
}

/** Takes heap snapshots, as `loadline/profiling` does: only where there is memory enough, and for the right words. */
export interface Snapshots {
  open(wish: string, signal: AbortSignal): Promise<Readable>;
}

/** Gives whatever profiles an instance. */
export interface Profilers {
  /** This process. */
  readonly own: Profilable;
  /** Another; undefined where there is no key for its door. It holds nothing that has to be closed. */
  of(place: ProfilePlace): Profilable | undefined;
}

/** @param key opens the doors of the instances; without it this process alone can be profiled. */
export function createProfilers(clock: Clock, key: string | undefined): Profilers {
  const snapshots = createHeapSnapshots();
  return {
    own: {
      profiler: createInspectorProfiler({ clock }),
      snapshots: { open: async (wish) => snapshots.open(wish) },
    },
    of(place) {
      if (key === undefined) return undefined;
      const door = { ...place, key };
      return { profiler: createRemoteProfiler(door), snapshots: createRemoteHeapSnapshots(door) };
    },
  };
}
