import type { ProfileOptions } from './options.ts';
import type { Profile } from './v8-profile.ts';

/** What samples a process. */
export interface Engine {
  start(options: Required<ProfileOptions>): Promise<Sampling>;
}

/** Sampling that is under way. It is ended once, one way or the other. */
export interface Sampling {
  /** Ends it and gives what was found. */
  stop(): Promise<Profile>;
  /** Ends it and forgets. Never rejects. */
  discard(): Promise<void>;
}
