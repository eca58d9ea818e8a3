import { exponential, type Random } from 'loadline/base';
import {
  createLimitSearch,
  expectedRuns,
  type LimitSearchOptions,
} from '../../../src/load/limit/limit-search.ts';
import type { SearchEnd } from '../../../src/load/limit/search-end.ts';
import type { RunOutcome, SearchRun } from '../../../src/load/limit/search-runs.ts';

const asked = { fromRate: 50, toRate: 5000, precision: 0.05, confirmRuns: 3 };

/** Searches the limit of a target that is nothing but its outcomes. */
export function searchOf(
  answer: (ratePerSecond: number, run: number) => RunOutcome | boolean,
  given: Partial<LimitSearchOptions> = {},
): { readonly end: SearchEnd; readonly runs: readonly SearchRun[] } {
  const options = { ...asked, ...given };
  const search = createLimitSearch({ runsMax: expectedRuns(options).most, ...options });
  const runs: SearchRun[] = [];
  for (let step = search.next(); ; step = search.next()) {
    if (step.kind === 'done') return { end: step.end, runs };
    const answered = answer(step.ratePerSecond, runs.length);
    const outcome = typeof answered === 'string' ? answered : answered ? 'met' : 'missed';
    runs.push({ purpose: step.purpose, ratePerSecond: step.ratePerSecond, outcome });
    search.observe(outcome);
  }
}

/** A queue with several servers, Poisson arrivals and exponential service: M/M/c. */
export interface Queue {
  readonly servers: number;
  readonly serviceMs: number;
}

/** Whether of all who come in such a run, arrival by arrival from an empty queue, 99 of 100 are gone in time. */
export function meetsP99(
  { servers, serviceMs }: Queue,
  run: { readonly ratePerSecond: number; readonly durationMs: number; readonly limitMs: number },
  random: Random,
): boolean {
  const lateMax = (run.ratePerSecond * run.durationMs) / 100_000;
  const freeMs = new Array<number>(servers).fill(0);
  let late = 0;
  for (let nowMs = 0; nowMs < run.durationMs; nowMs += exponential(random, 1000 / run.ratePerSecond)) {
    let first = 0;
    for (let server = 1; server < servers; server++) {
      if ((freeMs[server] as number) < (freeMs[first] as number)) first = server;
    }
    const endMs = Math.max(nowMs, freeMs[first] as number) + exponential(random, serviceMs);
    freeMs[first] = endMs;
    if (endMs - nowMs > run.limitMs && ++late > lateMax) return false;
  }
  return true;
}

/** The rate at which one in a hundred takes longer than this, by Erlang's C formula, on and on. */
export function rateOfP99({ servers, serviceMs }: Queue, limitMs: number): number {
  let low = 0;
  let high = (1000 * servers) / serviceMs;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (chanceBeyond({ servers, serviceMs }, middle, limitMs) < 0.01) low = middle;
    else high = middle;
  }
  return low;
}

/** Whoever waits does so exponentially with rate cμ − λ, and is then served: P(T > t) sums both. */
function chanceBeyond({ servers, serviceMs }: Queue, ratePerSecond: number, limitMs: number): number {
  const served = 1 / serviceMs;
  const freed = servers * served - ratePerSecond / 1000;
  const load = (ratePerSecond / 1000) * serviceMs;
  let term = 1;
  let sum = 0;
  for (let k = 0; k < servers; k++) {
    sum += term;
    term *= load / (k + 1);
  }
  const waiting = (term * servers) / (servers - load);
  const chanceToWait = waiting / (sum + waiting);
  const after = (rate: number): number => Math.exp(-rate * limitMs);
  const bothBeyond = (freed * after(served) - served * after(freed)) / (freed - served);
  return (1 - chanceToWait) * after(served) + chanceToWait * bothBeyond;
}
