import { BoundedQueue, type Clock, isLoadlineError, withTimeLimit } from '../base/index.ts';
import type { Notification, NotifiedAlert } from './notification.ts';
import type { Notifier } from './notifier.ts';

/** A notifier, and what it hears of. */
export interface NotifierRoute {
  readonly notifier: Notifier;
  /** The level of escalation from which on it hears of an incident. Default 0: of all. */
  readonly fromLevel?: number;
}

/** Who is told of what, and how long that may take. */
export interface DispatcherOptions {
  readonly routes: readonly NotifierRoute[];
  readonly clock: Clock;
  /** Notifications that may wait for one notifier; then the oldest is given up. Default 100. */
  readonly queueMax?: number;
  /** How long a notifier may take for one, its own further attempts included. Default 2 minutes. */
  readonly timeoutMs?: number;
}

/** What has become of the notifications for one notifier. */
export interface DispatchReport {
  readonly notifier: string;
  readonly delivered: number;
  /** Given up by the notifier, which had tried. */
  readonly failed: number;
  /** Given up untried: the queue was full, or the end came. */
  readonly dropped: number;
  readonly refreshesFailed: number;
  readonly waiting: number;
  readonly lastDeliveredAtMs: number | undefined;
  /** In words, without anything secret; undefined while all goes well. */
  readonly lastProblem: string | undefined;
}

/**
 * Hands notifications to notifiers, each with a queue and a pace of its own: one that is slow or dead delays nobody
 * else, and what is given up is counted.
 */
export class Dispatcher {
  readonly #lines: readonly Line[];

  constructor(options: DispatcherOptions) {
    this.#lines = options.routes.map((route) => new Line(route, options));
  }

