/** When an upstream is taken out because its requests fail, and for how long. */
export interface EjectionPolicy {
  /** Failures one after the other that take it out: 5xx, or no answer. Default 5; 0 for never. */
  readonly failuresMax: number;
  /** For how long the first time; each time in a row it is so much longer. Default 10,000. */
  readonly durationMs: number;
  /** The longest. Default 300,000. */
  readonly durationMsMax: number;
  /** The share of upstreams that may be out at once, 0 to 1; one may always be. Default 0.5. */
  readonly ejectedRatioMax: number;
}

export const defaultEjection: EjectionPolicy = {
  failuresMax: 5,
  durationMs: 10_000,
  durationMsMax: 300_000,
  ejectedRatioMax: 0.5,
};

/** What is remembered of an upstream's requests. */
export interface EjectionState {
  readonly failures: number;
  /** How often it was out lately. */
  readonly ejections: number;
  /** Out until then; below or at now it is in. */
  readonly untilMs: number;
}

export const neverEjected: EjectionState = { failures: 0, ejections: 0, untilMs: 0 };

/**
 * Takes in the end of a request. Pure; gives the same state back where nothing has changed, which is what a
 * success mostly does.
 *
 * @param canEject whether one more may be out, see `mayEject`.
 */
export function afterRequest(
  state: EjectionState,
  outcome: 'succeeded' | 'failed',
  {
    policy,
    nowMs,
    canEject,
  }: { readonly policy: EjectionPolicy; readonly nowMs: number; readonly canEject: boolean },
): EjectionState {
  if (outcome === 'succeeded') return afterSuccess(state, policy, nowMs);
  const failures = state.failures + 1;
  // What was sent before it went out ends afterwards: it is not out for longer because of that.
  if (policy.failuresMax === 0 || failures < policy.failuresMax || !canEject || nowMs < state.untilMs)
    return { ...state, failures };
  const ejections = state.ejections + 1;
  const forMs = Math.min(policy.durationMsMax, policy.durationMs * ejections);
  return { failures: 0, ejections, untilMs: nowMs + forMs };
}

/** Success is forgiving: for each while that it was in and well, one time that it was out is forgotten. */
function afterSuccess(state: EjectionState, policy: EjectionPolicy, nowMs: number): EjectionState {
  const forgiven =
    state.ejections > 0 ? Math.floor(Math.max(0, nowMs - state.untilMs) / policy.durationMs) : 0;
  if (state.failures === 0 && forgiven === 0) return state;
  const untilMs = forgiven > 0 ? nowMs : state.untilMs;
  return { failures: 0, ejections: Math.max(0, state.ejections - forgiven), untilMs };
}

/** Whether one more of so many may be out. */
export function mayEject(
  policy: EjectionPolicy,
  { ejected, total }: { readonly ejected: number; readonly total: number },
): boolean {
  return ejected + 1 <= Math.max(1, Math.floor(total * policy.ejectedRatioMax));
}
