import type { GeneratorSample } from '../measure/generator.ts';
import type { RecordedPart } from '../measure/recorder.ts';
import type { Share } from '../share.ts';

/**
 * The port between the one who conducts a run and those who make its load: messages in order, or none any
 * more. What goes through is plain data (structured clone), times are in milliseconds.
 */
export interface Link<Sent, Received> {
  /** Whom it leads to, for people: `worker 2`, `agent hall-3`. */
  readonly name: string;
  /** Sends, or does nothing where the link is broken. */
  send(message: Sent): void;
  /** Hands over the messages that come, one at a time; those that came before are handed over first. */
  receive(handler: (message: Received) => void): void;
  /** Calls back once when the link has broken, with why; at once where it has already. Not after `close`. */
  onLost(handler: (because: string) => void): void;
  /** Ends the link; a worker that still works at the other end ends with it. */
  close(): void;
}

/** The conductor's end of a link to a worker. */
export type WorkerLink = Link<ToWorker, FromWorker>;

/** The worker's end of it. */
export type ConductorLink = Link<FromWorker, ToWorker>;

/** What a worker is told. A job is a share of the run; a worker may have several, when another was lost. */
export type ToWorker =
  | { readonly kind: 'ping'; readonly sentMs: number }
  /** What the worker's clock must show to show the conductor's: subtract the offset, which grows by the drift. */
  | { readonly kind: 'align'; readonly offsetMs: number; readonly atMs: number; readonly drift: number }
  | { readonly kind: 'prepare'; readonly job: number; readonly share: Share }
  /** Begin, on the conductor's clock. */
  | { readonly kind: 'start'; readonly job: number; readonly startMs: number; readonly skippedMs: number }
  | { readonly kind: 'stop'; readonly graceMs: number };

/** What a worker tells. */
export type FromWorker =
  | { readonly kind: 'pong'; readonly sentMs: number; readonly nowMs: number }
  | { readonly kind: 'ready'; readonly job: number }
  /** It cannot make the load. */
  | { readonly kind: 'refused'; readonly job: number; readonly because: string }
  /** Twice a second, as a sign of life, with how many users are within an iteration. */
  | (WorkerNews & { readonly kind: 'beat'; readonly job: number; readonly busy: number })
  | (WorkerNews & { readonly kind: 'done'; readonly job: number; readonly activeMs: number });

/** What came about since a job was last told of. */
export interface WorkerNews {
  readonly part: RecordedPart;
  /** Of the worker's process, whichever job they come with. */
  readonly samples: readonly GeneratorSample[];
}
