/** A number that a probe has read, of which the watch makes a point of a series. */
export interface Reading {
  /** In the words of docs/reference/resources.md: `cpu`, `memory`, `connections`. */
  readonly name: string;
  /** Of what is shown, so of a counter's growth: `ratio`, `bytes`, `count`, `ms`, `per second`. */
  readonly unit: string;
  readonly value: number;
  /** A gauge is shown as it is. Of a counter its growth is shown, divided by the seconds in which it grew. */
  readonly kind: 'gauge' | 'counter';
  /** A counter by whose growth this one's is divided, instead of by seconds: hits by look-ups give a hit ratio. */
  readonly per?: number;
}

/** Something of the target that can be looked at. Drivers stand beside this file. */
export interface ResourceProbe {
  /** What is looked at, for people and without secrets: `process 4711`, `postgres`. */
  readonly source: string;
  /** Looks once; rejects with why it could not. When the signal aborts nobody waits for the answer any more. */
  sample(signal: AbortSignal): Promise<readonly Reading[]>;
  /** What else people should know, such as a number that is not to be had here. */
  notes?(): readonly string[];
  /** Lets go of what the probe holds. Called once, when no sample is asked for any more. */
  close(): Promise<void>;
}

/** How a number of the target went in the course of a run. */
export interface ResourceSeries {
  readonly source: string;
  readonly name: string;
  readonly unit: string;
  /**
   * One a second at most, and at most 600: in a long run each is the mean of 2, 4, 8 … seconds. Time is in
   * milliseconds since the start of the run. Where nothing could be seen there is no point.
   */
  readonly points: readonly (readonly [elapsedMs: number, value: number])[];
}
