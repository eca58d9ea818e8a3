import type { Clock } from 'loadline/base';
import { createInspectorProfiler, createRemoteProfiler, type Profiler } from 'loadline/profiling';

/** Where an instance takes requests, and the one address to which the key may go. */
export interface ProfilePlace {
  readonly url: string;
  readonly address: string;
}

/** Gives whatever profiles an instance. */
export interface Profilers {
  /** Of this process. */
  readonly own: Profiler;
  /** Of another; undefined where there is no key for its door. It holds nothing that has to be closed. */
  of(place: ProfilePlace): Profiler | undefined;
}

/** @param key opens the doors of the instances; without it this process alone can be profiled. */
export function createProfilers(clock: Clock, key: string | undefined): Profilers {
  return {
    own: createInspectorProfiler({ clock }),
    of: (place) => (key === undefined ? undefined : createRemoteProfiler({ ...place, key })),
  };
}
