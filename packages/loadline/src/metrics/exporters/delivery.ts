import { BoundedQueue, type Clock, pause, type Random, withTimeLimit } from '../../base/index.ts';
import type { Destination } from './destination.ts';
import type { ExportReport } from './exporter.ts';
import type { Poster, PostReply } from './post.ts';
import { attemptsMax, retryDelayMs } from './retry.ts';

/** A request's worth of data points. */
export interface Parcel {
  readonly body: Uint8Array;
  /** How many data points are in it. */
  readonly points: number;
}

export interface DeliveryOptions {
  readonly destination: Destination;
  readonly poster: Poster;
  readonly clock: Clock;
  readonly random: Random;
  /** Compresses a body, once, when its turn has come. */
  readonly pack: (body: Uint8Array) => Promise<Uint8Array>;
  /** Whether a refusal with this status is worth another attempt. */
  readonly isPassing: (status: number) => boolean;
  /** What an accepting reply says of points that were not taken after all. */
  readonly findRejected?: (reply: PostReply) => { readonly points: number; readonly why: string };
}

/**
 * Carries parcels to one receiver, one at a time and in their order, which Prometheus asks for.
 *
 *     offer ──▸ queue ──▸ pack ──▸ post ──▸ accepted │ rejected
 *                 │                 ▴ │
 *                 ▾                 │ ▾
 *              dropped  ◂────────── wait         busy, or nobody there
 *
 * The queue holds two minutes at one a second, or 32 MB; then its oldest goes, because the metrics are
 * cumulative and the newest says most.
 */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #queue = new BoundedQueue<Parcel>(queueParcelsMax);
  readonly #abort = new AbortController();
  readonly #counts = {
    requestsSent: 0,
    retries: 0,
    pointsSent: 0,
    pointsRejected: 0,
    pointsDropped: 0,
  };
  #queueBytes = 0;
  #lastProblem: string | undefined;
  #running: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Takes a parcel to be sent. Never waits; after `close` it is dropped. */
  offer(parcel: Parcel): void {
    if (this.#closing !== undefined) {
      this.#lose(parcel, 'they came after the end');
      return;
    }
    while (
      this.#queue.isFull ||
      (this.#queue.size > 0 && this.#queueBytes + parcel.body.length > queueBytesMax)
    ) {
      this.#lose(this.#take() as Parcel, 'the queue was full');
    }
    this.#queue.push(parcel);
    this.#queueBytes += parcel.body.length;
    this.#running ??= this.#run();
  }

  report(): ExportReport {
    return {
      destination: this.#options.destination.name,
      ...this.#counts,
      lastProblem: this.#lastProblem,
    };
  }

  /** Sends what waits, for at most `withinMs`, and closes the connection; the rest is dropped. */
  close(withinMs: number): Promise<void> {
    this.#closing ??= this.#end(withinMs);
    return this.#closing;
  }

  async #end(withinMs: number): Promise<void> {
    const timer = this.#options.clock.setTimer(() => this.#abort.abort(), withinMs);
    await this.#running;
    timer.cancel();
    this.#options.poster.close();
  }

  async #run(): Promise<void> {
    for (let parcel = this.#take(); parcel !== undefined; parcel = this.#take()) {
      if (this.#abort.signal.aborted) this.#lose(parcel, timeIsOver);
      else await this.#deliver(parcel).catch((error) => this.#lose(parcel, String(error)));
    }
    this.#running = undefined;
  }

  async #deliver(parcel: Parcel): Promise<void> {
    const body = await this.#options.pack(parcel.body);
    for (let attempt = 1; attempt <= attemptsMax && !this.#abort.signal.aborted; attempt++) {
      if (attempt > 1) this.#counts.retries++;
      const outcome = await this.#attempt(body);
      if (outcome.kind === 'accepted') return this.#accept(parcel, outcome.reply);
      if (outcome.kind === 'rejected') return this.#reject(parcel, outcome.problem);
      if (!this.#abort.signal.aborted) this.#problem(outcome.problem);
      if (attempt < attemptsMax) await this.#pause(attempt, outcome.retryAfter);
    }
    this.#lose(parcel, timeIsOver);
  }

  async #attempt(body: Uint8Array): Promise<Outcome> {
    const { destination, poster, clock, isPassing } = this.#options;
    const limit = { clock, limitMs: timeoutMs, end: this.#abort.signal };
    const posted = await withTimeLimit(limit, (signal) => poster.post(body, signal));
    if (posted.kind !== 'done') {
      const problem =
        posted.kind === 'failed' ? faultOf(posted.error) : `it gave no answer within ${timeoutMs} ms`;
      return { kind: 'failed', problem, retryAfter: undefined };
    }
    const reply = posted.value;
    if (reply.status >= 200 && reply.status < 300) return { kind: 'accepted', reply };
    const said = destination.quote(reply.body.toString('latin1'));
    const problem = `it answered ${reply.status} ${said}`.trimEnd();
    return isPassing(reply.status)
      ? { kind: 'failed', problem, retryAfter: reply.retryAfter }
      : { kind: 'rejected', problem };
  }

  async #pause(attempt: number, retryAfter: string | undefined): Promise<void> {
    const { clock, random } = this.#options;
    const delayMs = retryDelayMs(attempt, { retryAfter, nowMs: clock.now(), random });
    await pause(clock, delayMs, this.#abort.signal);
  }

  #accept({ points }: Parcel, reply: PostReply): void {
    const found = this.#options.findRejected?.(reply) ?? { points: 0, why: '' };
    const rejected = Math.min(points, found.points);
    this.#counts.requestsSent++;
    this.#counts.pointsSent += points - rejected;
    this.#counts.pointsRejected += rejected;
    if (rejected > 0) {
      this.#problem(
        `it rejected ${rejected} of ${points} points ${this.#options.destination.quote(found.why)}`,
      );
    }
  }

  #reject({ points }: Parcel, problem: string): void {
    this.#counts.pointsRejected += points;
    this.#problem(problem);
  }

  #take(): Parcel | undefined {
    const parcel = this.#queue.shift();
    this.#queueBytes -= parcel?.body.length ?? 0;
    return parcel;
  }

  /** What went wrong before says more than that it was too late or too much. */
  #lose(parcel: Parcel, because: string): void {
    this.#counts.pointsDropped += parcel.points;
    if (this.#lastProblem === undefined) this.#problem(because);
  }

  #problem(problem: string): void {
    this.#lastProblem = `Could not send metrics to ${this.#options.destination.name}: ${problem}.`;
  }
}

type Outcome =
  | { readonly kind: 'accepted'; readonly reply: PostReply }
  | { readonly kind: 'rejected'; readonly problem: string }
  | { readonly kind: 'failed'; readonly problem: string; readonly retryAfter: string | undefined };

const queueParcelsMax = 120;
const queueBytesMax = 32 * 1024 * 1024;
const timeoutMs = 10_000;
const timeIsOver = 'the time to close was over';

/** `ECONNREFUSED` and the like; the message of an error could name more than the address that is shown. */
function faultOf(error: unknown): string {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return `the connection failed (${String(code ?? name)})`;
}
