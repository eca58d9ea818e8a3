import type { Snapshot } from '../snapshot.ts';

/** Sends snapshots of metrics somewhere while something runs. The port of `otlp.ts` and `remote-write.ts`. */
export interface MetricExporter {
  /** Hands over all metrics as of now. Never waits and never throws: what cannot be sent is counted. */
  publish(snapshot: Snapshot): void;
  /** What has become of it so far. */
  report(): ExportReport;
  /** Sends what is still waiting, for a bounded time, and ends. Closing again gives the same. */
  close(): Promise<ExportReport>;
}

/** What has become of the data points that were handed over. None is in two of the counts. */
export interface ExportReport {
  /** Where they went: the address without user, password and query. */
  readonly destination: string;
  /** Requests that the receiver accepted. */
  readonly requestsSent: number;
  /** Attempts after a first one that failed. */
  readonly retries: number;
  readonly pointsSent: number;
  /** Points that the receiver has seen and would not have. */
  readonly pointsRejected: number;
  /** Points that never arrived: it was away for too long, the queue ran over, or the time to close. */
  readonly pointsDropped: number;
  /** The last failure in words, without anything secret; undefined when all went well. */
  readonly lastProblem: string | undefined;
}
