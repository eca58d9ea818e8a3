import { type Belief, createBelief, learn, quantileRate, rateOfChance } from './belief.ts';
import { endOf, type LimitEstimate, type RunsAt, type SearchEnd, type SearchStatus } from './search-end.ts';
import {
  contradictionIn,
  highestMet,
  type RunOutcome,
  type RunPurpose,
  ratesOf,
  type SearchRun,
} from './search-runs.ts';

/**
 * The search for the highest rate that meets the objectives, as a state machine that never waits: it says which
 * run is next, and is told how it ended.
 *
 *   climb ── missed ──► search ◄──────────────────────┐
 *     │                    │ the belief is narrow      │ met, where it should miss, or the reverse
 *     │                    ▼                           │
 *     │                 confirm ── all met ──► refute ─┴─ all missed ──► done: found
 *     ▼
 *   done otherwise: missed at the lowest rate, never missed, invalid, contradictory, or no runs left
 *
 * The climb doubles the rate; the search asks where what it believes is in two (belief.ts). It never asks for
 * more than double of what was carried, because a target that is flooded may not come back.
 */
export interface LimitSearch {
  /** Says the same until it is told how that run ended. */
  next(): SearchStep;
  /** Tells how the run that `next` asked for has ended. */
  observe(outcome: RunOutcome): void;
}

export type SearchStep =
  | { readonly kind: 'run'; readonly purpose: RunPurpose; readonly ratePerSecond: number }
  | { readonly kind: 'done'; readonly end: SearchEnd };

export interface LimitSearchOptions {
  /** Arrivals a second, above 0. */
  readonly fromRate: number;
  /** At least `fromRate`; never exceeded. */
  readonly toRate: number;
  /** How close the limit is wanted, relative, 0.005 to 0.5. */
  readonly precision: number;
  /** How many runs have to meet the objectives at the confirmed rate; from 1. */
  readonly confirmRuns: number;
  /** The search ends after so many runs, whatever it knows then. */
  readonly runsMax: number;
}

/**
 * How many runs a search takes: `usual` on a quiet machine, where every outcome is as expected; `most` is a
 * good `runsMax`, with which the simulated searches on a noisy machine found the limit as well.
 */
export function expectedRuns({
  fromRate,
  toRate,
  precision,
  confirmRuns,
}: Omit<LimitSearchOptions, 'runsMax'>): { readonly usual: number; readonly most: number } {
  const climb = Math.ceil(Math.log(toRate / fromRate) / Math.log(climbFactor)) + 1;
  const halvings = Math.max(1, Math.ceil(Math.log2(Math.log(climbFactor) / Math.log1p(precision))));
  const check = confirmRuns + refuteRuns;
  return { usual: climb + halvings + 3 + check, most: climb + 5 * halvings + 3 * check };
}

export function createLimitSearch(options: LimitSearchOptions): LimitSearch {
  return new RunningSearch(options);
}

const climbFactor = 2;
const refuteRuns = 2;
/** One miss at the lowest rate may be a hiccup. */
const lowestRunsMax = 2;
/** How often a run that said nothing is done again before its rate is given up. */
const repeatsMax = 2;
/** The search is narrow enough when nine parts of ten of its belief lie within this many precisions. */
const narrowPrecisions = 1.5;
const narrowTail = 0.05;
/** Whoever is told a rate wants nine runs of ten to meet the objectives there. */
const confirmChance = 0.9;
/** Belief's own 98 % held the truth in over 90 of 100 simulated searches, from quiet machines to noisy ones. */
const intervalTail = 0.01;
const confidence = 0.9;
const grainsInPrecision = 8;

class RunningSearch implements LimitSearch {
  readonly #options: LimitSearchOptions;
  readonly #runs: SearchRun[] = [];
  #belief: Belief;
  #step: SearchStep | undefined;
  /** The generator could not make this rate, in several runs. */
  #ceiling = Number.POSITIVE_INFINITY;
  /** Whether the rate that had been given up was tried anew. */
  #hasRetried = false;
  #repeats = 0;
  /** The rate under confirmation, with how many runs have met there; then the rate above it, with its misses. */
  #candidate: RunsAt | undefined;
  #above: RunsAt | undefined;
  #confirmed: RunsAt | undefined;

  constructor(options: LimitSearchOptions) {
    this.#options = options;
    this.#belief = createBelief({ ...options, grain: options.precision / grainsInPrecision });
  }

  next(): SearchStep {
    this.#step ??= this.#decide();
    return this.#step;
  }

  observe(outcome: RunOutcome): void {
    const step = this.next();
    if (step.kind === 'done') throw new Error('A limit search that is done was told of another run.');
    const { purpose, ratePerSecond } = step;
    this.#runs.push({ purpose, ratePerSecond, outcome });
    this.#step = undefined;
    if (outcome === 'invalid') {
      this.#repeatOrGiveUp(step);
      return;
    }
    this.#repeats = 0;
    // A rate that was valid once was not too much for the generator: something else had held it up.
    if (ratePerSecond >= this.#ceiling) this.#ceiling = Number.POSITIVE_INFINITY;
    this.#belief = learn(this.#belief, ratePerSecond, outcome === 'met');
    if (purpose === 'confirm') this.#candidate = outcome === 'met' ? oneMore(this.#candidate) : undefined;
    if (purpose === 'refute') {
      this.#above = outcome === 'missed' ? oneMore(this.#above) : undefined;
      if (outcome === 'met') this.#candidate = undefined;
    }
  }

  #repeatOrGiveUp(step: SearchStep & { kind: 'run' }): void {
    const isRepeated = this.#repeats < repeatsMax && this.#runs.length < this.#options.runsMax;
    this.#repeats = isRepeated ? this.#repeats + 1 : 0;
    if (isRepeated) this.#step = step;
    else {
      this.#ceiling = step.ratePerSecond;
      this.#candidate = undefined;
    }
  }

