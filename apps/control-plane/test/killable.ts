import type { MemoryStore } from './memory-store.ts';

/** A store for a process that is going to be killed: what that says afterwards is heard by nobody. */
export interface KillableStore {
  readonly store: MemoryStore;
  readonly isKilled: boolean;
  kill(): void;
}

/** When a process is killed by itself: at this question for tests, from 0, and whether that one is still heard. */
export interface CrashPoint {
  readonly call: number;
  readonly isHeard: boolean;
}

export function killable(store: MemoryStore, crash?: CrashPoint): KillableStore {
  let isKilled = false;
  let calls = 0;
  const tests = new Proxy(store.tests, {
    get: (target, name, receiver) => {
      const value: unknown = Reflect.get(target, name, receiver);
      if (typeof value !== 'function') return value;
      return (...words: readonly unknown[]): unknown => {
        const isCrash = !isKilled && calls++ === crash?.call;
        if (isCrash) isKilled = true;
        if (isCrash && crash?.isHeard) void Reflect.apply(value, target, words);
        return isKilled ? new Promise(() => undefined) : Reflect.apply(value, target, words);
      };
    },
  });
  return {
    store: { ...store, tests },
    get isKilled() {
      return isKilled;
    },
    kill: () => {
      isKilled = true;
    },
  };
}
