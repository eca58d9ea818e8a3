import type { Clock } from 'loadline/base';
import type { UserSketch } from 'loadline/observe';
import { LabelBook } from './label-book.ts';
import type { Reading } from './reading.ts';
import { SeriesPool } from './series-pool.ts';
import type { ServerProbe } from './server-probe.ts';
import type { Watched, WatchSource } from './watched.ts';

/** How an instance stands. */
export interface MemberView {
  readonly service: string;
  readonly instance: string;
  readonly kind: 'http' | ServerProbe['kind'];
  readonly source: WatchSource;
  readonly url?: string;
  /** Of one that registered. */
  readonly id?: string;
  /** stale: the last look failed, and it answered not long ago. */
  readonly state: 'up' | 'stale' | 'down';
  readonly sinceMs: number;
  readonly answeredMs?: number;
  readonly because?: string;
}

/** Twice as many as an instance has at once: names may change. */
const poolMax = 10_000;
/** So many intervals after its last answer it counts as down. */
const staleIntervals = 3;
/** So long a reading tells who was there. */
const usersMs = 300_000;

/** One of those that are asked, with what it said last. */
export class Member {
  /** As it is kept for the next one. */
  reading: Reading | undefined;
  readonly labels: LabelBook = new LabelBook(poolMax);
  readonly pool: SeriesPool = new SeriesPool(poolMax);
  /** What it said last, by metric. */
  figures: ReadonlyMap<string, number> = new Map();
  /** Undefined for a server. */
  #watched: Watched | undefined;
  #shownUrl: string | undefined;
  readonly server: ServerProbe | undefined;
  readonly service: string;
  readonly instance: string;
  readonly #source: WatchSource;
  readonly #clock: Clock;
  readonly #knownMs: number;
  #answeredMs: number | undefined;
  /** Since it answers each time. */
  #upSinceMs: number | undefined;
  #failedSinceMs: number | undefined;
  #because: string | undefined = 'it was not asked yet';
  #failures = 0;

  constructor(of: Watched | (ServerProbe & { readonly source: WatchSource }), clock: Clock) {
    this.#clock = clock;
    this.#knownMs = clock.now();
    this.#source = of.source;
    this.service = of.service;
    this.instance = of.instance;
    if ('read' in of) this.server = of;
    else this.watched = of;
  }

  get watched(): Watched | undefined {
    return this.#watched;
  }

  /** Where it is now. */
  set watched(watched: Watched) {
    if (watched.url.href !== this.#watched?.url.href) this.#shownUrl = shownUrl(watched.url);
    this.#watched = watched;
  }

  answered(): void {
    const nowMs = this.#clock.now();
    this.#answeredMs = nowMs;
    this.#upSinceMs ??= nowMs;
    this.#failedSinceMs = undefined;
    this.#because = undefined;
    this.#failures = 0;
  }

  failed(because: string): void {
    this.#failedSinceMs ??= this.#clock.now();
    this.#upSinceMs = undefined;
    this.#because = because;
    this.#failures++;
  }

  /** In a row. */
  get failures(): number {
    return this.#failures;
  }

  /** Who was signed in there, where it tells, and not too long ago. */
  users(): UserSketch | undefined {
    const { reading } = this;
    if (reading === undefined || this.#clock.monotonicMs() - reading.monotonicMs > usersMs) return undefined;
    return reading.users;
  }

  view(intervalMs: number): MemberView {
    const { id } = this.#watched ?? {};
    return {
      service: this.service,
      instance: this.instance,
      kind: this.server?.kind ?? 'http',
      source: this.#source,
      ...(this.#shownUrl === undefined ? {} : { url: this.#shownUrl }),
      ...(id === undefined ? {} : { id }),
      ...this.#state(intervalMs),
      ...(this.#answeredMs === undefined ? {} : { answeredMs: this.#answeredMs }),
      ...(this.#because === undefined ? {} : { because: this.#because }),
    };
  }

  #state(intervalMs: number): Pick<MemberView, 'state' | 'sinceMs'> {
    if (this.#upSinceMs !== undefined) return { state: 'up', sinceMs: this.#upSinceMs };
    const downMs = (this.#answeredMs ?? Number.NEGATIVE_INFINITY) + staleIntervals * intervalMs;
    if (this.#answeredMs !== undefined && this.#clock.now() < downMs)
      return { state: 'stale', sinceMs: this.#failedSinceMs ?? this.#knownMs };
    return { state: 'down', sinceMs: Number.isFinite(downMs) ? downMs : this.#knownMs };
  }
}

/** Without what opens it. */
function shownUrl(url: URL): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.href;
}
