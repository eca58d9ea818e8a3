import { encodePprof } from './pprof.ts';
import type { FinishedProfile } from './profiler.ts';
import { topFunctions } from './top-functions.ts';

/** In which forms a profile can be had. */
export const profileFormats = ['pprof', 'v8', 'top'] as const;

/**
 * `pprof` is what most tools read, compressed with gzip. `v8` is what browsers' tools open: `.cpuprofile`, or `.heapprofile`.
 * `top` is the functions that cost most, as JSON.
 */
export type ProfileFormat = (typeof profileFormats)[number];

/** A profile in some form, as a file or an answer. */
export interface EncodedProfile {
  readonly contentType: string;
  /** What a file with it is called. */
  readonly fileName: string;
  readonly body: Uint8Array<ArrayBuffer> | string;
}

/** A finished profile in the given form. */
export function encodeProfile({ session, profile }: FinishedProfile, format: ProfileFormat): EncodedProfile {
  const name = `${session.kind}-${session.id}`;
  switch (format) {
    case 'pprof':
      return {
        contentType: 'application/octet-stream',
        fileName: `${name}.pb.gz`,
        body: encodePprof(profile, session),
      };
    case 'v8':
      return {
        contentType: 'application/json',
        fileName: `${name}.${profile.kind}profile`,
        body: JSON.stringify(profile.v8),
      };
    case 'top':
      return {
        contentType: 'application/json',
        fileName: `${name}.json`,
        body: JSON.stringify({ session, ...topFunctions(profile) }),
      };
  }
}
