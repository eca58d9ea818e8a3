/** Something that is busy, and is to come to rest before the process ends: a server, its WebSockets, workers. */
export interface Drain {
  /** Called when the service says "not ready", and still serves: from now on it should not invite anybody to stay. */
  beginFarewell?(): void;
  /**
   * Takes nothing new from now on; resolves when nothing is under way any more. When the signal aborts, time is over:
   * it is not waited for.
   */
  drain(signal: AbortSignal): Promise<unknown>;
  /** What is under way at this moment. Without it, the drain as a whole is named when it is overdue. */
  unfinished?(): readonly Unfinished[];
  /** Ends what is still under way, without regard to it. */
  cut?(): void;
}

/** Something that was under way when its time was over. */
export interface Unfinished {
  /** For people: `GET /report`, `part of a request`, `WebSocket`, or the name of a drain. Never with a query. */
  readonly name: string;
  /** For how long it had been under way; undefined where that is not known. */
  readonly ageMs?: number;
}