  #decide(): SearchStep {
    const { fromRate, toRate, precision, runsMax } = this.#options;
    const met = highestMet(this.#runs);
    const misses = ratesOf(this.#runs, 'missed').length;
    if (contradictionIn(this.#runs) !== undefined) return this.#end('contradictory');
    if (this.#runs.length >= runsMax) return this.#end('unsettled');
    if (this.#ceiling <= (met ?? fromRate) * (1 + precision)) {
      if (this.#hasRetried) return this.#end('generator');
      // Whatever else ran on the generator's machine may be over by now: the rate gets a second chance.
      this.#hasRetried = true;
      return run(misses === 0 ? 'climb' : 'search', this.#ceiling);
    }
    if (met === undefined && misses >= lowestRunsMax) return this.#end('below');
    if (met === undefined) return run('climb', fromRate);
    if (misses === 0) return this.#climb(met);
    if (quantileRate(this.#belief, 1 - narrowTail) < fromRate) return this.#end('below');
    if (quantileRate(this.#belief, narrowTail) > toRate) return this.#end('above');
    return this.#search(met);
  }

  #climb(met: number): SearchStep {
    const { toRate, confirmRuns } = this.#options;
    if (met < toRate) return run('climb', this.#allowed(met * climbFactor, met));
    const atTop = this.#runs.filter((each) => each.ratePerSecond === toRate && each.outcome === 'met');
    if (atTop.length >= confirmRuns) return this.#end('above');
    return run('confirm', toRate);
  }

  #search(met: number): SearchStep {
    if (this.#candidate === undefined) {
      if (!this.#isNarrow() && this.#canAffordToSearch()) {
        return run('search', this.#allowed(quantileRate(this.#belief, 0.5), met));
      }
      this.#candidate = this.#chooseCandidate(met);
      this.#above = undefined;
    }
    const { ratePerSecond, runs } = this.#candidate;
    if (runs < this.#options.confirmRuns) return run('confirm', ratePerSecond);
    this.#confirmed = this.#candidate;
    return this.#refute(ratePerSecond);
  }

  #refute(confirmedRate: number): SearchStep {
    const { precision, toRate } = this.#options;
    const doubtful = rateOfChance(this.#belief, 1 - confirmChance);
    this.#above ??= { ratePerSecond: rounded(Math.max(doubtful, confirmedRate * (1 + precision))), runs: 0 };
    if (this.#above.ratePerSecond > toRate) return this.#end('above');
    if (this.#above.ratePerSecond >= this.#ceiling) return this.#end('generator');
    return this.#above.runs < refuteRuns ? run('refute', this.#above.ratePerSecond) : this.#end('found');
  }

  /** The highest rate that is likely to be met; one that is confirmed already and as good is kept. */
  #chooseCandidate(met: number): RunsAt {
    const rate = this.#allowed(rateOfChance(this.#belief, confirmChance), met);
    const near = this.#confirmed;
    const isNear =
      near !== undefined && Math.abs(rate / near.ratePerSecond - 1) < this.#options.precision / 2;
    return isNear ? near : { ratePerSecond: rate, runs: 0 };
  }

  /** Not beyond what was allowed, nor beyond double of what was met, nor where the generator is the bottleneck. */
  #allowed(rate: number, met: number): number {
    const { fromRate, toRate } = this.#options;
    const most = rounded(Math.min(rate, met * climbFactor));
    const makeable = most < this.#ceiling ? most : rounded(Math.sqrt(met * this.#ceiling));
    return Math.min(toRate, Math.max(fromRate, makeable));
  }

  #isNarrow(): boolean {
    const ratio = quantileRate(this.#belief, 1 - narrowTail) / quantileRate(this.#belief, narrowTail);
    return ratio <= 1 + this.#options.precision * narrowPrecisions;
  }

  /** Runs are kept back for two confirmations. */
  #canAffordToSearch(): boolean {
    const { runsMax, confirmRuns } = this.#options;
    return runsMax - this.#runs.length > 2 * (confirmRuns + refuteRuns);
  }

  #end(status: SearchStatus): SearchStep {
    const facts = {
      ...this.#options,
      status,
      runs: this.#runs.length,
      limit: status === 'found' || status === 'unsettled' ? this.#estimate() : undefined,
      confirmed: this.#confirmed,
      refuted: status === 'found' ? this.#above : undefined,
      highestMet: highestMet(this.#runs),
      contradiction: contradictionIn(this.#runs),
    };
    return { kind: 'done', end: endOf(facts) };
  }

  #estimate(): LimitEstimate | undefined {
    if (highestMet(this.#runs) === undefined || ratesOf(this.#runs, 'missed').length === 0) return undefined;
    const rateAt = (probability: number): number => quantileRate(this.#belief, probability);
    return {
      ratePerSecond: rateAt(0.5),
      interval: { fromPerSecond: rateAt(intervalTail), toPerSecond: rateAt(1 - intervalTail), confidence },
    };
  }
}

function run(purpose: RunPurpose, ratePerSecond: number): SearchStep {
  return { kind: 'run', purpose, ratePerSecond };
}

function oneMore(at: RunsAt | undefined): RunsAt | undefined {
  return at === undefined ? undefined : { ...at, runs: at.runs + 1 };
}

/** Rates with more digits than anybody reads say nothing more. */
function rounded(rate: number): number {
  return Number(rate.toPrecision(4));
}
