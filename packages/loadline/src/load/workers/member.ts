import type { Clock } from '../../base/index.ts';
import { type GeneratorSample, joinSamples } from '../measure/generator.ts';
import { samplesMax } from '../measure/generator-watch.ts';
import type { Share } from '../share.ts';
import { type ClockOffset, estimateOffset, type Ping } from './clock-offset.ts';
import type { WorkerLink, WorkerNews } from './link.ts';

/** A worker as its conductor knows it. */
export class Member {
  readonly link: WorkerLink;
  readonly jobs: Job[] = [];
  samples: GeneratorSample[] = [];
  heardMs: number;
  /** Who waits for the answer of a ping. */
  onPinged: () => void = () => undefined;
  lostBecause: string | undefined;
  loss: Loss | undefined;
  offset: ClockOffset = { offsetMs: 0, atMs: 0, drift: 0, errorMs: Number.POSITIVE_INFINITY };
  #pings: Ping[] = [];

  constructor(link: WorkerLink, clock: Clock) {
    this.link = link;
    this.heardMs = clock.monotonicMs();
  }

  get busy(): number {
    return this.loss === undefined ? this.jobs.reduce((sum, job) => sum + job.busy, 0) : 0;
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

  onNews(job: Job, { part, samples }: WorkerNews): void {
    const { started, completed, cutShort, interrupted } = part.iterations;
    job.settled += part.settled;
    job.underWay += started - completed - cutShort - interrupted;
    this.samples.push(...samples);
    if (this.samples.length > samplesMax) this.samples = joinSamples(this.samples);
  }

  /** Tells the worker what is known of its clock. */
  align(): void {
    if (this.#pings.length === 0) return;
    const { offsetMs, atMs, drift } = this.offset;
    this.link.send({ kind: 'align', offsetMs, atMs, drift });
  }
}

/** A share that a worker has been given. */
export interface Job {
  readonly number: number;
  readonly share: Share;
  /** When it begins, or is to begin, from the start of the run. */
  fromMs: number;
  /** What was told of it: arrivals that have begun or were dropped, and iterations that have begun and not ended. */
  settled: number;
  underWay: number;
  busy: number;
  /** Why the worker cannot make it. */
  refusal: string | undefined;
  hasStarted: boolean;
  isDone: boolean;
  onAnswer: () => void;
}

/** What is known of a worker's loss; it grows until somebody has its shares. */
export class Loss {
  readonly name: string;
  /** When it was last heard of, from the start of the run. */
  readonly atMs: number;
  because: string;
  /** Who has its shares, or is to have them. */
  readonly heirs: Set<string> = new Set();
  /** Whether something was left of a share that nobody went on with. */
  isLeftOut = false;

  constructor(name: string, atMs: number, because: string) {
    this.name = name;
    this.atMs = atMs;
    this.because = because;
  }

  get takenOverBy(): string | undefined {
    return this.isLeftOut || this.heirs.size === 0 ? undefined : [...this.heirs].join(' and ');
  }
}

/** One a second: what is older says little of a clock whose rate changes with the temperature. */
const pingsMax = 60;
