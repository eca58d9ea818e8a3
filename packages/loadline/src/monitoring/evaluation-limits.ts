/** How long and how much an evaluation bears. */
export interface EvaluationLimits {
  /** A reading older than this says nothing of now. A rule's window, where that is longer. Default a minute. */
  readonly staleAfterMs: number;
  /** How far another machine's clock may be ahead. Default 5 seconds. */
  readonly futureMs: number;
  /** A pause in the readings of a series, or a rule's window where that is longer, after which a pending alert begins anew. Default 5 minutes. */
  readonly pauseMaxMs: number;
  /** A series without a reading for this long is gone, and its alert with it. Default a day. */
  readonly forgetAfterMs: number;
  /** Series that are watched at once; readings of further ones are set aside. Default 10,000. */
  readonly alertsMax: number;
}

export const evaluationLimitsDefault: EvaluationLimits = {
  staleAfterMs: 60_000,
  futureMs: 5000,
  pauseMaxMs: 300_000,
  forgetAfterMs: 86_400_000,
  alertsMax: 10_000,
};
