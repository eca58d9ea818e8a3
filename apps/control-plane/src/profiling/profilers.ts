import type { Clock } from 'loadline/base';
import { createInspectorProfiler, createRemoteProfiler, type Profiler } from 'loadline/profiling';

/** The control plane's own name among the instances. */
export const ownInstance = 'control-plane';

/** Somebody with a door for profiles. */
export interface Profilable {
  readonly service: string;
  readonly instance: string;
  /** Where it takes requests. */
  readonly url: string;
}

/** Gives whatever profiles an instance. */
export interface Profilers {
  /** Of this process. */
  readonly own: Profiler;
  /** Of another; undefined where there is no key for its door. It holds nothing that has to be closed. */
  of(url: string): Profiler | undefined;
}

/** @param key opens the doors of the instances; without it this process alone can be profiled. */
export function createProfilers(clock: Clock, key: string | undefined): Profilers {
  return {
    own: createInspectorProfiler({ clock }),
    of: (url) => (key === undefined ? undefined : createRemoteProfiler({ url, key })),
  };
}
