import { type Clock, formatDuration, isLoadlineError, type Timer, withTimeLimit } from '../../base/index.ts';
import type { ProxyDriver } from '../proxy-driver.ts';
import type { SeenUpstream, WantedUpstream } from '../upstream.ts';
import { isInStep, type Member, planProxy, type Stranger, type StrangerPolicy } from './plan.ts';

export interface LaneMeans {
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly settleMs: number;
  readonly batchMs: number;
  readonly callTimeoutMs: number;
  readonly strangers: StrangerPolicy;
  readonly closed: AbortSignal;
  readonly members: ReadonlyMap<string, Member>;
  /** Whether somebody waits for this proxy to get somewhere, so that it is to be looked at more often. */
  readonly isAwaited: () => boolean;
  /** It was looked at. */
  readonly onSeen: () => void;
}

/** What happened with one proxy since the start. */
export interface LaneCounts {
  rounds: number;
  /** Looks that the proxy did not answer. */
  unseen: number;
  applied: number;
  /** Lists that it did not take up, or not wholly; the next round begins with what is there. */
  notApplied: number;
}

/** What a proxy has said last. */
export interface View {
  readonly seen: readonly SeenUpstream[];
  readonly byId: ReadonlyMap<string, SeenUpstream>;
  readonly atMs: number;
  /** Which look it was, from 1. */
  readonly look: number;
}

type Answer<Value> = { readonly value: Value } | { readonly because: string; readonly isAnswering: boolean };

/**
 * The rounds of one proxy: look, plan, apply. Each proxy has its own, so that one that hangs keeps back no other.
 * Nothing that it has said about an `apply` counts: the next look tells.
 */
export class Lane {
  readonly driver: ProxyDriver;
  readonly counts: LaneCounts = { rounds: 0, unseen: 0, applied: 0, notApplied: 0 };
  /** Undefined before the first look, and where the last one was not answered. */
  view: View | undefined;
  /** Why there is no view, or why the last list was not taken up. */
  trouble: string | undefined;
  /** Whether the last look was answered, also where that was a refusal. */
  isAnswering = false;
  /** How many looks were begun. What is to be seen after something has to come from a later one. */
  looks = 0;
  /** The latest look after which the proxy had, or took up, the whole list: weights are not seen, so that this is all there is of them. */
  toldAtLook = 0;
  /** Monotonic: when it has answered last; undefined where it never has. */
  seenAtMs: number | undefined;
  strangers: ReadonlyMap<string, Stranger> = new Map();
  readonly #means: LaneMeans;
  readonly #released = new Set<string>();
  #lastApplied: { readonly list: string; readonly atMs: number } | undefined;
  #open = 0;
  #askedMs = 0;
  #failures = 0;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  /** A round is to follow because something has changed. */
  #isDue = false;

  constructor(driver: ProxyDriver, means: LaneMeans) {
    this.driver = driver;
    this.#means = means;
    this.#schedule(0);
  }

