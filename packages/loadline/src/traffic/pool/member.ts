import type { Clock, LoadlineError, Timer } from '../../base/index.ts';
import { trafficError } from '../errors.ts';
import type { SeenUpstream, Upstream } from '../upstream.ts';
import type { Lane, View } from './lane.ts';

/** How a leave has ended; it is out of the pool in any case. */
export type Left =
  | { readonly kind: 'drained' }
  /** The grace was over; `inFlight` is undefined where a proxy does not tell. */
  | { readonly kind: 'overdue'; readonly inFlight: number | undefined }
  /** A proxy is away, and every other one says that nothing is in flight. */
  | { readonly kind: 'unverified'; readonly because: string };

/**
 * One upstream of a pool, and whoever waits for it.
 *
 * ```
 * serve ─▸ serving ─ drain ─▸ leaving ─ depart ─▸ out of the pool
 *             ▴─────── serve ────┘
 * ```
 */
export class PoolMember {
  upstream: Upstream;
  readonly #clock: Clock;
  /** Monotonic; undefined while it is to serve. */
  #deadlineMs: number | undefined;
  #leavingSinceMs = 0;
  /** How many looks at each proxy were begun when that was asked for which is now waited for. */
  #looks: readonly number[] = [];
  #timer: Timer | undefined;
  #awayTimer: Timer | undefined;
  #waiting: Waiting[] = [];

  constructor(upstream: Upstream, clock: Clock) {
    this.upstream = upstream;
    this.#clock = clock;
  }

  get isLeaving(): boolean {
    return this.#deadlineMs !== undefined;
  }

  /** Whether its proxies are to be looked at more often. */
  get isAwaited(): boolean {
    return this.isLeaving || this.#waiting.length > 0;
  }

  isOverdue(nowMs: number): boolean {
    return this.#deadlineMs !== undefined && nowMs >= this.#deadlineMs;
  }

  /** Whether a proxy has not answered for so long since this one is to go. */
  misses({ seenAtMs = Number.NEGATIVE_INFINITY }: Pick<Lane, 'seenAtMs'>, awayMs: number): boolean {
    return this.#clock.monotonicMs() - Math.max(seenAtMs, this.#leavingSinceMs) >= awayMs;
  }

  /** Whether a proxy was told the present wish, and has taken it up. */
  isTold(index: number, { toldAtLook }: Pick<Lane, 'toldAtLook'>): boolean {
    return toldAtLook > (this.#looks[index] as number);
  }

  /** What a proxy has, by id, unless that was seen before the present wish. */
  viewSince(index: number, view: View | undefined): ReadonlyMap<string, SeenUpstream> | undefined {
    return view !== undefined && view.look > (this.#looks[index] as number) ? view.byId : undefined;
  }

  /** It is to serve from now on, like this. */
  serve(upstream: Upstream, looks: readonly number[]): void {
    if (this.isLeaving) this.#changeTo('join again');
    this.upstream = upstream;
    this.#looks = looks;
  }

  /** It is to go. Who wants that a second time can shorten the grace, and does not lengthen it. */
  drain({ looks, graceMs, awayMs, onDue }: Draining): void {
    const nowMs = this.#clock.monotonicMs();
    const deadlineMs = nowMs + graceMs;
    // A real clock's timers may come up to two grains early.
    const lateMs = 2 * (this.#clock.grainMs ?? 0);
    if (!this.isLeaving) {
      this.#changeTo('leave');
      this.#looks = looks;
      this.#leavingSinceMs = nowMs;
    }
    this.#awayTimer?.cancel();
    this.#watchAway(onDue, awayMs + lateMs, Math.max(awayMs / 4, againMsMin) + lateMs);
    if (this.#deadlineMs !== undefined && deadlineMs >= this.#deadlineMs) return;
    this.#deadlineMs = deadlineMs;
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(onDue, graceMs + lateMs);
  }

  /** Again and again: one may go away at any time, and where all are away no look tells of it. */
  #watchAway(onDue: () => void, delayMs: number, againMs: number): void {
    this.#awayTimer = this.#clock.setTimer(() => {
      this.#watchAway(onDue, againMs, againMs);
      onDue();
    }, delayMs);
  }

  whenUp(signal: AbortSignal | undefined): Promise<void> {
    return this.#wait(signal) as Promise<void>;
  }

  whenGone(signal: AbortSignal | undefined): Promise<Left> {
    return this.#wait(signal) as Promise<Left>;
  }

  /** It is up everywhere. */
  arrive(): void {
    for (const { resolve } of this.#take()) resolve(undefined);
  }

  /** Nobody needs to wait any more; it is out as soon as its proxies say so. */
  letWaitersGo(left: Left): void {
    for (const { resolve } of this.#take()) resolve(left);
  }

  /** It is out. */
  depart(left: Left): void {
    this.#cancelTimers();
    this.letWaitersGo(left);
  }

  /** Nobody will see to it any more. */
  refuse(error: Error): void {
    this.#cancelTimers();
    for (const { reject } of this.#take()) reject(error);
  }

  #cancelTimers(): void {
    this.#timer?.cancel();
    this.#awayTimer?.cancel();
  }

  #changeTo(wish: string): void {
    this.#cancelTimers();
    this.#deadlineMs = undefined;
    for (const { reject } of this.#take()) reject(superseded(this.upstream.id, wish));
  }

  #take(): Waiting[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  #wait(signal: AbortSignal | undefined): Promise<Left | undefined> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting = this.#waiting.filter((each) => each !== waiting);
        reject(signal?.reason);
      };
      const end = (): void => signal?.removeEventListener('abort', onAbort);
      const waiting: Waiting = {
        resolve: (left) => {
          end();
          resolve(left);
        },
        reject: (error) => {
          end();
          reject(error);
        },
      };
      this.#waiting.push(waiting);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}

/** Between two looks for proxies that are away, at least. */
const againMsMin = 100;

interface Draining {
  readonly looks: readonly number[];
  readonly graceMs: number;
  /** Without an answer for so long, a proxy is away. */
  readonly awayMs: number;
  /** Called when the grace is over, and when a proxy may be away. */
  readonly onDue: () => void;
}

interface Waiting {
  readonly resolve: (left: Left | undefined) => void;
  readonly reject: (error: Error) => void;
}

function superseded(id: string, wish: string): LoadlineError {
  return trafficError(
    'TRAFFIC_SUPERSEDED',
    `Stopped waiting for ${id}: somebody else had it ${wish} meanwhile. Look at who gives orders for it.`,
    { facts: { id } },
  );
}
