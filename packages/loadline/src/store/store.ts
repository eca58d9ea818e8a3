import type { Clock } from '../base/index.ts';
import type { Postgres } from '../postgres/index.ts';
import type { Audit } from './audit.ts';
import type { Documents } from './documents.ts';
import type { LoadTests } from './load-tests.ts';
import type { Metrics } from './metrics.ts';
import type { Readings } from './readings.ts';
import type { ScalingEvents } from './scaling-events.ts';
import type { TestResults } from './test-results.ts';

/** What is remembered, in one PostgreSQL. Several processes may have the same database open. */
export interface Store extends AsyncDisposable {
  readonly metrics: Metrics;
  readonly readings: Readings;
  readonly tests: LoadTests;
  readonly results: TestResults;
  readonly scalingEvents: ScalingEvents;
  readonly documents: Documents;
  readonly audit: Audit;
  /** What has happened since it was opened, and how much waits now. */
  readonly counts: StoreCounts;
  /** Writes what waits, for at most `closeTimeoutMs`, and stops its timers. The pool stays open: it is the caller's. */
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly clock: Clock;
  readonly retention?: Retention;
  /** How this process is called in `metric_writers`. Default `loadline`. */
  readonly name?: string;
  /** Samples that may wait in memory. Default 500,000; the oldest give way and are counted. */
  readonly waitingSamplesMax?: number;
  /** Bytes that these may take, roughly. Default 64 MiB. */
  readonly waitingBytesMax?: number;
  /** After which time a write is said to wait. Default 2,000. */
  readonly patienceMs?: number;
  /** The oldest samples that are taken. Default 24 hours; older ones are refused. */
  readonly latenessMaxMs?: number;
  /** How long `close` tries to write what still waits. Default 5,000. */
  readonly closeTimeoutMs?: number;
}

/** For how long things are kept, in milliseconds; what is older is dropped, a day or a month at a time. */
export interface Retention {
  /** Single samples, and readings. Default 7 days. */
  readonly rawMs?: number;
  /** Default 30 days. */
  readonly minutesMs?: number;
  /** Default 400 days. */
  readonly hoursMs?: number;
  /** Audit log and scaling events. Default 400 days. */
  readonly eventsMs?: number;
}

export interface StoreCounts {
  /** Samples since the start. */
  readonly committed: number;
  readonly refused: number;
  readonly dropped: number;
  /** Samples of a minute that had been rolled up already; it was rolled up again. */
  readonly late: number;
  /** In memory now. */
  readonly waiting: number;
  readonly waitingBytes: number;
  /** Attempts to write that failed and were repeated. */
  readonly retries: number;
  /** Whether the database took nothing at the last attempt. */
  readonly isAway: boolean;
  /** Minutes of series that were rolled up. */
  readonly rolledUp: number;
  /** Writers that had died and whose minutes were rolled up for them. */
  readonly recovered: number;
  /** Rounds of upkeep (partitions, recovery) that failed. */
  readonly upkeepFailures: number;
}

/**
 * Brings the schema up to date, makes partitions, and opens the store.
 *
 * @throws POSTGRES_… where the database is away, or belongs to a newer version.
 */
export declare function openStore(postgres: Postgres, options: StoreOptions): Promise<Store>;
