import type { MemoryStore } from './memory-store.ts';

/** A store for a process that is going to be killed: what that says afterwards is heard by nobody. */
export interface KillableStore {
  readonly store: MemoryStore;
  kill(): void;
}

export function killable(store: MemoryStore): KillableStore {
  let isKilled = false;
  const tests = new Proxy(store.tests, {
    get: (target, name, receiver) => {
      const value: unknown = Reflect.get(target, name, receiver);
      if (typeof value !== 'function') return value;
      return (...words: readonly unknown[]): unknown =>
        isKilled ? new Promise(() => undefined) : Reflect.apply(value, target, words);
    },
  });
  return {
    store: { ...store, tests },
    kill: () => {
      isKilled = true;
    },
  };
}
