import { type Clock, type Timer, withTimeLimit } from 'loadline/base';
import type { CacheReading, ResourceReading, Sample, Store } from 'loadline/store';
import { type AskMeans, askInstance } from './ask-instance.ts';
import { cacheReadingsOf } from './cache-readings.ts';
import type { Lately } from './lately.ts';
import { latestFiguresOf } from './latest-figures.ts';
import { Member, type MemberView } from './member.ts';
import { oneOfEach } from './one-of-each.ts';
import { inPacedTurns } from './paced-turns.ts';
import { RecentFigures } from './recent-figures.ts';
import type { Recent } from './recent-window.ts';
import { resourceReadingOf } from './resource-reading.ts';
import type { ServerProbe } from './server-probe.ts';
import { usersByService } from './users-by-service.ts';
import type { InstanceSource, Watched } from './watched.ts';

export interface CollectorOptions extends AskMeans {
  readonly clock: Clock;
  readonly store: Pick<Store, 'metrics' | 'readings'>;
  /** Closed with the collector. */
  readonly sources: readonly InstanceSource[];
  /** Closed with the collector. */
  readonly servers: readonly ServerProbe[];
  readonly intervalMs: number;
  /** Hears of what services do that are scaled. */
  readonly lately: Lately;
  /** Hears of what went wrong here and is no instance's fault. */
  readonly onFailure: (error: unknown) => void;
}

/** Since the start. */
export interface CollectorCounts {
  readonly rounds: number;
  readonly samples: number;
  /** Pulls that gave nothing. */
  readonly failures: number;
  /** Counters that had fallen. */
  readonly resets: number;
  /** Samples beyond the limit of an instance. */
  readonly leftOut: number;
  /** Samples that the store did not take. */
  readonly lost: number;
  /** Instances beyond the limit. */
  readonly unwatched: number;
}

const instancesMax = 1000;
const paceRatio = 0.8;
const pullTimeoutMs = 4000;
/**
 * Who is down is asked less often, so that many of them hold nobody up. Not from the first time on: who was met while it started,
 * as a control plane meets itself, is there a moment later.
 */
const downEvery = 3;
const patientFailures = 3;

/**
 * Asks every instance that is known what it is doing, once an interval, and remembers it. Each is asked by itself: one that is
 * slow or dead holds back nobody else. What it says is compared with what it said before.
 */
