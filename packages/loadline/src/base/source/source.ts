import type { Problem } from '../parse.ts';

/** A file as a value that still knows its lines. */
export interface Source {
  readonly value: unknown;
  /** What is wrong with the text itself, with the line in the message. */
  readonly problems: readonly string[];
  /** A problem with the line at which its place stands: `line 12, scenarios.browse.steps[0].get: must …`. */
  locate(problem: Problem): string;
}
