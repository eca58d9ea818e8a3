import type { Clock, Timer } from '../../base/index.ts';
import type { GeneratorSample } from '../measure/generator.ts';
import type { Recorder } from '../measure/recorder.ts';
import type { Share } from '../share.ts';
import { type ClockOffset, estimateOffset, type Ping } from './clock-offset.ts';
import type { FromWorker, WorkerLink } from './link.ts';

export interface ConductorOptions {
  readonly clock: Clock;
  /** Where everything that the workers have measured is added up. */
  readonly recorder: Recorder;
  /**
   * What becomes of the share of a worker that is lost: another takes it over, or it is left out and counted
   * as not offered.
   */
  readonly onLoss: 'take over' | 'leave out';
  /** A share is left out, from this time of the run on. */
  readonly onLeftOut: (share: Share, elapsedMs: number) => void;
}

/** What became of a worker; part of the report. */
export interface WorkerAccount {
  readonly name: string;
  /** How far its clock was ahead at the end, and to within how much that is known. */
  readonly clockOffsetMs: number;
  readonly clockErrorMs: number;
  readonly lost: LostWorker | undefined;
}

export interface LostWorker {
  /** When it was last heard of, from the start of the run. */
  readonly atMs: number;
  readonly because: string;
  /** Who went on with its share; undefined where nobody did. */
  readonly takenOverBy: string | undefined;
}

/** Why a run on several workers cannot begin. */
export interface Refusal {
  readonly worker: string;
  readonly because: string;
}

/**
 * Conducts the workers of a run: aligns their clocks, gives each its share, begins all at one time, adds up what
 * they measure, and notices within two seconds when one is gone.
 */
export class Conductor {
  readonly #options: ConductorOptions;
  readonly #workers: readonly Member[];
  #startMs = 0;
  #nextJob = 0;
  #timer: Timer | undefined;
  #isStopping = false;
  #activeMs = 0;
  #finish: () => void = () => undefined;

  constructor(links: readonly WorkerLink[], options: ConductorOptions) {
    this.#options = options;
    this.#workers = links.map((link) => new Member(link, options.clock));
    for (const worker of this.#workers) {
      worker.link.receive((message) => this.#onMessage(worker, message));
      worker.link.onLost((because) => this.#onLost(worker, because));
    }
  }

  /** Aligns the clocks and has every worker prepare its share. @returns who cannot, and why. */
  async prepare(): Promise<readonly Refusal[]> {
    await Promise.all(
      this.#workers.map(async (worker, index) => {
        await this.#giveJob(worker, { index, count: this.#workers.length });
        // Not before: a process that still loads its modules answers late, and its clock would seem to be behind.
        for (let left = pingsAtStart; left > 0; left--) await this.#pingAndWait(worker);
        worker.align();
      }),
    );
    return this.#workers.flatMap(({ link, refusal, lostBecause }) => {
      const because = refusal ?? lostBecause;
      return because === undefined ? [] : [{ worker: link.name, because }];
    });
  }

  /** Makes the load to its end. @param startMs when it begins, on this clock. */
  async run(startMs: number): Promise<void> {
    this.#startMs = startMs;
    const ended = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    for (const worker of this.#workers) {
      worker.heardMs = startMs;
      for (const job of worker.jobs)
        worker.link.send({ kind: 'start', job: job.number, startMs, skippedMs: 0 });
    }
    this.#watch();
    this.#endWhenDone();
    await ended;
    this.#timer?.cancel();
    for (const worker of this.#workers) worker.link.close();
  }

  /** Ends the load early. */
  stop(graceMs: number): void {
    this.#isStopping = true;
    for (const worker of this.#workers) worker.link.send({ kind: 'stop', graceMs });
  }

  get elapsedMs(): number {
    return this.#options.clock.monotonicMs() - this.#startMs;
  }

  /** Until the last worker ceased to begin work. */
  get activeMs(): number {
    return this.#activeMs;
  }

  get busy(): number {
    return this.#workers.reduce((sum, worker) => sum + worker.busy, 0);
  }

  /** What each worker saw of itself. */
  get samples(): readonly { readonly name: string; readonly samples: readonly GeneratorSample[] }[] {
    return this.#workers.map(({ link, samples }) => ({ name: link.name, samples }));
  }

  get accounts(): readonly WorkerAccount[] {
    return this.#workers.map(({ link, offset, lost }) => ({
      name: link.name,
      clockOffsetMs: offset.offsetMs,
      clockErrorMs: offset.errorMs,
      lost,
    }));
  }

  #onMessage(worker: Member, message: FromWorker): void {
    const nowMs = this.#options.clock.monotonicMs();
    worker.heardMs = Math.max(worker.heardMs, nowMs);
    if (message.kind === 'pong') {
      worker.onPong({ sentMs: message.sentMs, receivedMs: nowMs, theirMs: message.nowMs });
      return;
    }
    const job = worker.jobs.find((each) => each.number === message.job);
    if (job === undefined || worker.lost !== undefined) return;
    switch (message.kind) {
      case 'ready':
        job.onAnswer();
        break;
      case 'refused':
        worker.refusal = message.because;
        job.onAnswer();
        break;
      case 'beat':
        job.busy = message.busy;
        if (message.part !== undefined) this.#options.recorder.absorb(message.part);
        break;
      case 'done':
        job.busy = 0;
        job.isDone = true;
        this.#options.recorder.absorb(message.part);
        this.#activeMs = Math.max(this.#activeMs, message.activeMs);
        worker.samples.push(...message.samples);
        this.#endWhenDone();
        break;
    }
  }

  /** A share's job; resolves when the worker has answered, or has taken too long. */
  #giveJob(worker: Member, share: Share): Promise<Job> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(() => {
        worker.refusal ??= `it was not ready within ${readyLimitMs / 1000} s`;
        job.onAnswer();
      }, readyLimitMs);
      const job: Job = {
        number: this.#nextJob++,
        share,
        busy: 0,
        isDone: false,
        onAnswer: () => {
          timer.cancel();
          resolve(job);
        },
      };
      worker.jobs.push(job);
      if (worker.lostBecause === undefined) worker.link.send({ kind: 'prepare', job: job.number, share });
      else job.onAnswer();
    });
  }

  /** Looks four times a second for who is silent; once a second it holds the clocks together. */
  #watch(tick = 0): void {
    this.#timer = this.#options.clock.setTimer(() => {
      const nowMs = this.#options.clock.monotonicMs();
      for (const worker of this.#workers) {
        if (worker.isOver || worker.lost !== undefined) continue;
        if (nowMs - worker.heardMs > silenceLimitMs)
          this.#onLost(worker, `it was silent for ${Math.round(nowMs - worker.heardMs)} ms`);
        else if (tick % 4 === 0) this.#ping(worker);
      }
      this.#watch(tick + 1);
    }, watchMs);
  }

  #ping(worker: Member): void {
    worker.align();
    worker.link.send({ kind: 'ping', sentMs: this.#options.clock.monotonicMs() });
  }

  /** One ping and its answer, or the end of our patience: then the clock is known less well. */
  #pingAndWait(worker: Member): Promise<void> {
    if (worker.lostBecause !== undefined || worker.refusal !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(() => worker.onPinged(), pongLimitMs);
      worker.onPinged = () => {
        timer.cancel();
        worker.onPinged = () => undefined;
        resolve();
      };
      worker.link.send({ kind: 'ping', sentMs: this.#options.clock.monotonicMs() });
    });
  }

  #onLost(worker: Member, because: string): void {
    worker.lostBecause = because;
    for (const job of worker.jobs) job.onAnswer();
    worker.onPinged();
    if (this.#startMs === 0 || worker.isOver || worker.lost !== undefined) return;
    const atMs = worker.heardMs - this.#startMs;
    const orphans = worker.jobs.filter((job) => !job.isDone);
    const heir =
      this.#options.onLoss === 'take over' && !this.#isStopping ? this.#leastBusy(worker) : undefined;
    worker.lost = { atMs, because, takenOverBy: heir?.link.name };
    worker.link.close();
    for (const { share } of orphans) {
      if (heir === undefined) this.#options.onLeftOut(share, atMs);
      else void this.#handOver(heir, share, atMs);
    }
    this.#endWhenDone();
  }

  async #handOver(heir: Member, share: Share, elapsedMs: number): Promise<void> {
    const job = await this.#giveJob(heir, share);
    const skippedMs = Math.max(0, elapsedMs);
    heir.link.send({ kind: 'start', job: job.number, startMs: this.#startMs, skippedMs });
  }

  #leastBusy(except: Member): Member | undefined {
    return this.#workers
      .filter((worker) => worker !== except && worker.lost === undefined && !worker.isOver)
      .toSorted((a, b) => a.jobs.length - b.jobs.length)[0];
  }

  #endWhenDone(): void {
    if (this.#workers.every((worker) => worker.isOver || worker.lost !== undefined)) this.#finish();
  }
}

