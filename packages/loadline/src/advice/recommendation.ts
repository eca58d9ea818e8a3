import type { Evidence, EvidenceUnit, Finding, Severity } from '../metrics/index.ts';

/** What to do, why, and what may come of it. A plain value: it travels as JSON. */
export interface Recommendation {
  readonly component: string;
  /** One imperative sentence. */
  readonly action: string;
  readonly reasoning: string;
  readonly severity: Severity;
  /** Of what was noticed; the recommendation says nothing that does not follow from these numbers. */
  readonly finding: Finding;
  /** Findings of others that name the same bottleneck: it is advised on once. */
  readonly alsoSeen: readonly Finding[];
  /** The finding's, then that of the others. */
  readonly evidence: readonly Evidence[];
  readonly expected: Expected;
  readonly risk: { readonly level: Level; readonly what: string };
  readonly confidence: Level;
}

/** How far: how much harm a change can do, or how sure its rule is of it. A word of the rule, not a computed figure. */
export type Level = 'low' | 'medium' | 'high';

/** What a change would bring: computed by a formula that is told, or not known. Never a phrase. */
export type Expected =
  | {
      readonly kind: 'modelled';
      /** One sentence with both numbers, and what it takes for granted. */
      readonly statement: string;
      readonly formula: string;
      /** What was put into the formula, by the names that stand in it. */
      readonly inputs: Readonly<Record<string, number>>;
      readonly before: number;
      readonly after: number;
      readonly unit: EvidenceUnit;
    }
  | { readonly kind: 'not known'; readonly because: string };

/**
 * `cause`: what can be mended where it stands. `bottleneck`: where the load piles up, which a cause may explain.
 * `symptom`: what users or a test notice.
 */
export type Depth = 'cause' | 'bottleneck' | 'symptom';

/** What to do about findings of one kind. */
export interface Rule {
  readonly kind: string;
  readonly depth: Depth;
  /** Kinds of findings that this one may be the reason of: it is then as pressing as they are. */
  readonly explains: readonly string[];
  /** The kind of the finding that this one names as the bottleneck, where it has seen it itself. Pure. */
  bottleneckOf?(finding: Finding): string | undefined;
  /** Pure. Undefined where the numbers do not bear any advice. */
  advise(finding: Finding): Draft | undefined;
}

/** What a rule adds to its finding. */
export interface Draft
  extends Pick<Recommendation, 'action' | 'reasoning' | 'expected' | 'risk' | 'confidence'> {
  /** How much of the trouble is at stake, 0 to 1; orders what is equally pressing. */
  readonly share: number;
}

export function notKnown(because: string): Expected {
  return { kind: 'not known', because };
}

/** For a sentence: `12.5 %`. */
export function percent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(3))} %`;
}
