import { type Clock, formatDuration, pause, withTimeLimit } from '../../base/index.ts';
import type { InstanceKind, InstanceTiming, RunningUnit } from './instance-kind.ts';

/** How servers of one group are started and stopped by somebody else: replicas of a database, machines of a cloud. */
export interface GivenServers {
  /**
   * Starts one, and resolves when it runs. What it throws is told as the reason, and tried again later. Whoever heeds the signal
   * leaves nothing behind; one that comes nevertheless is stopped.
   */
  readonly start: (id: string, signal: AbortSignal) => Promise<GivenServer>;
  /** Of the group; more are refused. Default 16. */
  readonly replicasMax?: number;
  /** For its start, and then again until it is ready; after that it counts as crashed. Default 120,000: a copy of a database takes its time. */
  readonly readyTimeoutMs?: number;
  /** From one look at it to the next. Default 1,000 until it is ready, and five times that from then on. */
  readonly lookMs?: number;
  /** Without a good look for so long, it is stopped and started anew. Default 60,000. */
  readonly hangAfterMs?: number;
  /** For leaving the traffic, and then again from `stop()` to `kill()`. Default 30,000. */
  readonly drainGraceMs?: number;
  /** From `kill()` until `ended`; `close()` waits no longer, and says who is left. Default 60,000. */
  readonly killLimitMs?: number;
  /** Before the first new start after a crash; twice as long after each further one, 5 minutes at most. Default 5,000. */
  readonly restartDelayMs?: number;
}

/** One that runs. */
export interface GivenServer {
  readonly host: string;
  readonly port: number;
  /** How others reach it; without a password, for people read it. */
  readonly url: string;
  /** Whether it takes requests. One that throws says no. */
  readonly isReady: (signal: AbortSignal) => Promise<boolean>;
  /** How it ended, for people: also where nobody had told it to. */
  readonly ended: Promise<string>;
  /** Asks it to end what it has. */
  readonly stop: () => void;
  /** Ends it at once, and whatever it leaves behind. */
  readonly kill: () => void;
}

export interface GivenUnit extends RunningUnit {
  readonly server: GivenServer;
}

export interface GivenKindOptions {
  readonly id: string;
  readonly given: GivenServers;
  readonly clock: Clock;
  readonly onUnheeded: () => void;
}

/** Servers that are started and stopped by what was given. */
export class GivenKind implements InstanceKind<GivenUnit> {
  readonly timing: InstanceTiming;
  readonly #id: string;
  readonly #given: GivenServers;
  readonly #clock: Clock;
  readonly #readyTimeoutMs: number;
  readonly #onUnheeded: () => void;

  /** @param onUnheeded a word to a server was thrown back. */
  constructor({ id, given, clock, onUnheeded }: GivenKindOptions) {
    this.#id = id;
    this.#given = given;
    this.#clock = clock;
    this.#readyTimeoutMs = given.readyTimeoutMs ?? 120_000;
    this.#onUnheeded = onUnheeded;
    const { drainGraceMs = 30_000, killLimitMs = 60_000, restartDelayMs = 5000 } = given;
    const restartDelayMsMax = 300_000;
    this.timing = { drainGraceMs, killLimitMs, restartDelayMs, restartDelayMsMax, stableMs: 60_000 };
  }

  async start(stop: AbortSignal): Promise<GivenUnit> {
    const server = await this.#startInTime(stop);
    const { host, port, url, ended } = server;
    return {
      ...{ host, port, url, server },
      ended: ended.catch((error: unknown) => `ended (${error instanceof Error ? error.message : error})`),
      terminate: () => this.#tell(() => server.stop()),
      kill: () => this.#tell(() => server.kill()),
    };
  }

  async #startInTime(stop: AbortSignal): Promise<GivenServer> {
    const limit = { clock: this.#clock, limitMs: this.#readyTimeoutMs, end: never };
    let coming: Promise<GivenServer> | undefined;
    const answer = await withTimeLimit(limit, (limited) => {
      coming = this.#given.start(this.#id, AbortSignal.any([stop, limited]));
      return coming;
    });
    if (answer.kind === 'done') return answer.value;
    if (answer.kind === 'failed') throw answer.error;
    // One that comes after all would be nobody's.
    void coming?.then(
      (server) => this.#tell(() => server.kill()),
      () => undefined,
    );
    throw new Error(`it was not there within ${formatDuration(this.#readyTimeoutMs)}`);
  }

  /** What throws, or rejects, is not ours: whoever is not gone by it is told again by `kill()`, and is seen to be there. */
  #tell(work: () => unknown): void {
    new Promise((resolve) => resolve(work())).catch(this.#onUnheeded);
  }

  async untilReady({ server }: GivenUnit, signal: AbortSignal): Promise<string | undefined> {
    const { lookMs = 1000 } = this.#given;
    const endMs = this.#clock.monotonicMs() + this.#readyTimeoutMs;
    while (this.#clock.monotonicMs() < endMs) {
      const isReady = await this.#look(server, signal);
      if (isReady || signal.aborted) return undefined;
      await pause(this.#clock, lookMs, signal);
    }
    return `was not ready within ${formatDuration(this.#readyTimeoutMs)}`;
  }

  async untilBroken({ server }: GivenUnit, signal: AbortSignal): Promise<string | undefined> {
    const { hangAfterMs = 60_000, lookMs = 1000 } = this.#given;
    let goodAtMs = this.#clock.monotonicMs();
    for (;;) {
      await pause(this.#clock, lookMs * 5, signal);
      const isReady = await this.#look(server, signal);
      if (signal.aborted) return undefined;
      if (isReady) goodAtMs = this.#clock.monotonicMs();
      else if (this.#clock.monotonicMs() - goodAtMs >= hangAfterMs)
        return `was not ready any more for ${formatDuration(hangAfterMs)}`;
    }
  }

  async #look(server: GivenServer, end: AbortSignal): Promise<boolean> {
    if (end.aborted) return false;
    const limit = { clock: this.#clock, limitMs: lookLimitMs, end };
    const answer = await withTimeLimit(limit, (signal) => server.isReady(signal));
    return answer.kind === 'done' && answer.value;
  }
}

const lookLimitMs = 5000;
const never = new AbortController().signal;
