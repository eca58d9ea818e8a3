import { type Clock, formatDuration, type Limited, pause, withTimeLimit } from '../../base/index.ts';
import type { ServedInstance, TrafficGate, Withdrawal } from '../driver.ts';

export interface PassageOptions {
  readonly gate: TrafficGate;
  readonly clock: Clock;
  readonly counts: PassageCounts;
}

/** How instances came and went, since the start. */
export interface PassageCounts {
  /** With nothing in flight. */
  drained: number;
  /** With something still in flight when their grace was over. */
  overdue: number;
  /** The balancer did not say; they were stopped as if there were none. */
  unverified: number;
  /** Times that the balancer did not let in who was ready; it is asked again. */
  notAdmitted: number;
}

/** A balancer asks its proxies, and those look at the instance several times before they believe it. */
const admitLimitMs = 60_000;
const admitPauseMs = 1000;
/** Beyond the grace, for the answer. */
const answerLimitMs = 10_000;

/** The way of one instance into the traffic and out of it. A balancer that throws or hangs holds nobody up for ever. */
export class Passage {
  readonly #options: PassageOptions;
  #asked: ServedInstance | undefined;
  #isEntering = false;
  /** Why it was not let in when that was asked for last. */
  #refusal: string | undefined;

  constructor(options: PassageOptions) {
    this.#options = options;
  }

  /**
   * Asks until it is let in, however often that fails.
   *
   * @returns false where the signal came first.
   */
  async enter(instance: ServedInstance, signal: AbortSignal): Promise<boolean> {
    this.#isEntering = true;
    this.#refusal = undefined;
    const isIn = await this.#askUntilIn(instance, signal);
    this.#isEntering = false;
    return isIn;
  }

  async #askUntilIn(instance: ServedInstance, signal: AbortSignal): Promise<boolean> {
    const { gate, clock, counts } = this.#options;
    while (!signal.aborted) {
      // Whoever fails may have let it in by half.
      this.#asked = instance;
      const limit = { clock, limitMs: admitLimitMs, end: signal };
      const answer = await withTimeLimit(limit, (limited) => gate.admit(instance, limited));
      if (answer.kind === 'done') return true;
      if (answer.kind === 'ended') return false;
      counts.notAdmitted++;
      this.#refusal = reasonOf(answer, admitLimitMs);
      await pause(clock, admitPauseMs, signal);
    }
    return false;
  }

  /** Takes it out, where it was ever let in. Resolves in all cases, with what is known, for people. */
  async leave(graceMs: number): Promise<string | undefined> {
    const instance = this.#asked;
    if (instance === undefined) return undefined;
    this.#asked = undefined;
    const { gate, clock, counts } = this.#options;
    const limit = { clock, limitMs: graceMs + answerLimitMs, end: never };
    const answer = await withTimeLimit(limit, (limited) => gate.withdraw({ ...instance, graceMs }, limited));
    // Of who is gone already there is nothing to verify.
    if (answer.kind !== 'done') {
      counts.unverified++;
      return `the balancer did not take it out: ${reasonOf(answer, graceMs + answerLimitMs)}`;
    }
    if (graceMs > 0) counts[answer.value.kind]++;
    return sayOf(answer.value, graceMs);
  }

  /** That it waits to be let in and for what, for people: another thing each time, perhaps. Undefined where it does not. */
  get outside(): string | undefined {
    if (!this.#isEntering || this.#asked === undefined) return undefined;
    const why = this.#options.gate.whyOutside?.(this.#asked) ?? this.#refusal;
    return `waits to be let into the traffic${why === undefined ? '' : `: ${why}`}`;
  }

  /** What it is busy with; undefined where that is not known. */
  get inFlight(): number | undefined {
    return this.#asked && this.#options.gate.inFlight?.(this.#asked);
  }
}

const never = new AbortController().signal;

function sayOf(withdrawal: Withdrawal, graceMs: number): string {
  if (withdrawal.kind === 'drained') return 'nothing was in flight any more';
  if (withdrawal.kind === 'unverified') return `nobody knows what was in flight: ${withdrawal.because}`;
  const { inFlight = 'something' } = withdrawal;
  return `${inFlight} was still in flight after ${formatDuration(graceMs)}`;
}

function reasonOf(answer: Exclude<Limited<unknown>, { kind: 'done' }>, limitMs: number): string {
  if (answer.kind !== 'failed') return `no answer within ${formatDuration(limitMs)}`;
  return answer.error instanceof Error ? answer.error.message : String(answer.error);
}
