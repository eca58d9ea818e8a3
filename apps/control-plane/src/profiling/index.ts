/** Profiles of instances over the API: one session an instance, its profile kept in all its forms. */
export { observeProfiling } from './observe-profiling.ts';
export { createProfilers, type ProfilePlace, type Profilers } from './profilers.ts';
export { profilingHandlers } from './profiling-handlers.ts';
export { ProfilingSessions } from './profiling-sessions.ts';