/** A share that a worker has been given. */
interface Job {
  readonly number: number;
  readonly share: Share;
  busy: number;
  isDone: boolean;
  onAnswer: () => void;
}

/** A worker as its conductor knows it. */
class Member {
  readonly link: WorkerLink;
  readonly jobs: Job[] = [];
  readonly samples: GeneratorSample[] = [];
  heardMs: number;
  /** Who waits for the answer of a ping. */
  onPinged: () => void = () => undefined;
  refusal: string | undefined;
  lostBecause: string | undefined;
  lost: LostWorker | undefined;
  offset: ClockOffset = { offsetMs: 0, atMs: 0, drift: 0, errorMs: Number.POSITIVE_INFINITY };
  #pings: Ping[] = [];

  constructor(link: WorkerLink, clock: Clock) {
    this.link = link;
    this.heardMs = clock.monotonicMs();
  }

  get busy(): number {
    return this.lost === undefined ? this.jobs.reduce((sum, job) => sum + job.busy, 0) : 0;
  }

  get isOver(): boolean {
    return this.jobs.every((job) => job.isDone);
  }

  onPong(ping: Ping): void {
    this.#pings.push(ping);
    if (this.#pings.length > pingsMax) this.#pings = this.#pings.slice(-pingsMax);
    this.offset = estimateOffset(this.#pings);
    this.onPinged();
  }

  /** Tells the worker what is known of its clock. */
  align(): void {
    if (this.#pings.length === 0) return;
    const { offsetMs, atMs, drift } = this.offset;
    this.link.send({ kind: 'align', offsetMs, atMs, drift });
  }
}

const pingsAtStart = 8;
const pongLimitMs = 1000;
/** One a second: what is older says little of a clock whose rate changes with the temperature. */
const pingsMax = 60;
const watchMs = 250;
/** A worker gives a sign of life twice a second; with the quarter second of the watch it is noticed within two. */
const silenceLimitMs = 1700;
/** For reading its files, and for connecting. */
const readyLimitMs = 30_000;
