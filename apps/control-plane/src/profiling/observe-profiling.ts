import type { Registry } from 'loadline/metrics';
import type { ProfilingSessions } from './profiling-sessions.ts';

/** Shows how many profiles are taken, and what became of them. */
export function observeProfiling(registry: Registry, sessions: Pick<ProfilingSessions, 'counts'>): void {
  registry.gauge({
    name: 'loadline_profiling_sessions_running',
    help: 'Profiles and heap snapshots that are being taken.',
    read: () => sessions.counts.running,
  });
  registry.counter({
    name: 'loadline_profiling_sessions_total',
    help: 'Profiles and heap snapshots that have ended, by their kind and how they ended.',
    labels: ['kind', 'state'],
    read: () => sessions.counts.ended.map(({ kind, state, count }) => [{ kind, state }, count]),
  });
  registry.gauge({
    name: 'loadline_profiling_kept_bytes',
    help: 'What the profiles that are kept take on the disk.',
    read: () => sessions.counts.keptBytes,
  });
  registry.counter({
    name: 'loadline_profiling_unremembered_total',
    help: 'Changes of sessions that could not be written down.',
    read: () => sessions.counts.unremembered,
  });
  registry.counter({
    name: 'loadline_profiling_snapshots_unremoved_total',
    help: 'Times that a heap snapshot could not be removed; it is tried again.',
    read: () => sessions.counts.unremoved,
  });
}
