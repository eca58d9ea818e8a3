import { randomBytes } from 'node:crypto';
import { type Clock, createRandom, isLoadlineError, type Random, sleep, systemClock } from '../base/index.ts';
import { Attempt, type AttemptOptions, type AttemptTime } from './attempt.ts';
import { Bulkhead, type BulkheadLimits } from './bulkhead.ts';
import {
  type BreakerLimits,
  CircuitBreaker,
  type CircuitChange,
  type CircuitState,
  type Ticket,
} from './circuit-breaker.ts';
import type { Deadline } from './deadline.ts';
import { resilienceError } from './errors.ts';
import { parseProtection, type RetryOptions } from './options.ts';
import { retryDelayMs } from './retry.ts';
import { TimerWheel } from './timer-wheel.ts';
import { createUsage, type ProtectionUsage } from './usage.ts';

/** What stands around calls to one server or of one kind. What is left out is not there. */
export interface ProtectionOptions {
  /** For one attempt, in milliseconds; kept to within about 12 ms, never sooner. */
  readonly timeLimitMs?: number;
  /** For the whole call with its waits and repetitions, in milliseconds. */
  readonly budgetMs?: number;
  /**
   * `{}` takes the defaults: 20 calls and more in 10 s, half of them failed; open for 1 s, doubling up to 30 s; 2 probes. With `slowMs`
   * it opens also when four fifths of them took longer.
   */
  readonly breaker?: Partial<BreakerLimits>;
  /** `queueMax` is 0 and `queueTimeoutMs` 1,000 where they are not given. */
  readonly bulkhead?: Pick<BulkheadLimits, 'concurrencyMax'> & Partial<BulkheadLimits>;
  /** By default 3 attempts, 50 ms and 100 ms apart at most, or as far as the other side asks, up to 30 s. */
  readonly retry?: RetryOptions;
  /** Whether an error is the other side's trouble, for the breaker. By default every one is. */
  readonly isFailure?: (error: unknown) => boolean;
  /** Told of each change, with its reason. */
  readonly onCircuitChange?: (change: CircuitChange) => void;
  /** Default: this machine's. */
  readonly clock?: Clock;
  /** Spreads waits and the time that a circuit stays open. Default: of chance. */
  readonly random?: Random;
}

/** What one call has besides. */
export interface CallOptions<Value> {
  /** The time of whoever calls: the deadline that its own work was given, or the signal of a request. */
  readonly within?: Deadline | undefined;
  /** Aborts the call, as `within` may. Then it is neither repeated nor replaced by `fallback`. */
  readonly signal?: AbortSignal | undefined;
  /** What to do without: its value is the call's. What it throws is thrown. Not asked when the caller itself went away. */
  readonly fallback?: (error: unknown) => Value | Promise<Value>;
}

/** Makes calls within limits. */
export interface Protection {
  /**
   * Makes a call, or does not.
   *
   * @param work is given the time that it has: it should hand `signal` on, because it keeps its place until it has really ended.
   * @throws LoadlineError RESILIENCE_TIME_LIMIT, RESILIENCE_DEADLINE, RESILIENCE_CIRCUIT_OPEN, RESILIENCE_BULKHEAD_FULL,
   *   RESILIENCE_QUEUE_TIMEOUT; what `work` throws; the reason of a signal that aborts.
   */
  run<Value>(
    work: (deadline: Deadline) => Promise<Value> | Value,
    options?: CallOptions<Value>,
  ): Promise<Value>;
  /** At this moment and since the start. */
  readonly usage: ProtectionUsage;
  /** `closed` where there is no breaker. */
  readonly circuit: CircuitState;
}

