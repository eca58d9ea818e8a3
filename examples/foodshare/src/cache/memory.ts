import { randomUUID } from 'node:crypto';
import type { Registry } from 'loadline/metrics';
import { protect } from 'loadline/resilience';
import type { Valkey } from 'loadline/valkey';

/**
 * What is remembered in Valkey for a while, because computing it again for everybody would be a waste. Whatever
 * Valkey does, an answer is found: the cache room will replace this, with levels and one refill at a time.
 */
export interface Memory {
  /** The remembered value of a key, or what `load` gives, which is then remembered. */
  recall<Value>(topic: Topic, key: string, load: () => Promise<Value>): Promise<Value>;
  /** Forgets everything about a topic, in every instance at once. */
  forget(topic: Topic): Promise<void>;
}

/** What is remembered. */
export type Topic = 'group_analytics' | 'reputation_rankings';

/** For how long: half an hour and an hour, as the platform's plan has it for the level that instances share. */
const lifetimesMs: Readonly<Record<Topic, number>> = {
  group_analytics: 30 * 60_000,
  reputation_rankings: 60 * 60_000,
};

/**
 * Each topic has a generation beside the values. A value notes the generation it was loaded in, and counts only
 * while that is the present one: forgetting is one write, with no search for keys. A value that was loaded before a
 * forget and stored after it is already old.
 *
 * Generations are random and never come again: the server may evict one alone, and a counter that began anew would
 * bring old values back. Whoever finds none begins one, before the load: a forget meanwhile then replaces it.
 */
export function createMemory(valkey: Valkey, registry: Registry): Memory {
  // Of a server that is silent the first few wait; then nobody does, until it answers again.
  const lookingUp = protect({ timeLimitMs: 200, breaker: { windowMs: 5000, callsMin: 5, openMsMax: 5000 } });
  const lookups = registry.counter({
    name: 'foodshare_cache_lookups_total',
    help: 'Lookups in the cache, by what came of them: hit, miss, or failed, where Valkey gave no answer.',
    labels: ['topic', 'outcome'],
  });

  async function read(topic: Topic, key: string): Promise<{ found?: string; prefix?: string }> {
    try {
      const [generation, stored] = await lookingUp.run(async () => {
        const found = await valkey.getMany([generationKey(topic), valueKey(topic, key)]);
        return [found[0] ?? (await begin(topic)), found[1]];
      });
      const prefix = `${generation}:`;
      const isHit = stored?.startsWith(prefix) === true;
      lookups.with({ topic, outcome: isHit ? 'hit' : 'miss' }).add(1);
      return isHit ? { found: stored.slice(prefix.length) } : { prefix };
    } catch {
      lookups.with({ topic, outcome: 'failed' }).add(1);
      return {};
    }
  }

  async function begin(topic: Topic): Promise<string> {
    const generation = randomUUID();
    await valkey.set(generationKey(topic), generation);
    return generation;
  }

  return {
    async recall<Value>(topic: Topic, key: string, load: () => Promise<Value>): Promise<Value> {
      const { found, prefix } = await read(topic, key);
      if (found !== undefined) return JSON.parse(found) as Value;
      const text = JSON.stringify(await load());
      if (prefix !== undefined) {
        await valkey
          .set(valueKey(topic, key), prefix + text, { expiresMs: lifetimesMs[topic] })
          .catch(() => lookups.with({ topic, outcome: 'failed' }).add(1));
      }
      // Through JSON either way, so that a first answer looks like a later one.
      return JSON.parse(text) as Value;
    },
    async forget(topic) {
      await begin(topic).catch(() => lookups.with({ topic, outcome: 'failed' }).add(1));
    },
  };
}

function generationKey(topic: Topic): string {
  return `foodshare:${topic}:generation`;
}

function valueKey(topic: Topic, key: string): string {
  return `foodshare:${topic}:value:${key}`;
}
