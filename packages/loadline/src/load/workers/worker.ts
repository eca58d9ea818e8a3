import type { Clock, Timer } from '../../base/index.ts';
import { LoadGenerator } from '../load-generator.ts';
import { type GeneratorWatch, watchGenerator } from '../measure/generator-watch.ts';
import { Recorder } from '../measure/recorder.ts';
import type { LoadPlan } from '../plan.ts';
import type { Share } from '../share.ts';
import type { LoadTransport } from '../transports/session.ts';
import { AlignedClock } from './aligned-clock.ts';
import type { ConductorLink, ToWorker, WorkerNews } from './link.ts';
import { ProcessWatch } from './process-watch.ts';

/** What a worker needs to make load. */
export interface WorkerMeans {
  readonly clock: Clock;
  /** Reads the plan; at the first job. */
  readonly plan: () => Promise<LoadPlan>;
  readonly openTransport: (plan: LoadPlan, clock: Clock, share: Share) => Promise<LoadTransport>;
  /** Its times count from `startMs`. */
  readonly watch?: (clock: Clock, startMs: number) => GeneratorWatch;
}

/** Does the jobs that a conductor gives over a link, until the link ends. Resolves when it has. */
export function work(link: ConductorLink, means: WorkerMeans): Promise<void> {
  return new Worker(link, means).run();
}

class Worker {
  readonly #link: ConductorLink;
  readonly #means: WorkerMeans;
  readonly #clock: AlignedClock;
  readonly #watch: ProcessWatch;
  readonly #jobs = new Map<number, Job>();
  #plan: Promise<LoadPlan> | undefined;

  constructor(link: ConductorLink, means: WorkerMeans) {
    this.#link = link;
    this.#means = means;
    this.#clock = new AlignedClock(means.clock);
    const { watch = watchGenerator } = means;
    this.#watch = new ProcessWatch((startMs) => watch(this.#clock, startMs));
  }

  run(): Promise<void> {
    this.#link.receive((message) => this.#onMessage(message));
    return new Promise((resolve) => {
      // Nobody wants this load any more.
      this.#link.onLost(() => {
        for (const job of this.#jobs.values()) job.stop(0);
        resolve();
      });
    });
  }

  #onMessage(message: ToWorker): void {
    switch (message.kind) {
      case 'ping':
        this.#link.send({ kind: 'pong', sentMs: message.sentMs, nowMs: this.#clock.innerMs() });
        break;
      case 'align':
        this.#clock.align(message.offsetMs, message.atMs, message.drift);
        break;
      case 'prepare':
        void this.#prepare(message.job, message.share);
        break;
      case 'start':
        this.#jobs.get(message.job)?.start(message.startMs, message.skippedMs);
        break;
      case 'stop':
        for (const job of this.#jobs.values()) job.stop(message.graceMs);
        break;
    }
  }

  async #prepare(number: number, share: Share): Promise<void> {
    try {
      this.#plan ??= this.#means.plan();
      const plan = await this.#plan;
      const transport = await this.#means.openTransport(plan, this.#clock, share);
      this.#jobs.set(number, new Job(number, plan, share, transport, this.#clock, this.#watch, this.#link));
      this.#link.send({ kind: 'ready', job: number });
    } catch (error) {
      this.#link.send({ kind: 'refused', job: number, because: (error as Error).message });
    }
  }
}

/** One share of a run. */
class Job {
  readonly #number: number;
  readonly #plan: LoadPlan;
  readonly #share: Share;
  readonly #transport: LoadTransport;
  readonly #clock: Clock;
  readonly #watch: ProcessWatch;
  readonly #link: ConductorLink;
  /** It is emptied twice a second, so its time line never gets long enough to be halved. */
  readonly #recorder = new Recorder(Number.MAX_SAFE_INTEGER);
  #generator: LoadGenerator | undefined;
  #startTimer: Timer | undefined;
  #beatTimer: Timer | undefined;

  constructor(
    number: number,
    plan: LoadPlan,
    share: Share,
    transport: LoadTransport,
    clock: Clock,
    watch: ProcessWatch,
    link: ConductorLink,
  ) {
    this.#number = number;
    this.#plan = plan;
    this.#share = share;
    this.#transport = transport;
    this.#clock = clock;
    this.#watch = watch;
    this.#link = link;
  }

  start(startMs: number, skippedMs: number): void {
    const delayMs = Math.max(0, startMs + skippedMs - this.#clock.monotonicMs());
    this.#beat();
    this.#startTimer = this.#clock.setTimer(() => void this.#run(startMs, skippedMs), delayMs);
  }

  stop(graceMs: number): void {
    if (this.#generator !== undefined) this.#generator.stop(graceMs);
    else if (this.#startTimer !== undefined) this.#end(0);
  }

  async #run(startMs: number, skippedMs: number): Promise<void> {
    this.#startTimer = undefined;
    this.#generator = new LoadGenerator(this.#plan, {
      transport: this.#transport,
      clock: this.#clock,
      recorder: this.#recorder,
      watch: this.#watch.join(startMs),
      share: this.#share,
      startMs,
      skippedMs,
    });
    await this.#generator.run();
    this.#end(this.#generator.activeMs);
  }

  #end(activeMs: number): void {
    this.#startTimer?.cancel();
    this.#beatTimer?.cancel();
    this.#link.send({ kind: 'done', job: this.#number, activeMs, ...this.#news() });
    // To close thousands of connections takes long enough to seem dead: the message goes out before.
    this.#clock.setTimer(() => this.#transport.close(), 0);
  }

  #beat(): void {
    this.#beatTimer = this.#clock.setTimer(() => {
      const busy = this.#generator?.busy ?? 0;
      this.#link.send({ kind: 'beat', job: this.#number, busy, ...this.#news() });
      this.#beat();
    }, beatMs);
  }

  /** What was measured, and what was seen of this process, since it was last told. */
  #news(): WorkerNews {
    if (this.#generator !== undefined) this.#recorder.at(this.#generator.elapsedMs);
    return { part: this.#recorder.take(), samples: this.#watch.takeSamples() };
  }
}

const beatMs = 500;
