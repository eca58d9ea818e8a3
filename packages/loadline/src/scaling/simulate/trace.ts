/** How much was asked of a service, over time. */
export interface Trace {
  readonly name: string;
  /** When the first step begins, in milliseconds since the epoch. */
  readonly startMs: number;
  readonly stepMs: number;
  /** Requests a second that arrived, on average over each step; NaN where nobody looked. */
  readonly ratesPerSecond: Float64Array;
}
