/**
 * Something that was noticed about a system, with the numbers that show it. Whoever looks at one part makes
 * findings of it; `loadline/advice` ranks what to do about them. A plain value: it travels as JSON.
 */
export interface Finding {
  /** What it is about, as people call it: `database`, `service api`, `endpoint POST /claim`. */
  readonly component: string;
  /** What was noticed, from the words of whoever looked: `slow statement`, `pool exhausted`. */
  readonly kind: string;
  readonly severity: Severity;
  /** One sentence for people. Holds no secret and no value of a user's. */
  readonly summary: string;
  /** Each name once. */
  readonly evidence: readonly Evidence[];
}

/** `critical`: users feel it, or will within hours. `warning`: it will not last. `notice`: good to know. */
export type Severity = 'critical' | 'warning' | 'notice';

/** A number that shows something, and all that one needs to judge the number. */
export interface Evidence {
  /** In camel case with the unit last where it has one: `meanMs`, `shareOfTime`, `connectionsMax`. */
  readonly name: string;
  readonly value: number;
  readonly unit: EvidenceUnit;
  /** Of how many observations it is made; absent where it is one reading of a state. */
  readonly count?: number;
  /** When it was observed. */
  readonly window?: TimeWindow;
  /** Where it came from, so that it can be looked at: an address, or the view, file or series by name. */
  readonly source: string;
}

/** A ratio is from 0 to 1, but for a utilisation of several cores. */
export type EvidenceUnit =
  | 'ratio'
  | 'ms'
  | 'count'
  | 'bytes'
  | 'per second'
  | 'bytes per second'
  | 'cores'
  | 'score';

/** From and to, in milliseconds since the epoch. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What came of looking at one part of a system. Nothing found is a result too; not having looked is another. */
export interface Review {
  /** What was looked at: `statements of the database`. */
  readonly subject: string;
  readonly findings: readonly Finding[];
  /** What could not be seen, each with the reason and what would help. */
  readonly unseen: readonly string[];
}

/** The value of this name; undefined where the finding has none, or none that is a finite number. */
export function evidenceOf(finding: Finding, name: string): number | undefined {
  const value = finding.evidence.find((each) => each.name === name)?.value;
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}
