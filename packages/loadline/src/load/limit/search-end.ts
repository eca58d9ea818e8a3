import { showRate } from './search-runs.ts';

/** How a search has ended, and what is known of the limit by then. */
export interface SearchEnd {
  readonly status: SearchStatus;
  /** For people: what was found, or why nothing was. */
  readonly statement: string;
  /** Where the limit is believed to be; undefined where the search has none. */
  readonly limit: LimitEstimate | undefined;
  /** The highest rate at which every confirmation run met the objectives. */
  readonly confirmed: RunsAt | undefined;
  /** A rate just above it at which every run missed them. */
  readonly refuted: RunsAt | undefined;
  /** The highest rate at which any run met them. */
  readonly highestMet: number | undefined;
}

/**
 * `found`. `above`: met at the highest rate that was allowed. `generator`: the generator was the bottleneck
 * before the target was. `below`: missed at the lowest rate. `contradictory`: met at a rate well above others
 * that were missed. `unsettled`: the runs were used up before there was a limit.
 */
export type SearchStatus = 'found' | 'above' | 'generator' | 'below' | 'contradictory' | 'unsettled';

export interface LimitEstimate {
  /** As likely too high as too low. */
  readonly ratePerSecond: number;
  readonly interval: {
    readonly fromPerSecond: number;
    readonly toPerSecond: number;
    readonly confidence: number;
  };
}

/** So many runs at one rate, all with the same outcome. */
export interface RunsAt {
  readonly ratePerSecond: number;
  readonly runs: number;
}

/** What the search knows when it ends. */
export interface EndFacts extends Omit<SearchEnd, 'statement'> {
  readonly fromRate: number;
  readonly toRate: number;
  readonly runs: number;
  /** What `contradictory` is about. */
  readonly contradiction: string | undefined;
}

/** Puts an end into words. Pure. */
export function endOf({ fromRate, toRate, runs, contradiction, ...end }: EndFacts): SearchEnd {
  const atLeast =
    end.highestMet === undefined
      ? 'Nothing is known of the limit'
      : `The limit is at least ${showRate(end.highestMet)}`;
  const statements: Readonly<Record<SearchStatus, string>> = {
    found: `The limit is ${showLimit(end.limit)}. ${showConfirmation(end)}`,
    above: `${atLeast}: the target met the objectives at ${showRate(toRate)}, the highest rate allowed. Allow more.`,
    generator: `${atLeast}: the generator was the bottleneck. Give it a core of its own, or more of them.`,
    below: `The target missed the objectives at ${showRate(fromRate)}, the lowest rate. Begin lower, or look at why.`,
    contradictory: `There is no one limit. ${contradiction}`,
    unsettled: `The ${runs} runs were used up before a limit was confirmed. ${showUnsettled(end)} Allow more runs, or longer ones.`,
  };
  return { ...end, statement: statements[end.status] };
}

function showLimit(limit: LimitEstimate | undefined): string {
  if (limit === undefined) return 'not known';
  const { fromPerSecond, toPerSecond, confidence } = limit.interval;
  return `${showRate(limit.ratePerSecond)} (${showRate(fromPerSecond)} to ${showRate(toPerSecond)}, ${Math.round(confidence * 100)} % sure)`;
}

function showConfirmation({ confirmed, refuted }: Pick<SearchEnd, 'confirmed' | 'refuted'>): string {
  if (confirmed === undefined || refuted === undefined) return '';
  return `The objectives were met in ${confirmed.runs} of ${confirmed.runs} runs at ${showRate(confirmed.ratePerSecond)}, and missed in ${refuted.runs} of ${refuted.runs} at ${showRate(refuted.ratePerSecond)}.`;
}

function showUnsettled({ limit, highestMet }: Pick<SearchEnd, 'limit' | 'highestMet'>): string {
  if (limit !== undefined) return `It may be ${showLimit(limit)}.`;
  return highestMet === undefined ? '' : `It met the objectives at ${showRate(highestMet)}.`;
}
