import type { Decision } from './decide/decision.ts';
import type { Fleet, Outcome } from './driver.ts';

/** What came of a step: the driver's word, or why there is none. */
export type StepOutcome = Outcome | { readonly kind: 'failed'; readonly because: string };

/** What came of a step, or that it was not taken because the policy is only tried. */
export type RoundOutcome = StepOutcome | { readonly kind: 'dry run' };

/** One look at a group, and what came of it. */
export type Round =
  | {
      readonly kind: 'decided';
      readonly atMs: number;
      readonly fleet: Fleet;
      readonly decision: Decision;
      /** Undefined where there was nothing to do. */
      readonly outcome: RoundOutcome | undefined;
      /** Why there were no values at all; undefined where the source answered. */
      readonly unread: string | undefined;
    }
  | {
      /** Nothing is decided about what cannot be seen. */
      readonly kind: 'unseen';
      readonly atMs: number;
      readonly because: string;
    };
