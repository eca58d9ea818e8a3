import type { SlotLinks } from './filler.ts';
import { type Extract, type Judge, prepareCheck, prepareExtraction } from './response-reader.ts';
import type { Check, Extraction } from './response-values.ts';

/** What is checked and saved of an answer, prepared. */
export interface Judged {
  readonly checks: readonly { readonly holds: Judge; readonly count: Outcomes }[];
  readonly saves: readonly { readonly place: number; readonly extract: Extract }[];
}

interface Outcomes {
  passed: number;
  failed: number;
}

/** Prepares checks and extractions once; `lane` is where the outcomes of a check are counted. */
export function prepareJudged(
  asked: {
    readonly checks: readonly Check[];
    readonly saves: readonly { readonly name: string; readonly from: Extraction }[];
  },
  lane: { check(name: string): Outcomes },
  links: SlotLinks,
): Judged {
  return {
    checks: asked.checks.map((check) => ({ holds: prepareCheck(check), count: lane.check(check.name) })),
    saves: asked.saves.map(({ name, from }) => ({
      place: links.variable(name),
      extract: prepareExtraction(from),
    })),
  };
}
