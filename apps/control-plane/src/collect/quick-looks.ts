import { type Clock, pause, withTimeLimit } from 'loadline/base';
import type { Registry } from 'loadline/metrics';
import { type AskMeans, askInstance } from './ask-instance.ts';
import { resolveByMachine } from './judged-address.ts';
import type { Lately } from './lately.ts';
import { Member } from './member.ts';
import { parseWatchUrl } from './watched.ts';

export interface QuickLooksOptions extends Omit<AskMeans, 'resolve'> {
  readonly clock: Clock;
  readonly lately: Lately;
  /** How often everybody is asked: whoever is decided upon less often is not asked here. */
  readonly usualMs: number;
}

/** Since the start. */
export interface QuickCounts {
  readonly looks: number;
  readonly failures: number;
}

/** One that is run here. */
export interface Runner {
  readonly instance: string;
  readonly url: string;
}

/** No instance is asked more often, and of a service no more in one round: the others with the next ones, in turn. */
const pauseMs = 500;
const looksOfRoundMax = 64;
/** An answer that comes after its round counts for the next one. */
const patienceMsMax = 1000;
const lookTimeoutMs = 4000;

interface Known {
  readonly member: Member;
  askedMs: number;
  isAsked: boolean;
}

/**
 * Asks the instances of a service just before it is decided upon, where that is as often as everybody is asked, or more. What they
 * say is kept for the scaler alone, and not in the store: there the usual looks are enough.
 */
export class QuickLooks {
  readonly #options: QuickLooksOptions & AskMeans;
  /** By service, and by instance. */
  readonly #services = new Map<string, Map<string, Known>>();
  readonly #ending = new AbortController();
  readonly #asking = new Set<Promise<void>>();
  #looks = 0;
  #failures = 0;

  constructor(options: QuickLooksOptions) {
    this.#options = { ...options, resolve: resolveByMachine };
  }

  get counts(): QuickCounts {
    return { looks: this.#looks, failures: this.#failures };
  }

  /** Resolves when all have answered, or half of the time to the next round has passed. */
  async look(service: string, running: readonly Runner[], everyMs: number): Promise<void> {
    const { clock, usualMs } = this.#options;
    if (everyMs > usualMs || this.#ending.signal.aborted) {
      this.#services.delete(service);
      return;
    }
    const nowMs = clock.monotonicMs();
    const due = this.#meet(service, running)
      .filter(({ isAsked, askedMs }) => !isAsked && nowMs - askedMs >= pauseMs)
      .toSorted((a, b) => a.askedMs - b.askedMs)
      .slice(0, looksOfRoundMax);
    if (due.length === 0) return;
    const over = new AbortController();
    const asked = Promise.all(due.map((known) => this.#ask(known)));
    const patience = pause(clock, Math.min(patienceMsMax, everyMs / 2), over.signal);
    await Promise.race([asked, patience]);
    over.abort();
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#asking);
  }

  #meet(service: string, running: readonly Runner[]): readonly Known[] {
    const before = this.#services.get(service);
    const now = new Map<string, Known>();
    for (const { instance, url: text } of running) {
      const url = parseWatchUrl(text);
      if (url === undefined) continue;
      const watched = { service, instance, url, source: 'services' } as const;
      const known = before?.get(instance) ?? {
        member: new Member(watched, this.#options.clock),
        askedMs: Number.NEGATIVE_INFINITY,
        isAsked: false,
      };
      known.member.watched = watched;
      now.set(instance, known);
    }
    this.#services.set(service, now);
    return [...now.values()];
  }

  #ask(known: Known): Promise<void> {
    known.askedMs = this.#options.clock.monotonicMs();
    known.isAsked = true;
    const asking = this.#read(known.member).finally(() => {
      known.isAsked = false;
      this.#asking.delete(asking);
    });
    this.#asking.add(asking);
    return asking;
  }

  /** Why one does not answer, the usual looks tell. */
  async #read(member: Member): Promise<void> {
    const { clock, lately } = this.#options;
    this.#looks++;
    const limit = { clock, limitMs: lookTimeoutMs, end: this.#ending.signal };
    const read = await withTimeLimit(limit, (signal) => askInstance(member, this.#options, signal));
    if (read.kind === 'late' || read.kind === 'failed') this.#failures++;
    if (read.kind !== 'done') return;
    const { samples, elapsedS, readMs } = read.value;
    lately.take(member, samples, { nowMs: readMs, elapsedS });
  }
}

export function observeQuickLooks(registry: Registry, quick: QuickLooks): void {
  registry.counter({
    name: 'loadline_quick_looks_total',
    help: 'Looks at instances in between the usual ones, just before it is decided upon their service.',
    read: () => quick.counts.looks,
  });
  registry.counter({
    name: 'loadline_quick_look_failures_total',
    help: 'Looks at instances in between the usual ones that gave nothing.',
    read: () => quick.counts.failures,
  });
}
