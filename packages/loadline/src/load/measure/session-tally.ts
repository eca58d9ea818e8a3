import type { SessionCounts } from '../transports/session.ts';

/** What happened in the sessions of a run: counted by its transports, and by those of other processes. */
export class SessionTally {
  #sources: readonly SessionCounts[] = [];
  /** What was handed over by others, less what was handed over to others. */
  #balance: SessionCounts | undefined;

  /** Reads these counts whenever it is asked. */
  watch(sources: readonly SessionCounts[]): void {
    this.#sources = sources;
  }

  /** Undefined for a run without sessions. */
  get counts(): SessionCounts | undefined {
    const all = [...this.#sources, ...(this.#balance === undefined ? [] : [this.#balance])];
    return all.length === 0 ? undefined : all.reduce((sum, counts) => combine(sum, counts, 1), nothing);
  }

  absorb(counts: SessionCounts): void {
    this.#balance = combine(this.#balance ?? nothing, counts, 1);
  }

  /** Hands over what was counted since the last time. */
  take(): SessionCounts | undefined {
    const { counts } = this;
    if (counts !== undefined) this.#balance = combine(this.#balance ?? nothing, counts, -1);
    return counts;
  }
}

const nothing: SessionCounts = { messagesIn: 0, bytesIn: 0, messagesDropped: 0, brokenIdle: 0 };

function combine(first: SessionCounts, second: SessionCounts, sign: 1 | -1): SessionCounts {
  return {
    messagesIn: first.messagesIn + sign * second.messagesIn,
    bytesIn: first.bytesIn + sign * second.bytesIn,
    messagesDropped: first.messagesDropped + sign * second.messagesDropped,
    brokenIdle: first.brokenIdle + sign * second.brokenIdle,
  };
}
