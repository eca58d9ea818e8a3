import type { Change, MonitorMemory } from './memory.ts';

/**
 * Saves changes one batch after another. What could not be saved waits, the newest of each kind and id, and goes out
 * with the next; of more than 50,000 the oldest is dropped and counted.
 */
export class Recorder {
  readonly #memory: MonitorMemory;
  #waiting = new Map<string, Change>();
  #saving: Promise<void> | undefined;
  #failures = 0;
  #dropped = 0;

  constructor(memory: MonitorMemory) {
    this.#memory = memory;
  }

  /** Changes that are not saved yet, attempts that failed, and changes that were given up. */
  get counts(): { readonly waiting: number; readonly failures: number; readonly dropped: number } {
    return { waiting: this.#waiting.size, failures: this.#failures, dropped: this.#dropped };
  }

  /** Takes changes and saves all that waits. Never rejects; resolves when it has been tried. */
  record(changes: readonly Change[]): Promise<void> {
    for (const change of changes) this.#put(change);
    this.#saving ??= this.#save();
    return this.#saving;
  }

  /** A change that is replaced goes to the end, so that the order stays that in which things happened. */
  #put(change: Change): void {
    const key = keyOf(change);
    this.#waiting.delete(key);
    this.#waiting.set(key, change);
    if (this.#waiting.size <= waitingMax) return;
    const [oldest = key] = this.#waiting.keys();
    this.#waiting.delete(oldest);
    this.#dropped++;
  }

  /** Gives up what waits: somebody else remembers from now on. */
  giveUp(): void {
    this.#dropped += this.#waiting.size;
    this.#waiting.clear();
  }

  async #save(): Promise<void> {
    // Whoever has called holds this promise before it can be over.
    await Promise.resolve();
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting.values()].slice(0, batchMax);
      for (const change of batch) this.#waiting.delete(keyOf(change));
      try {
        await this.#memory.save(batch);
      } catch {
        this.#failures++;
        // What has changed anew meanwhile is newer than what failed.
        const newer = [...this.#waiting.values()];
        this.#waiting = new Map();
        for (const change of [...batch, ...newer]) this.#put(change);
        break;
      }
    }
    this.#saving = undefined;
  }
}

const batchMax = 500;
const waitingMax = 50_000;

function keyOf({ kind, id }: Change): string {
  return `${kind} ${id}`;
}
