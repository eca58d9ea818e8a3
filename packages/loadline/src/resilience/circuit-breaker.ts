import { type Clock, formatDuration, type Random } from '../base/index.ts';
import { resilienceError } from './errors.ts';
import { RollingWindow, type Tally } from './rolling-window.ts';

/** When a circuit opens, and for how long; complete. */
export interface BreakerLimits {
  /** Calls are judged over so long. */
  readonly windowMs: number;
  /** Fewer calls in a window say nothing. */
  readonly callsMin: number;
  /** The share of failed calls that opens it, above 0 to 1. */
  readonly failureRatio: number;
  /** A call is slow from then on, also while it is under way; undefined: none ever is. */
  readonly slowMs: number | undefined;
  /** The share of slow calls that opens it, above 0 to 1. */
  readonly slowRatio: number;
  /** How long it stays open the first time; each further time in a row twice as long, up to `openMsMax`. */
  readonly openMs: number;
  /** The longest that it stays open at a time, but for a spread of a fifth either way. */
  readonly openMsMax: number;
  /** How many probes in a row must be well for it to close. They are made one at a time. */
  readonly probesNeeded: number;
}

/** `half-open`: one probe after the other is made, and everybody else is refused. */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** A change of state, with its reason. */
export interface CircuitChange {
  readonly from: CircuitState;
  readonly to: CircuitState;
  readonly reason: string;
}

/** What a call holds that was let through: in which era it began, so that one from before is not taken for a probe. */
export interface Ticket {
  readonly era: number;
  readonly isProbe: boolean;
  isCounted: boolean;
}

export interface BreakerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly onChange: (change: CircuitChange) => void;
}

/**
 * A circuit breaker that heeds failures and slowness. A server that hangs fails nothing for as long as its callers' limits
 * are, so a call counts as slow in the moment it becomes so, not when it ends. While it is open, and while a probe is under
 * way, all other calls are refused at once: they would only wait.
 */
export class CircuitBreaker {
  readonly #limits: BreakerLimits;
  readonly #options: BreakerOptions;
  readonly #window: RollingWindow;
  #state: CircuitState = 'closed';
  #era = 0;
  #openings = 0;
  #reopenMs = 0;
  #isProbing = false;
  /** A probe without a time limit may hang for ever, and must not keep everybody out for as long. */
  #probingSinceMs = 0;
  #goodProbes = 0;

  constructor(limits: BreakerLimits, options: BreakerOptions) {
    this.#limits = limits;
    this.#options = options;
    this.#window = new RollingWindow(limits.windowMs);
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** @throws LoadlineError RESILIENCE_CIRCUIT_OPEN with `retryAfterMs` */
  admit(nowMs: number): Ticket {
    if (this.#state === 'closed') return { era: this.#era, isProbe: false, isCounted: false };
    if (this.#state === 'open' && nowMs >= this.#reopenMs) this.#enter('half-open', 'its time was over');
    if (this.#isProbing && nowMs - this.#probingSinceMs >= this.#limits.openMsMax)
      this.#open('a probe did not end', nowMs);
    if (this.#state === 'open' || this.#isProbing) throw this.#refusal(nowMs);
    this.#isProbing = true;
    this.#probingSinceMs = nowMs;
    return { era: this.#era, isProbe: true, isCounted: false };
  }

  /** A call has ended well. */
  succeeded(ticket: Ticket, nowMs: number): void {
    if (ticket.era !== this.#era) return;
    if (ticket.isProbe) this.#probed(undefined, nowMs);
    else if (!ticket.isCounted) this.#window.add(nowMs, { calls: 1, failures: 0, slow: 0 });
  }

  /** A call has failed, or taken longer than its limit. */
  failed(ticket: Ticket, nowMs: number): void {
    if (ticket.era !== this.#era) return;
    if (ticket.isProbe) this.#probed('a probe failed', nowMs);
    else this.#count(nowMs, { calls: ticket.isCounted ? 0 : 1, failures: 1, slow: 0 });
  }

  /** A call that is under way has become slow. */
  slowed(ticket: Ticket, nowMs: number): void {
    if (ticket.era !== this.#era) return;
    ticket.isCounted = true;
    if (ticket.isProbe) this.#probed('a probe was slow', nowMs);
    else this.#count(nowMs, { calls: 1, failures: 0, slow: 1 });
  }

  /** A call was not made after all, or its caller went away: it says nothing of the other side. */
  forgotten(ticket: Ticket): void {
    if (ticket.era === this.#era && ticket.isProbe) this.#isProbing = false;
  }

  #count(nowMs: number, tally: Tally): void {
    this.#window.add(nowMs, tally);
    const reason = reasonToOpen(this.#window.tally(nowMs), this.#limits);
    if (reason !== undefined) this.#open(reason, nowMs);
  }

  #probed(problem: string | undefined, nowMs: number): void {
    this.#isProbing = false;
    if (problem !== undefined) {
      this.#open(problem, nowMs);
      return;
    }
    this.#goodProbes++;
    if (this.#goodProbes < this.#limits.probesNeeded) return;
    this.#openings = 0;
    this.#enter('closed', `${this.#goodProbes} probes in a row were well`);
  }

  #open(reason: string, nowMs: number): void {
    const { openMs, openMsMax } = this.#limits;
    // Spread by a fifth either way: else all instances would probe a server that comes up in the same moment.
    const spread = 0.8 + 0.4 * this.#options.random();
    this.#reopenMs = nowMs + Math.min(openMsMax, openMs * 2 ** Math.min(this.#openings, 30)) * spread;
    this.#openings++;
    this.#enter('open', reason);
  }

  #enter(to: CircuitState, reason: string): void {
    const from = this.#state;
    this.#state = to;
    this.#era++;
    this.#isProbing = false;
    this.#goodProbes = 0;
    this.#window.clear();
    this.#options.onChange({ from, to, reason });
  }

  #refusal(nowMs: number): Error {
    const retryAfterMs = Math.max(0, this.#reopenMs - nowMs);
    const until =
      this.#state === 'open'
        ? `no calls for another ${formatDuration(retryAfterMs)}`
        : 'a probe is under way';
    return resilienceError(
      'RESILIENCE_CIRCUIT_OPEN',
      `Cannot make the call: the circuit is open, ${until}.`,
      {
        facts: { retryAfterMs },
      },
    );
  }
}

/** Why a circuit should open, or undefined where it should not. Pure. */
function reasonToOpen(tally: Tally, limits: BreakerLimits): string | undefined {
  const { calls, failures, slow } = tally;
  if (calls < limits.callsMin) return undefined;
  const window = `${calls} calls within ${formatDuration(limits.windowMs)}`;
  if (failures >= calls * limits.failureRatio) return `${failures} of ${window} failed`;
  if (limits.slowMs !== undefined && slow >= calls * limits.slowRatio)
    return `${slow} of ${window} took longer than ${formatDuration(limits.slowMs)}`;
  return undefined;
}