  /**
   * Never waits for a delivery by itself and never rejects.
   *
   * @returns resolves once every notifier has delivered the notification or given it up: with false where one could
   *   not, because the end came first.
   */
  async offer(notification: Notification): Promise<boolean> {
    const settled = await Promise.all(this.#lines.map((line) => line.offer(notification)));
    return settled.every((isSettled) => isSettled);
  }

  /** Tells those who forget what fires, as often as each of them wants it. */
  refresh(alerts: readonly NotifiedAlert[]): void {
    for (const line of this.#lines) line.refresh(alerts);
  }

  report(): DispatchReport[] {
    return this.#lines.map((line) => line.report());
  }

  /** Lets deliveries end for at most `withinMs`; the rest is given up. */
  async close(withinMs: number): Promise<void> {
    await Promise.all(this.#lines.map((line) => line.close(withinMs)));
  }
}

interface Job {
  readonly notification: Notification;
  /** @param isSettled false where the end came first. */
  readonly settle: (isSettled: boolean) => void;
}

/** The queue in front of one notifier. */
class Line {
  readonly #notifier: Notifier;
  readonly #fromLevel: number;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #queue: BoundedQueue<Job>;
  readonly #abort = new AbortController();
  readonly #counts = { delivered: 0, failed: 0, dropped: 0, refreshesFailed: 0 };
  #lastDeliveredAtMs: number | undefined;
  #lastProblem: string | undefined;
  #refreshedAtMs = Number.NEGATIVE_INFINITY;
  /** Alerts that were passed on as far as this notifier, where it does not hear of all. */
  readonly #passedOn = new Set<string>();
  /** What fires, when it is time to say it. */
  #refreshDue: readonly NotifiedAlert[] | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(
    { notifier, fromLevel = 0 }: NotifierRoute,
    { clock, queueMax = 100, timeoutMs = 120_000 }: DispatcherOptions,
  ) {
    this.#notifier = notifier;
    this.#fromLevel = fromLevel;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#queue = new BoundedQueue(queueMax);
  }

  offer(notification: Notification): Promise<boolean> {
    if ((notification.incident?.level ?? 0) < this.#fromLevel) return Promise.resolve(true);
    if (this.#fromLevel > 0)
      for (const { fingerprint } of notification.alerts) this.#passedOn.add(fingerprint);
    // Who wants to know of all that fires need not wait for what there was no room for.
    if (notification.alertsLeftOut > 0 || this.#queue.isFull) this.#refreshedAtMs = Number.NEGATIVE_INFINITY;
    return new Promise((settle) => {
      if (this.#isClosed) return this.#drop({ notification, settle }, 'it came after the end', false);
      // A newer one says what its group is like now; the oldest tells of the past.
      if (this.#queue.isFull) this.#drop(this.#queue.shift() as Job, 'too many were waiting', true);
      this.#queue.push({ notification, settle });
      this.#start();
    });
  }

  refresh(firing: readonly NotifiedAlert[]): void {
    const everyMs = this.#notifier.refresh?.everyMs;
    if (everyMs === undefined || this.#isClosed) return;
    const alerts = this.#fromLevel === 0 ? firing : this.#ofPassedOn(firing);
    if (this.#refreshDue === undefined) {
      if (this.#clock.monotonicMs() - this.#refreshedAtMs < everyMs) return;
      this.#refreshedAtMs = this.#clock.monotonicMs();
    }
    // Also in the place of what waits since earlier: an alert that ended meanwhile would be said to fire after its end.
    this.#refreshDue = alerts;
    this.#start();
  }

  #ofPassedOn(firing: readonly NotifiedAlert[]): readonly NotifiedAlert[] {
    const alerts = firing.filter(({ fingerprint }) => this.#passedOn.has(fingerprint));
    this.#passedOn.clear();
    for (const { fingerprint } of alerts) this.#passedOn.add(fingerprint);
    return alerts;
  }

  report(): DispatchReport {
    return {
      notifier: this.#notifier.name,
      ...this.#counts,
      waiting: this.#queue.size,
      lastDeliveredAtMs: this.#lastDeliveredAtMs,
      lastProblem: this.#lastProblem,
    };
  }

  async close(withinMs: number): Promise<void> {
    this.#isClosed = true;
    const timer = this.#clock.setTimer(() => this.#abort.abort(new Error('closed')), withinMs);
    await this.#running;
    timer.cancel();
  }

  #start(): void {
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // What is offered in one go should be in the queue before the first is taken out.
    await Promise.resolve();
    for (;;) {
      const job = this.#queue.shift();
      if (job !== undefined) await this.#deliver(job);
      else if (this.#refreshDue !== undefined) await this.#sendRefresh();
      else break;
    }
    this.#running = undefined;
  }

  async #deliver(job: Job): Promise<void> {
    if (this.#abort.signal.aborted) return this.#drop(job, 'the end came first', false);
    const problem = await this.#attempt((signal) => this.#notifier.notify(job.notification, signal));
    if (problem === undefined) {
      this.#counts.delivered++;
      this.#lastDeliveredAtMs = this.#clock.now();
      this.#lastProblem = undefined;
    } else {
      this.#counts.failed++;
      this.#lastProblem = problem;
    }
    job.settle(problem === undefined || !this.#abort.signal.aborted);
  }

  async #sendRefresh(): Promise<void> {
    const alerts = this.#refreshDue ?? [];
    this.#refreshDue = undefined;
    if (this.#abort.signal.aborted) return;
    const problem = await this.#attempt(async (signal) => this.#notifier.refresh?.send(alerts, signal));
    if (problem === undefined) return;
    this.#counts.refreshesFailed++;
    this.#lastProblem = problem;
  }

  /** What went wrong, in words; undefined where nothing did. */
  async #attempt(work: (signal: AbortSignal) => Promise<void>): Promise<string | undefined> {
    const limits = { clock: this.#clock, limitMs: this.#timeoutMs, end: this.#abort.signal };
    const ended = await withTimeLimit(limits, work);
    if (ended.kind === 'done') return undefined;
    if (ended.kind === 'late') return this.#problem(`it took longer than ${this.#timeoutMs} ms`);
    if (ended.kind === 'ended') return this.#problem('the end came first');
    // The message of a stranger's error may hold an address with a secret.
    return isLoadlineError(ended.error) ? ended.error.message : this.#problem(nameOf(ended.error));
  }

  #drop({ settle }: Job, because: string, isSettled: boolean): void {
    this.#counts.dropped++;
    this.#lastProblem = this.#problem(because);
    settle(isSettled);
  }

  #problem(because: string): string {
    return `Could not notify ${this.#notifier.name}: ${because}.`;
  }
}

function nameOf(error: unknown): string {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return String(code ?? name ?? 'it failed');
}
