import type { Random } from '../../base/index.ts';

/** What the control plane said. */
export type Outcome =
  /** It knows this process now. */
  | { readonly kind: 'known'; readonly id: string; readonly heartbeatEveryMs: number }
  /** It does not know it any more: it has a new database, say, or did not hear of it for ten minutes. */
  | { readonly kind: 'forgotten' }
  /** It did not answer, or refuses. */
  | { readonly kind: 'failed'; readonly problem: string; readonly retryAfterMs: number };

/** Where a process stands with its control plane. */
export interface Standing {
  /** What its registration is called there; without one it registers. */
  readonly id: string | undefined;
  /** In a row. */
  readonly failures: number;
  /** Why it is not known, since the first of these failures. */
  readonly problem: string | undefined;
}

export const strange: Standing = { id: undefined, failures: 0, problem: undefined };

/** It counts as gone after 90 s: two tries may be lost and the third still comes in time. */
const delayMsMax = 30_000;
const delayMsMin = 1000;
const askedDelayMsMax = 10 * 60_000;

/**
 * Where it stands after an answer, and when it asks again. After a failure that is in 1 s, and twice as long each time, to 30 s,
 * from half of it to the whole, so that not all come at once when a control plane is back; or when it asks to be asked. Pure.
 */
export function nextTurn(
  standing: Standing,
  outcome: Outcome,
  random: Random,
): { readonly standing: Standing; readonly delayMs: number } {
  switch (outcome.kind) {
    case 'known':
      return {
        standing: { id: outcome.id, failures: 0, problem: undefined },
        delayMs: Math.min(delayMsMax, Math.max(delayMsMin, outcome.heartbeatEveryMs)),
      };
    case 'forgotten':
      return { standing: { ...standing, id: undefined }, delayMs: 0 };
    case 'failed': {
      const { failures } = standing;
      const ownMs = Math.min(delayMsMax, delayMsMin * 2 ** failures) * (0.5 + random() / 2);
      return {
        standing: { ...standing, failures: failures + 1, problem: outcome.problem },
        delayMs: Math.max(ownMs, Math.min(askedDelayMsMax, outcome.retryAfterMs)),
      };
    }
  }
}
