import type { SessionRecord } from './session-record.ts';

export interface SessionCounts {
  readonly running: number;
  /** Since the start, by their kind and how they ended. */
  readonly ended: readonly { readonly kind: string; readonly state: string; readonly count: number }[];
  readonly keptBytes: number;
  /** Changes that could not be written down. */
  readonly unremembered: number;
  /** Heap snapshots that could not be removed; it is tried again. */
  readonly unremoved: number;
}

/** Counts sessions by their kind and how they ended. */
export class EndCounter {
  readonly #ended = new Map<string, { kind: string; state: string; count: number }>();

  get counts(): SessionCounts['ended'] {
    return [...this.#ended.values()];
  }

  count({ kind, state }: SessionRecord): void {
    const known = this.#ended.get(`${kind} ${state}`);
    if (known === undefined) this.#ended.set(`${kind} ${state}`, { kind, state, count: 1 });
    else known.count++;
  }
}
