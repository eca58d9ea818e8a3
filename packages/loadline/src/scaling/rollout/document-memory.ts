import type { Documents } from '../../store/index.ts';
import { type RolloutMemory, tooManyEnded } from './memory.ts';
import type { RolloutState } from './state.ts';

/** As much of a store's documents as rollouts need. */
export type RolloutDocuments = Pick<Documents, 'put' | 'list' | 'remove'>;

/**
 * Remembers rollouts as documents of a store, whose version is the rollout's. When it is loaded, all but the latest
 * `rolloutsEndedMax` of those that have ended are removed.
 */
export function createDocumentRolloutMemory(documents: RolloutDocuments): RolloutMemory {
  return {
    async load() {
      const states = await listAll(documents);
      const old = new Set(tooManyEnded(states));
      for (const id of old) await documents.remove(kind, id);
      return states.filter(({ id }) => !old.has(id)).sort((a, b) => a.startedAtMs - b.startedAtMs);
    },
    async save(state) {
      const saved = await documents.put(kind, state.id, state, { ifVersion: state.version - 1 });
      return saved.outcome === 'stored' ? 'saved' : 'conflict';
    },
    async forget(id) {
      await documents.remove(kind, id);
    },
  };
}

const kind = 'rollout';
const pageMax = 100;

async function listAll(documents: RolloutDocuments): Promise<RolloutState[]> {
  const states: RolloutState[] = [];
  for (let after = ''; ; ) {
    const page = await documents.list(kind, { limit: pageMax, after });
    states.push(...page.map(({ body }) => body as RolloutState));
    const last = page.at(-1);
    if (last === undefined || page.length < pageMax) return states;
    after = last.id;
  }
}
