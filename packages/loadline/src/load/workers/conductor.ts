import type { Clock, Timer } from '../../base/index.ts';
import { type GeneratorSample, type SeenGenerator, sumSamples } from '../measure/generator.ts';
import type { Recorder } from '../measure/recorder.ts';
import type { Share } from '../share.ts';
import type { FromWorker, WorkerLink } from './link.ts';
import { type Job, Loss, Member } from './member.ts';
import type { MissingLoad } from './missing-load.ts';

export interface ConductorOptions {
  readonly clock: Clock;
  /** Where everything that the workers have measured is added up. */
  readonly recorder: Recorder;
  /**
   * What becomes of the share of a worker that is lost: another takes it over, or it is left out and counted
   * as not offered.
   */
  readonly onLoss: 'take over' | 'leave out';
  /** Where it is counted what the run lacks by its losses. */
  readonly missing: MissingLoad;
  /** How long the plan's loads last: later there is nothing left to take over. */
  readonly plannedMs: number;
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

/** A worker that was lost, for whoever judges the run. */
export interface WorkerLoss extends LostWorker {
  readonly name: string;
  /** Whether something of its share was left that nobody went on with. */
  readonly isLeftOut: boolean;
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
  /** When the load was told to end, from the start of the run. */
  #stoppedMs: number | undefined;
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
        await this.#giveJob(worker, { index, count: this.#workers.length }, 0, readyLimitMs);
        // Not before: a process that still loads its modules answers late, and its clock would seem to be behind.
        for (let left = pingsAtStart; left > 0; left--) await this.#pingAndWait(worker);
        worker.align();
      }),
    );
    return this.#workers.flatMap(({ link, jobs, lostBecause }) => {
      const because = jobs[0]?.refusal ?? lostBecause;
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
      for (const job of worker.jobs) this.#start(worker, job);
    }
    this.#watch();
    this.#endWhenDone();
    await ended;
    this.#timer?.cancel();
    this.#options.missing.at(this.#activeMs);
    for (const worker of this.#workers) worker.link.close();
  }

  /** Ends the load early. */
  stop(graceMs: number): void {
    this.#stoppedMs ??= Math.max(0, this.elapsedMs);
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
  get generators(): readonly SeenGenerator[] {
    return this.#workers.map(({ link, samples, loss }) => ({
      name: link.name,
      wasHeardOut: loss === undefined,
      samples,
    }));
  }

  /** What those who are there saw of themselves last, together. */
  get generatorSample(): GeneratorSample | undefined {
    const there = this.#workers.filter(({ loss }) => loss === undefined);
    return sumSamples(there.flatMap(({ samples }) => samples.at(-1) ?? []));
  }

  get accounts(): readonly WorkerAccount[] {
    return this.#workers.map(({ link, offset, loss }) => ({
      name: link.name,
      clockOffsetMs: offset.offsetMs,
      clockErrorMs: offset.errorMs,
      lost: loss && { atMs: loss.atMs, because: loss.because, takenOverBy: loss.takenOverBy },
    }));
  }

  get losses(): readonly WorkerLoss[] {
    return this.#workers.flatMap(({ loss }) => loss ?? []);
  }

  #onMessage(worker: Member, message: FromWorker): void {
    const nowMs = this.#options.clock.monotonicMs();
    worker.heardMs = Math.max(worker.heardMs, nowMs);
    if (message.kind === 'pong') {
      worker.onPong({ sentMs: message.sentMs, receivedMs: nowMs, theirMs: message.nowMs });
      return;
    }
    const job = worker.jobs.find((each) => each.number === message.job);
    if (job === undefined || worker.loss !== undefined) return;
    switch (message.kind) {
      case 'ready':
        job.onAnswer();
        break;
      case 'refused':
        job.refusal = message.because;
        job.onAnswer();
        break;
      case 'beat':
        job.busy = message.busy;
        this.#options.recorder.absorb(message.part);
        worker.onNews(job, message);
        break;
      case 'done':
        job.busy = 0;
        job.isDone = true;
        this.#options.recorder.absorb(message.part);
        worker.onNews(job, message);
        this.#activeMs = Math.max(this.#activeMs, message.activeMs);
        this.#endWhenDone();
        break;
    }
  }

  /** The job of a share from this time on; resolves when the worker has answered, or has taken too long. */
  #giveJob(worker: Member, share: Share, fromMs: number, limitMs: number): Promise<Job> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(() => {
        job.refusal ??= `it was not ready within ${limitMs / 1000} s`;
        job.onAnswer();
      }, limitMs);
      const job: Job = {
        number: this.#nextJob++,
        share,
        fromMs,
        settled: 0,
        underWay: 0,
        busy: 0,
        refusal: undefined,
        hasStarted: false,
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
      this.#options.missing.at(Math.min(this.elapsedMs, this.#endMs));
      for (const worker of this.#workers) {
        if (worker.isOver || worker.loss !== undefined) continue;
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
    if (worker.lostBecause !== undefined || worker.jobs[0]?.refusal !== undefined) return Promise.resolve();
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
    if (this.#startMs === 0 || worker.isOver || worker.loss !== undefined) return;
    const atMs = worker.heardMs - this.#startMs;
    worker.loss = new Loss(worker.link.name, atMs, because);
    worker.link.close();
    this.#activeMs = Math.max(this.#activeMs, Math.min(atMs, this.#endMs));
    for (const job of worker.jobs) if (!job.isDone) void this.#replace(worker.loss, job);
    this.#endWhenDone();
  }

  /** Counts what a lost worker had not told of its job, and has another go on with the share. */
  async #replace(loss: Loss, { share, hasStarted, fromMs, settled, underWay }: Job): Promise<void> {
    const { missing, onLoss } = this.#options;
    const untilMs = hasStarted ? Math.max(fromMs, loss.atMs) : fromMs;
    if (hasStarted)
      missing.forget(share, { fromMs, toMs: Math.min(untilMs, this.#endMs) }, { settled, underWay });
    if (untilMs >= this.#endMs) return;
    if (onLoss === 'take over' && (await this.#handOver(loss, share, untilMs))) return;
    if (this.#stoppedMs === undefined) loss.isLeftOut = true;
    missing.leaveOut(share, untilMs);
    this.#endWhenDone();
  }

  /**
   * Gives a share to whoever has the fewest, and to another where that one cannot make it. What is due until it begins
   * is dropped: sent late, its wait would be in the latencies, and be no doing of the target.
   *
   * @returns whether somebody has it.
   */
  async #handOver(loss: Loss, share: Share, fromMs: number): Promise<boolean> {
    const unable = new Set<Member>();
    for (let heir = this.#leastBusy(unable); heir !== undefined; heir = this.#leastBusy(unable)) {
      loss.heirs.add(heir.link.name);
      const job = await this.#giveJob(heir, share, fromMs, takeOverLimitMs);
      // It was lost meanwhile, and this job was handed on with its others.
      if (heir.loss !== undefined) return true;
      if (job.refusal === undefined && this.#stoppedMs === undefined) {
        job.fromMs = this.elapsedMs + leadMs;
        this.#options.missing.drop(share, { fromMs, toMs: job.fromMs });
        this.#start(heir, job);
        return true;
      }
      job.isDone = true;
      loss.heirs.delete(heir.link.name);
      unable.add(heir);
      if (job.refusal !== undefined)
        loss.because += `; ${heir.link.name} could not take it over: ${job.refusal}`;
    }
    return false;
  }

  #start(worker: Member, job: Job): void {
    job.hasStarted = true;
    worker.link.send({ kind: 'start', job: job.number, startMs: this.#startMs, skippedMs: job.fromMs });
  }

  #leastBusy(unable: ReadonlySet<Member>): Member | undefined {
    if (this.#stoppedMs !== undefined) return undefined;
    return this.#workers
      .filter((worker) => !unable.has(worker) && worker.loss === undefined && !worker.isOver)
      .toSorted((a, b) => a.jobs.length - b.jobs.length)[0];
  }

  /** When nothing is due any more, from the start of the run. */
  get #endMs(): number {
    return Math.min(this.#options.plannedMs, this.#stoppedMs ?? Number.POSITIVE_INFINITY);
  }

  #endWhenDone(): void {
    if (this.#workers.every((worker) => worker.isOver || worker.loss !== undefined)) this.#finish();
  }
}

/** So long before its start everybody is told of it. */
export const leadMs = 100;
const pingsAtStart = 8;
const pongLimitMs = 1000;
const watchMs = 250;
/** A worker gives a sign of life twice a second; with the quarter second of the watch it is noticed within two. */
const silenceLimitMs = 1700;
/** For reading its files, and for connecting. */
const readyLimitMs = 30_000;
/** Who takes over has read them already. */
const takeOverLimitMs = 5000;
