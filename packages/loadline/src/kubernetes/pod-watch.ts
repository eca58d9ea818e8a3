import { type Clock, isLoadlineError, pause, type Random } from '../base/index.ts';
import type { Kubernetes } from './kubernetes.ts';
import { type Pod, type PodPage, readPodEvent, readPodPage } from './pod.ts';

/** Which pods are followed, and what is kept of them. */
export interface PodWatchOptions {
  readonly clock: Clock;
  /** Spreads attempts, so that many do not come at once when a server is back. */
  readonly random: Random;
  readonly namespace: string;
  /** Of their labels, as `kubectl --selector` takes it. */
  readonly selector: string;
  /** Those that are kept, by their names. Default none. */
  readonly annotations?: readonly string[];
  /** More are left out, and counted. Default 5,000. */
  readonly podsMax?: number;
  /** Hears of the first of several failures in a row. */
  readonly onFailure?: (error: unknown) => void;
}

/** Since the start. */
export interface PodWatchCounts {
  readonly lists: number;
  readonly events: number;
  readonly failures: number;
  /** Times that a pod was beyond the limit. */
  readonly leftOut: number;
}

/** Knows which pods there are. */
export interface PodWatch extends AsyncDisposable {
  /** Those that there are, as far as is known; while the server is away, those that there were. */
  pods(): readonly Pod[];
  readonly counts: PodWatchCounts;
  /** Why nothing is heard of them; undefined while they are followed. */
  readonly because: string | undefined;
  /** Resolves with the first list, or with the first failure. */
  readonly begun: Promise<void>;
  close(): Promise<void>;
}

/** Pods of a page: at 8 kB each it is read in 8 ms, in which nobody else has a turn. */
const pageSize = 250;
/** The server ends a watch after this time, and it is begun again. */
const watchS = 240;
/** One that outlives it by so much is dead. */
const overdueMs = 30_000;
const pauseMsMin = 1000;
const pauseMsMax = 30_000;

/**
 * Lists the pods that a selector selects, and follows what becomes of them: a server is asked for all of them once, and
 * tells only of changes from then on. A list every few seconds would be less code; of 1,000 pods it is 8 MB of JSON
 * each time, to be made there and read here. Whatever goes wrong is tried again, after 1 s at first and 30 s at most; where the server
 * does not know any more what has happened since, they are listed anew.
 */
export function watchPods(kubernetes: Kubernetes, options: PodWatchOptions): PodWatch {
  return new Watching(kubernetes, options);
}

class Watching implements PodWatch {
  readonly begun: Promise<void>;
  readonly #kubernetes: Kubernetes;
  readonly #options: PodWatchOptions;
  readonly #counts = { lists: 0, events: 0, failures: 0, leftOut: 0 };
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  #begin: () => void = () => undefined;
  #pods: Map<string, Pod> = new Map();
  /** From where they can be followed; undefined: they have to be listed. */
  #version: string | undefined;
  #because: string | undefined = 'they were not listed yet';
  #failuresInARow = 0;
  #isTold = false;

  constructor(kubernetes: Kubernetes, options: PodWatchOptions) {
    this.#kubernetes = kubernetes;
    this.#options = options;
    this.begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
    this.#running = this.#run();
  }

  pods(): readonly Pod[] {
    return [...this.#pods.values()];
  }

  get counts(): PodWatchCounts {
    return { ...this.#counts };
  }

  get because(): string | undefined {
    return this.#because;
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.#begin();
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        this.#version ??= await this.#list();
        await this.#follow(this.#version);
      } catch (error) {
        if (signal.aborted) return;
        this.#failed(error);
      }
      await pause(clock, this.#pauseMs(), signal);
    }
  }

  /**
   * All of them, page by page; known are those from before until the last page is there.
   *
   * @returns from where they can be followed: all pages show the same moment.
   */
  async #list(): Promise<string> {
    const { annotations = [], podsMax = 5000 } = this.#options;
    const found = new Map<string, Pod>();
    let page: PodPage | undefined;
    do {
      const query = { ...this.#query(), limit: pageSize, continue: page?.next };
      const answer = await this.#kubernetes.get(this.#path(), query, this.#ending.signal);
      page = readPodPage(answer, annotations);
      for (const pod of page.pods) {
        if (found.size < podsMax) found.set(keyOf(pod), pod);
        else this.#counts.leftOut++;
      }
    } while (page.next !== undefined && found.size < podsMax);
    this.#counts.lists++;
    this.#pods = found;
    this.#because = undefined;
    this.#begin();
    return page.version;
  }

  async #follow(version: string): Promise<void> {
    const { clock } = this.#options;
    const stop = new AbortController();
    const end = (): void => stop.abort(new Error('it goes on for longer than was asked for'));
    this.#ending.signal.addEventListener('abort', end, { once: true });
    const overdue = clock.setTimer(end, watchS * 1000 + overdueMs);
    try {
      const query = {
        ...this.#query(),
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion: version,
        timeoutSeconds: watchS,
      };
      const lines = await this.#kubernetes.follow(this.#path(), query, stop.signal);
      this.#failuresInARow = 0;
      this.#isTold = false;
      this.#because = undefined;
      for await (const line of lines) this.#take(line);
    } finally {
      overdue.cancel();
      this.#ending.signal.removeEventListener('abort', end);
    }
  }

  #take(line: unknown): void {
    const { annotations = [], podsMax = 5000 } = this.#options;
    const event = readPodEvent(line, annotations);
    this.#version = event.version;
    if (event.kind === 'bookmark') return;
    this.#counts.events++;
    const key = keyOf(event.pod);
    if (event.kind === 'gone') this.#pods.delete(key);
    else if (this.#pods.has(key) || this.#pods.size < podsMax) this.#pods.set(key, event.pod);
    else this.#counts.leftOut++;
  }

  /** A connection that broke may go on where it was; whatever else fails might fail there again and again. */
  #failed(error: unknown): void {
    if (!isLoadlineError(error, 'KUBERNETES_UNREACHABLE')) this.#version = undefined;
    // That a server does not know any more what was long ago is no failure of anybody.
    if (isLoadlineError(error, 'KUBERNETES_EXPIRED') && this.#failuresInARow === 0) {
      this.#failuresInARow++;
      return;
    }
    this.#counts.failures++;
    this.#failuresInARow++;
    if (!this.#isTold) this.#options.onFailure?.(error);
    this.#isTold = true;
    this.#because = error instanceof Error ? error.message : String(error);
    this.#begin();
  }

  #pauseMs(): number {
    const mostMs = Math.min(pauseMsMax, pauseMsMin * 2 ** Math.min(this.#failuresInARow, 10));
    return mostMs * (0.5 + this.#options.random() / 2);
  }

  #path(): string {
    return `/api/v1/namespaces/${encodeURIComponent(this.#options.namespace)}/pods`;
  }

  #query(): { readonly labelSelector: string } {
    return { labelSelector: this.#options.selector };
  }
}

function keyOf({ namespace, name }: Pod): string {
  return `${namespace}/${name}`;
}
