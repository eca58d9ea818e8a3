import type { SessionRecord } from './session-record.ts';

/** What a session waits for. */
export interface Work {
  /** Ends it early. */
  stop(): Promise<void>;
  /** Waits for its end, keeps what there is, and tells how the session stands. Rejects with why there is nothing. */
  fetch(): Promise<Partial<SessionRecord>>;
}
