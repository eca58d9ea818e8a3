import { createRegistry } from 'loadline/metrics';
import type { Valkey } from 'loadline/valkey';
import { describe, expect, it } from 'vitest';
import { createMemory } from '../../src/cache/memory.ts';

/** What two instances remember in one server, whose content a test may evict. */
function createInstances() {
  const stored = new Map<string, string>();
  const valkey = {
    getMany: async (keys: readonly string[]) => keys.map((key) => stored.get(key) ?? null),
    set: async (key: string, value: string) => void stored.set(key, value),
  } as unknown as Valkey;
  let loads = 0;
  const createInstance = () => {
    const memory = createMemory(valkey, createRegistry());
    return {
      /** The number of the load that the value is from. */
      recall: (load = async () => ++loads) => memory.recall('group_analytics', 'a group', load),
      forget: () => memory.forget('group_analytics'),
    };
  };
  return { stored, one: createInstance(), other: createInstance() };
}

describe('a memory', () => {
  it('loads once for all instances', async () => {
    const { one, other } = createInstances();
    expect([await one.recall(), await one.recall(), await other.recall()]).toEqual([1, 1, 1]);
  });

  it('forgets in all instances at once', async () => {
    const { one, other } = createInstances();
    await one.recall();
    await other.forget();
    expect([await one.recall(), await other.recall()]).toEqual([2, 2]);
  });

  it('never takes an old value for a present one, also where the server has evicted the generation', async () => {
    const { stored, one } = createInstances();
    const evictGeneration = (): boolean => stored.delete('foodshare:group_analytics:generation');
    await one.recall();
    evictGeneration();
    expect(await one.recall()).toBe(2);
    await one.forget();
    evictGeneration();
    expect(await one.recall()).toBe(3);
    evictGeneration();
    await one.forget();
    expect(await one.recall()).toBe(4);
    expect(await one.recall()).toBe(4);
  });

  it('doesn’t count a value that was loaded before a forget and stored after it', async () => {
    const { one, other } = createInstances();
    const load = Promise.withResolvers<number>();
    const started = Promise.withResolvers<void>();
    const slow = one.recall(() => {
      started.resolve();
      return load.promise;
    });
    await started.promise;
    await other.forget();
    load.resolve(99);
    expect(await slow).toBe(99);
    expect(await other.recall()).toBe(1);
  });

  it('lets nobody wait for a server that has been silent for some', async () => {
    let asked = 0;
    const silent = {
      getMany: () => {
        asked++;
        return new Promise(() => undefined);
      },
      set: async () => undefined,
    };
    // All that the cache asks of a Valkey; a real one cannot be made to be silent at a given moment.
    const memory = createMemory(silent as unknown as Valkey, createRegistry());
    const recall = (): Promise<string> => memory.recall('group_analytics', 'a group', async () => 'computed');
    expect(await Promise.all(Array.from({ length: 5 }, recall))).toEqual(Array(5).fill('computed'));
    expect([await recall(), asked]).toEqual(['computed', 5]);
  });
});