export class Collector {
  readonly #options: CollectorOptions;
  readonly #members = new Map<string, Member>();
  readonly #counts = {
    rounds: 0,
    samples: 0,
    failures: 0,
    resets: 0,
    leftOut: 0,
    lost: 0,
    unwatched: 0,
  };
  readonly #recent = new RecentFigures();
  #users: ReadonlyMap<string, number> = new Map();
  readonly #ending = new AbortController();
  #timer: Timer | undefined;
  #round: Promise<void> = Promise.resolve();
  readonly #writing = new Set<Promise<void>>();

  constructor(options: CollectorOptions) {
    this.#options = options;
    for (const server of options.servers) {
      const member = new Member({ ...server, source: 'list' }, options.clock);
      this.#members.set(`server ${server.kind} ${server.service} ${server.instance}`, member);
    }
    this.#wait(0);
  }

  get counts(): CollectorCounts {
    return { ...this.#counts };
  }

  /** By service and instance. */
  members(): readonly MemberView[] {
    return [...this.#members.values()]
      .map((member) => member.view(this.#options.intervalMs))
      .toSorted((a, b) => order(a.service, b.service) || order(a.instance, b.instance));
  }

  /** The same, each with what it said last; of who is down there is nothing. */
  latest(): readonly { readonly view: MemberView; readonly figures: ReadonlyMap<string, number> }[] {
    return [...this.#members.values()].map((member) => {
      const view = member.view(this.#options.intervalMs);
      return { view, figures: view.state === 'down' ? none : member.figures };
    });
  }

  recent(service: string): Recent {
    return this.#recent.of(service, this.#options.clock.monotonicMs());
  }

  recentVitals(service: string): Recent {
    return this.#recent.vitalsOf(service, this.#options.clock.monotonicMs());
  }

  /** Distinct signed-in users of the last five minutes, as of the last round; undefined where no instance tells. */
  activeUsers(service: string): number | undefined {
    return this.#users.get(service);
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#ending.abort();
    await this.#round;
    await Promise.all(this.#writing);
    const { servers, sources } = this.#options;
    await Promise.all([...servers, ...sources].map((each) => each.close?.()));
  }

  #wait(delayMs: number): void {
    if (this.#ending.signal.aborted) return;
    this.#timer = this.#options.clock.setTimer(() => {
      const { clock, intervalMs, onFailure } = this.#options;
      const startMs = clock.monotonicMs();
      this.#round = this.#takeRound()
        .catch(onFailure)
        .then(() => this.#wait(Math.max(0, startMs + intervalMs - clock.monotonicMs())));
    }, delayMs);
  }

  async #takeRound(): Promise<void> {
    await this.#meetInstances();
    const round = this.#counts.rounds++;
    const due = [...this.#members.values()].filter(
      (member) =>
        member.failures < patientFailures ||
        member.view(this.#options.intervalMs).state !== 'down' ||
        round % downEvery === 0,
    );
    const resources: ResourceReading[] = [];
    const told: Member[] = [];
    const caches: CacheReading[] = [];
    const { clock, intervalMs } = this.#options;
    const pace = { clock, withinMs: intervalMs * paceRatio, signal: this.#ending.signal };
    await inPacedTurns(due, pace, async (member) => {
      const samples = await this.#ask(member, caches);
      if (samples !== undefined && member.server === undefined) told.push(member);
      const reading = samples === undefined ? undefined : resourceReadingOf(member.instance, samples);
      if (reading !== undefined) resources.push(reading);
    });
    if (this.#ending.signal.aborted) return;
    await this.#writeUsers();
    await this.#options.store.readings.writeResources(resources);
    await this.#options.store.readings.writeCaches([...caches, ...cacheReadingsOf(told, clock.now())]);
  }

  /** Takes note of who has come and who has gone. A source that fails leaves those of it as they are. */
  async #meetInstances(): Promise<void> {
    const all: Watched[] = [];
    let isWhole = true;
    for (const source of this.#options.sources) {
      try {
        all.push(...(await source.list()));
      } catch (error) {
        isWhole = false;
        this.#options.onFailure(error);
      }
    }
    const found = new Map(oneOfEach(all).map((watched) => [keyOf(watched), watched]));
    for (const key of this.#members.keys())
      if (isWhole && !key.startsWith('server ') && !found.has(key)) this.#members.delete(key);
    for (const [key, watched] of found) {
      const known = this.#members.get(key);
      if (known !== undefined) known.watched = watched;
      else if (this.#members.size < instancesMax)
        this.#members.set(key, new Member(watched, this.#options.clock));
      else this.#counts.unwatched++;
    }
    const services = new Set([...this.#members.values()].map(({ service }) => service));
    this.#recent.keep(services);
  }

  /** @returns what it said, after it was remembered; undefined where it said nothing. */
  async #ask(member: Member, caches: CacheReading[]): Promise<readonly Sample[] | undefined> {
    const { clock } = this.#options;
    const { server } = member;
    const limit = { clock, limitMs: pullTimeoutMs, end: this.#ending.signal };
    const read = await withTimeLimit(limit, (signal) =>
      server === undefined ? this.#pull(member, signal) : this.#probe(server, caches),
    );
    if (read.kind === 'ended') return undefined;
    if (read.kind !== 'done') {
      this.#counts.failures++;
      const isLate = read.kind === 'late';
      const because = isLate ? `it did not answer within ${pullTimeoutMs / 1000} s` : reasonOf(read.error);
      member.failed(because);
      this.#options.lately.miss(member, because);
      return undefined;
    }
    const { samples, elapsedS, readMs } = read.value;
    member.answered();
    member.figures = latestFiguresOf(samples);
    const at = { elapsedS, nowMs: clock.monotonicMs() };
    this.#recent.add(member, samples, at);
    this.#options.lately.take(member, samples, { elapsedS, nowMs: readMs });
    this.#writeAside(samples);
    return samples;
  }

  async #pull(member: Member, signal: AbortSignal): Promise<Read> {
    const { samples, elapsedS, readMs, resets, leftOut } = await askInstance(member, this.#options, signal);
    this.#counts.resets += resets;
    this.#counts.leftOut += leftOut;
    return { samples, elapsedS, readMs };
  }

  async #probe(server: ServerProbe, caches: CacheReading[]): Promise<Read> {
    const { clock, intervalMs } = this.#options;
    const readMs = clock.monotonicMs();
    const { samples, caches: found } = await server.read(clock.now());
    caches.push(...found);
    return { samples, elapsedS: intervalMs / 1000, readMs };
  }

  async #writeUsers(): Promise<void> {
    this.#users = await usersByService(this.#members.values());
    const atMs = this.#options.clock.now();
    const written = [...this.#users].map(([service, value]): Sample => {
      return { series: { metric: 'active_users', unit: 'count', service }, atMs, value };
    });
    this.#writeAside(written);
  }

  /** A database that takes its time holds up no look at the next instance; what may wait for it is bounded by the store. */
  #writeAside(samples: readonly Sample[]): void {
    const writing = this.#write(samples)
      .catch(this.#options.onFailure)
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  async #write(samples: readonly Sample[]): Promise<void> {
    if (samples.length === 0) return;
    const { state, accepted, refused } = await this.#options.store.metrics.write(samples);
    this.#counts.samples += accepted;
    this.#counts.lost += refused + (state === 'dropped' ? accepted : 0);
  }
}

const none: ReadonlyMap<string, number> = new Map();

interface Read {
  readonly samples: readonly Sample[];
  readonly elapsedS: number;
  readonly readMs: number;
}

function keyOf({ source, service, instance }: Watched): string {
  return JSON.stringify([source, service, instance]);
}

/** As part of a sentence, on one line. */
function reasonOf(error: unknown): string {
  const { message, code } = error as Partial<NodeJS.ErrnoException>;
  const text = (message || code || String(error)).replace(/[\s\p{C}]+/gu, ' ').replace(/[.\s]+$/, '');
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
