/** Where the time and the memory went: CPU profiles and sampled heap profiles of a running process. */
export type { CallNode, CallTree } from './call-tree.ts';
export { callTreeOf } from './call-tree.ts';
export { createInspectorProfiler } from './drivers/inspector.ts';
export { createRemoteProfiler, type RemoteProfilerOptions } from './drivers/remote.ts';
export {
  createRemoteHeapSnapshots,
  type RemoteHeapSnapshots,
  type RemoteHeapSnapshotsOptions,
} from './drivers/remote-heap-snapshots.ts';
export { type EncodedProfile, encodeProfile, type ProfileFormat, profileFormats } from './encode-profile.ts';
export { profilingError, profilingErrorTable } from './errors.ts';
export {
  createHeapSnapshots,
  type HeapSnapshots,
  type SnapshotMemory,
  snapshotWish,
} from './heap-snapshot.ts';
export type { LocalProfilerOptions } from './local-profiler.ts';
export type { ProfileOptions } from './options.ts';
export type { Overhead, WorkMark } from './overhead.ts';
export { encodePprof } from './pprof.ts';
export type { FinishedProfile, Profiler, ProfileSession } from './profiler.ts';
export { type TopFunction, type TopFunctions, topFunctions } from './top-functions.ts';
export type {
  CallFrame,
  Profile,
  ProfileKind,
  V8CpuNode,
  V8CpuProfile,
  V8HeapNode,
  V8HeapProfile,
} from './v8-profile.ts';
export { parseProfile } from './v8-profile.ts';
export { createWorkLog, type WorkLog } from './work-log.ts';