/**
 * Puts limits around calls. From the outside to the inside, and why in this order:
 *
 *     fallback     stands for whatever went wrong, so it is outside of all
 *     budget       is the time of the whole, repetitions and waits in it
 *     retry        around the breaker, so that it sees every attempt; its refusals are not repeated
 *     breaker      before the bulkhead: what is refused must not wait for a place first
 *     bulkhead     before the time limit: a wait for our own place is not the other side's slowness
 *     time limit   innermost, a limit of the other side alone
 *
 * @example
 * const calls = protect({ timeLimitMs: 800, breaker: { slowMs: 400 }, bulkhead: { concurrencyMax: 50 } });
 * const rates = await calls.run(({ signal }) => fetch(url, { signal }), { fallback: () => lastRates });
 * @throws LoadlineError RESILIENCE_OPTIONS_INVALID
 */
export function protect(options: ProtectionOptions): Protection {
  const { timeLimitMs, budgetMs, retry, ...limits } = parseProtection(options);
  const { clock = systemClock, isFailure = always, onCircuitChange } = options;
  const random = options.random ?? createRandom(randomBytes(4).readUInt32LE());
  const wheel = new TimerWheel(clock);
  const usage = createUsage();
  const monotonicMs = (): number => clock.monotonicMs();
  const bulkhead = limits.bulkhead && new Bulkhead(limits.bulkhead, wheel);
  const onChange = (change: CircuitChange): void => {
    if (change.to === 'open') usage.circuitOpenings++;
    onCircuitChange?.(change);
  };
  const breaker = limits.breaker && new CircuitBreaker(limits.breaker, { clock, random, onChange });
  const attemptOptions: AttemptOptions = { wheel, breaker, slowMs: limits.breaker?.slowMs, monotonicMs };
  const leave = (): void => {
    usage.inFlight--;
    bulkhead?.leave();
  };

  /** Waits for a place where none is free, and says what time it is then. */
  async function enterBulkhead(
    places: Bulkhead,
    ticket: Ticket | undefined,
    whole: Whole,
    nowMs: number,
  ): Promise<number> {
    try {
      await places.enter({ nowMs, waitMsMax: whole.endMs - nowMs, signal: whole.signal });
      return monotonicMs();
    } catch (error) {
      if (ticket !== undefined) breaker?.forgotten(ticket);
      if (isLoadlineError(error)) usage.refused++;
      throw error;
    }
  }

  function admit(nowMs: number): Ticket | undefined {
    try {
      return breaker?.admit(nowMs);
    } catch (error) {
      usage.refused++;
      throw error;
    }
  }

  async function attempt<Value>(work: Work<Value>, whole: Whole): Promise<Value> {
    let startMs = monotonicMs();
    if (startMs >= whole.endMs) throw overdueError();
    const ticket = admit(startMs);
    if (bulkhead !== undefined && !bulkhead.tryEnter())
      startMs = await enterBulkhead(bulkhead, ticket, whole, startMs);
    usage.inFlight++;
    const time = timeOf(startMs, timeLimitMs, whole);
    try {
      const value = await new Attempt<Value>(attemptOptions, time, ticket).run(work, leave);
      if (ticket !== undefined) breaker?.succeeded(ticket, monotonicMs());
      return value;
    } catch (error) {
      judgeFailure(ticket, error, whole);
      throw error;
    }
  }

  function judgeFailure(ticket: Ticket | undefined, error: unknown, { signal }: Whole): void {
    const isCallers = signal?.aborted === true && error === signal.reason;
    if (!isCallers) usage.failed++;
    if (ticket === undefined) return;
    // A caller that went away, or had little time left, says nothing of the other side.
    const isHurried =
      timeLimitMs !== Number.POSITIVE_INFINITY && isLoadlineError(error, 'RESILIENCE_DEADLINE');
    if (isCallers || isHurried) breaker?.forgotten(ticket);
    else if (isFailure(error)) breaker?.failed(ticket, monotonicMs());
    else breaker?.succeeded(ticket, monotonicMs());
  }

  async function repeat<Value>(work: Work<Value>, whole: Whole): Promise<Value> {
    if (retry === undefined) return attempt(work, whole);
    retry.budget.deposit();
    for (let attempts = 1; ; attempts++) {
      try {
        return await attempt(work, whole);
      } catch (error) {
        if (attempts === retry.attemptsMax || !mayRepeat(error, whole) || !retry.isSafe(error)) throw error;
        const delayMs = retryDelayMs(attempts, retry, random, error);
        const nowMs = monotonicMs();
        // What can't be done in time is not begun; and without an end of the whole, an endless wait is not, either.
        if (nowMs + delayMs >= whole.endMs) throw error;
        if (!retry.budget.tryWithdraw(nowMs)) {
          usage.retriesDenied++;
          throw error;
        }
        usage.retries++;
        await sleep(clock, delayMs, whole.signal);
      }
    }
  }

  async function run<Value>(work: Work<Value>, call: CallOptions<Value> = {}): Promise<Value> {
    usage.calls++;
    const whole = wholeOf(call, budgetMs, monotonicMs);
    try {
      return await repeat(work, whole);
    } catch (error) {
      if (call.fallback === undefined || whole.signal?.aborted) throw error;
      usage.fallbacks++;
      return call.fallback(error);
    } finally {
      whole.release?.();
    }
  }

  return {
    run,
    get usage() {
      return { ...usage, waiting: bulkhead?.waiting ?? 0 };
    },
    get circuit() {
      return breaker?.state ?? 'closed';
    },
  };
}

