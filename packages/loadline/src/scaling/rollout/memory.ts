import { isRolloutOver, type RolloutState } from './state.ts';

/**
 * What rollouts have to find again after a restart. A write is remembered when its promise resolves.
 * `createRolloutMemory` keeps it within the process; a database does it for longer.
 */
export interface RolloutMemory {
  /** Of each group the latest, and what was before as far as it is kept. */
  load(): Promise<readonly RolloutState[]>;
  /** @returns `conflict` where the version before it is not the one that is remembered: somebody else drives it. */
  save(state: RolloutState): Promise<'saved' | 'conflict'>;
  /** One that has ended long ago is not to be remembered any more; its id may be used again. Where there is none, that is so already. */
  forget(id: string): Promise<void>;
}

/** So many of those that have ended are kept, the latest; those that ended before them are forgotten. */
export const rolloutsEndedMax = 200;

/** Those that have ended and are not kept any more, by their ids. Pure. */
export function tooManyEnded(states: readonly RolloutState[]): readonly string[] {
  const latestFirst = states.filter(isRolloutOver).sort((a, b) => b.phaseAtMs - a.phaseAtMs);
  return latestFirst.slice(rolloutsEndedMax).map(({ id }) => id);
}

/** Remembers as long as the process lives; the oldest of more than `rolloutsMax` are forgotten. */
export function createRolloutMemory(rolloutsMax = 1000): RolloutMemory {
  const rollouts = new Map<string, RolloutState>();
  return {
    async load() {
      return [...rollouts.values()];
    },
    async save(state) {
      const present = rollouts.get(state.id)?.version ?? 0;
      if (state.version !== present + 1) return 'conflict';
      rollouts.delete(state.id);
      rollouts.set(state.id, state);
      const [oldest] = rollouts.keys();
      if (rollouts.size > rolloutsMax && oldest !== undefined) rollouts.delete(oldest);
      return 'saved';
    },
    async forget(id) {
      rollouts.delete(id);
    },
  };
}
