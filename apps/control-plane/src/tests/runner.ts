import type { LoadProgress, PlanOptions, ProtocolOptions } from 'loadline/load';

/** Makes the load of one test somewhere where it is in nobody's way. */
export interface Runner {
  /**
   * Resolves when the report stands in the job's folder. An abort ends the load early, with a report of what was
   * measured until then.
   *
   * @throws Error with a sentence for people.
   */
  run(job: RunJob, options: RunOptions): Promise<void>;
}

export interface RunJob {
  /** Holds the scenario, and gets the report. */
  readonly folder: string;
  readonly choice: PlanOptions;
  /** Judged by who started it. */
  readonly address: string;
  readonly protocol: ProtocolOptions;
}

export interface RunOptions {
  readonly signal: AbortSignal;
  /** Called once a second. */
  readonly onProgress: (progress: LoadProgress) => void;
}
