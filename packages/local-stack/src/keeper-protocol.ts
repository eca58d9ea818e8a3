/*
 *   the caller ──── orders ───▸ keeper ──── starts, stops ───▸ servers
 *              ◂─── reports ───        (its own session, so that Ctrl-C in the terminal misses them all)
 *
 * The channel is also a lifeline: the system closes it when the caller ends, however it ends, and then the
 * keeper stops what it started. So it has to be the keeper that starts every server: between a start by the
 * caller and a message to the keeper, a SIGKILL would leave an orphan.
 */

/** How to start a program. */
export interface Command {
  /** For messages, and the name of its log: `postgres`, `replica-1`, `valkey-log`. */
  readonly name: string;
  readonly path: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** As whom; absent: as the caller. */
  readonly account?: { readonly uid: number; readonly gid: number };
  /** Its standard output and standard error; begun anew with each start. */
  readonly logPath: string;
  /** How to end it: each signal is sent if it still runs so long after it was asked to end. */
  readonly stopSignals: readonly StopSignal[];
}

export interface StopSignal {
  readonly signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL';
  readonly afterMs: number;
}

/** From the caller to the keeper. `id` is the caller's number for the program. */
export type Order =
  | { readonly kind: 'start'; readonly id: number; readonly command: Command }
  | { readonly kind: 'end'; readonly id: number }
  | { readonly kind: 'stop' };

/** From the keeper to the caller. */
export type Report =
  | { readonly kind: 'started'; readonly id: number; readonly pid: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  | { readonly kind: 'ended'; readonly id: number; readonly ending: Ending };

/** How a program ended: one of both is null. */
export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
}

/** How long a keeper may take to stop all its servers, in milliseconds: longer than it grants any of them. */
export const keeperLimitMs = 40_000;

/** What the keeper is told when it starts. */
export interface KeeperTask {
  /** Where it writes down what runs; it deletes the record when all has ended. */
  readonly recordPath: string;
  /** Removed at the very end; absent: nothing is. */
  readonly removeFolder?: string;
}