  /** Something has changed: a round begins now, or as soon as the one under way has ended. */
  poke(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    if (this.#running === undefined) this.#schedule(this.#means.batchMs);
  }

  /** It has left the pool, and is to go without being taken for a stranger. */
  release(id: string): void {
    this.#released.add(id);
    const [oldest] = this.#released;
    // Of a proxy that is away for long. Whoever is forgotten here becomes a stranger, and goes as one.
    if (this.#released.size > releasedMax && oldest !== undefined) this.#released.delete(oldest);
  }

  /** It belongs to the pool again. */
  reclaim(id: string): void {
    this.#released.delete(id);
  }

  /** Ends the rounds. The one under way is not waited for longer than its calls heed their signal. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#running;
  }

  #schedule(delayMs: number): void {
    this.#timer?.cancel();
    if (this.#means.closed.aborted) return;
    this.#timer = this.#means.clock.setTimer(() => void this.#start(), delayMs);
  }

  async #start(): Promise<void> {
    this.#isDue = false;
    this.#running = this.#round();
    await this.#running;
    this.#running = undefined;
    const { intervalMs, settleMs, batchMs, isAwaited } = this.#means;
    const hurriedMs = Math.min(intervalMs, settleMs * 2 ** Math.min(this.#failures, 20));
    this.#schedule(this.#isDue ? batchMs : isAwaited() ? hurriedMs : intervalMs);
  }

  async #round(): Promise<void> {
    const { clock, members, strangers: policy, onSeen } = this.#means;
    this.counts.rounds++;
    this.looks++;
    const look = this.looks;
    const looked = await this.#look();
    if ('because' in looked) {
      this.counts.unseen++;
      this.view = undefined;
      this.isAnswering = looked.isAnswering;
      this.#fail(looked.because);
      return;
    }
    const seen = looked.value;
    const byId = new Map(seen.map((each) => [each.id, each]));
    this.view = { seen, byId, atMs: clock.now(), look };
    this.isAnswering = true;
    this.#forgetReleased(byId);
    const nowMs = clock.monotonicMs();
    this.seenAtMs = nowMs;
    onSeen();
    const released = this.#released;
    const plan = planProxy({ members, seen, strangers: this.strangers, released, policy, nowMs });
    this.strangers = plan.strangers;
    if (this.#hasToApply(seen, plan.wanted, nowMs) && !(await this.#apply(plan.wanted))) return;
    this.toldAtLook = look;
    onSeen();
  }

  /** A call that heeds no signal stays open when its time is over; whoever has several of those is asked seldom. */
  async #look(): Promise<Answer<readonly SeenUpstream[]>> {
    const { clock, callTimeoutMs } = this.#means;
    const nowMs = clock.monotonicMs();
    if (this.#open >= openMax && nowMs - this.#askedMs < callTimeoutMs * seldom) {
      return { because: `was not asked: ${this.#open} questions are still open`, isAnswering: false };
    }
    this.#askedMs = nowMs;
    return this.#ask((signal) => this.driver.observe(signal));
  }

  /** @returns whether it was taken up, as the proxy says. */
  async #apply(wanted: readonly WantedUpstream[]): Promise<boolean> {
    const answer = await this.#ask((signal) => this.driver.apply(wanted, signal));
    if ('because' in answer) {
      this.counts.notApplied++;
      this.#fail(answer.because);
      return false;
    }
    this.counts.applied++;
    this.#failures = 0;
    this.trouble = undefined;
    this.#lastApplied = { list: JSON.stringify(wanted), atMs: this.#means.clock.monotonicMs() };
    return true;
  }

  /** Weights are not seen, so that they are told again once an interval, whatever is seen. */
  #hasToApply(seen: readonly SeenUpstream[], wanted: readonly WantedUpstream[], nowMs: number): boolean {
    const last = this.#lastApplied;
    if (last === undefined || !isInStep(seen, wanted)) return true;
    return nowMs - last.atMs >= this.#means.intervalMs || last.list !== JSON.stringify(wanted);
  }

  #forgetReleased(there: ReadonlyMap<string, SeenUpstream>): void {
    for (const id of this.#released) if (!there.has(id)) this.#released.delete(id);
  }

  #fail(because: string): void {
    this.#failures++;
    this.trouble = because;
    // Whoever did not answer may have forgotten all: it is told again in any case.
    this.#lastApplied = undefined;
  }

  async #ask<Value>(work: (signal: AbortSignal) => Promise<Value>): Promise<Answer<Value>> {
    const { clock, callTimeoutMs, closed } = this.#means;
    const outcome = await withTimeLimit({ clock, limitMs: callTimeoutMs, end: closed }, async (signal) => {
      this.#open++;
      try {
        return await work(signal);
      } finally {
        this.#open--;
      }
    });
    if (outcome.kind === 'done') return { value: outcome.value };
    if (outcome.kind === 'late')
      return { because: `gave no answer within ${formatDuration(callTimeoutMs)}`, isAnswering: false };
    if (outcome.kind === 'ended') return { because: 'the pool was closed', isAnswering: false };
    const { error } = outcome;
    return {
      because: error instanceof Error ? error.message : String(error),
      isAnswering: isLoadlineError(error, 'TRAFFIC_PROXY_REFUSED'),
    };
  }
}

const openMax = 3;
/** In time limits of a call. */
const seldom = 6;
const releasedMax = 10_000;
