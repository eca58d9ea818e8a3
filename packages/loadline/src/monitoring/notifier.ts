import type { Notification, NotifiedAlert } from './notification.ts';

/** Tells the outside of alerts. The port of the drivers in `notifiers/`. */
export interface Notifier {
  /** For people and counters, without anything secret. */
  readonly name: string;
  /**
   * Delivers one notification, or rejects with a LoadlineError once it gives up. It may try several times, and ends
   * with the signal's reason soon after that aborts.
   */
  notify(notification: Notification, signal: AbortSignal): Promise<void>;
  /** For a receiver that forgets: it hears of all that fires this often. */
  readonly refresh?: {
    readonly everyMs: number;
    /** @param alerts all that fire and may be told; none where nothing does. */
    send(alerts: readonly NotifiedAlert[], signal: AbortSignal): Promise<void>;
  };
}
