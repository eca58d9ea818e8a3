import { errorsOf } from '../base/index.ts';

/** What can go wrong where a process is profiled. */
export const profilingErrorTable = {
  PROFILING_OPTIONS_INVALID: {
    means: 'A session was asked for with options that it cannot have.',
    remedy: 'Follow the message: a kind, a duration of at most ten minutes, an interval that fits it.',
  },
  PROFILING_BUSY: {
    means: 'A session or a snapshot runs in this process already; there is one at a time.',
    remedy: 'Wait for its end, or stop it.',
  },
  PROFILING_NOT_RUNNING: {
    means: 'A session should be stopped, and none runs; it may have ended by itself.',
    remedy: 'Look at the list of sessions: the profile of one that has ended is kept for a while.',
  },
  PROFILING_SESSION_UNKNOWN: {
    means: 'There is no session of this id: it was never there, or newer ones have taken its place.',
    remedy: 'Take the id from the list of sessions.',
  },
  PROFILING_NO_PROFILE: {
    means: 'A session has no profile: it still runs, was aborted, or has failed.',
    remedy: 'Wait until it has finished, or start another one.',
  },
  PROFILING_FAILED: {
    means: 'The engine refused to start, stop or hand over a profile.',
    remedy: 'Look at the cause; another debugger or profiler may be attached to the process.',
  },
  PROFILING_PROFILE_INVALID: {
    means: 'What should be a profile of V8 is something else, is damaged, or is too large.',
    remedy: 'Send a .cpuprofile or .heapprofile unchanged.',
  },
  PROFILING_SNAPSHOT_REFUSED: {
    means: 'A heap snapshot was refused: it was not asked for in the words, or there is too little memory.',
    remedy: 'Take a sampled heap profile instead: it does not stop the process.',
  },
  PROFILING_UNREACHABLE: {
    means: 'A process that should be profiled over HTTP gave no answer in time.',
    remedy: 'Check the address, and that the service runs and has a door for profiles.',
  },
  PROFILING_REFUSED: {
    means: 'A process that should be profiled over HTTP gave an answer that is none of a door for profiles.',
    remedy: 'Check the address and the key; the facts have the status.',
  },
  PROFILING_CLOSED: {
    means: 'This profiler was closed.',
    remedy: 'Make another one.',
  },
} as const;

/** Creates an error of this room. */
export const profilingError: ReturnType<typeof errorsOf<typeof profilingErrorTable>> =
  errorsOf(profilingErrorTable);