type Work<Value> = (deadline: Deadline) => Promise<Value> | Value;

/** The time of a whole call. */
interface Whole {
  readonly endMs: number;
  readonly signal: AbortSignal | undefined;
  /** To be called when it has ended. */
  readonly release?: () => void;
}

function wholeOf(
  { within, signal }: CallOptions<unknown>,
  budgetMs: number,
  monotonicMs: () => number,
): Whole {
  const leftMs = Math.min(budgetMs, within?.remainingMs() ?? Number.POSITIVE_INFINITY);
  const endMs = leftMs === Number.POSITIVE_INFINITY ? leftMs : monotonicMs() + leftMs;
  const outer = within?.signal;
  if (outer === undefined || signal === undefined) return { endMs, signal: outer ?? signal };
  return { endMs, ...joined([outer, signal]) };
}

/**
 * Aborts with the first of them. `AbortSignal.any` would say it more shortly; but what it makes is kept, once listened to, for as
 * long as the longest of them lives, and that may be the life of the process.
 */
function joined(signals: readonly AbortSignal[]): Required<Pick<Whole, 'signal' | 'release'>> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signals.find(({ aborted }) => aborted)?.reason);
  for (const each of signals) each.addEventListener('abort', onAbort, { once: true });
  if (signals.some(({ aborted }) => aborted)) onAbort();
  return {
    signal: controller.signal,
    release() {
      for (const each of signals) each.removeEventListener('abort', onAbort);
    },
  };
}

function overdueError(): Error {
  return resilienceError('RESILIENCE_DEADLINE', 'Cannot make the call: its time is over already.');
}

function timeOf(startMs: number, timeLimitMs: number, { endMs, signal }: Whole): AttemptTime {
  const limitEndMs = startMs + timeLimitMs;
  const isWholeEnd = endMs <= limitEndMs && endMs !== Number.POSITIVE_INFINITY;
  return { startMs, endMs: isWholeEnd ? endMs : limitEndMs, isWholeEnd, signal };
}

/** What we refused ourselves would be refused again; and where the time is over there is none for more. */
function mayRepeat(error: unknown, { signal }: Whole): boolean {
  if (signal?.aborted) return false;
  return !isLoadlineError(error) || !notRepeated.has(error.code);
}

const notRepeated: ReadonlySet<string> = new Set([
  'RESILIENCE_DEADLINE',
  'RESILIENCE_CIRCUIT_OPEN',
  'RESILIENCE_BULKHEAD_FULL',
  'RESILIENCE_QUEUE_TIMEOUT',
]);

function always(): boolean {
  return true;
}
