import { type Clock, formatDuration, sleep, withTimeLimit } from '../../base/index.ts';
import type { InstanceKind, InstanceTiming, RunningUnit } from './managed-instance.ts';

/** How servers of one group are started and stopped by somebody else: replicas of a database, machines of a cloud. */
export interface GivenServers {
  /**
   * Starts one, and resolves when it runs. What it throws is told as the reason, and tried again later. Whoever heeds the signal
   * leaves nothing behind; one that comes nevertheless is stopped.
   */
  readonly start: (id: string, signal: AbortSignal) => Promise<GivenServer>;
  /** Of the group; more are refused. Default 16. */
  readonly replicasMax?: number;
  /** After that it counts as crashed. Default 120,000: a copy of a database takes its time. */
  readonly readyTimeoutMs?: number;
  /** From one look at it to the next. Default 1,000 until it is ready, and five times that from then on. */
  readonly lookMs?: number;
  /** Without a good look for so long, it is stopped and started anew. Default 60,000. */
  readonly hangAfterMs?: number;
  /** For leaving the traffic, and then again from `stop()` to `kill()`. Default 30,000. */
  readonly drainGraceMs?: number;
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

/** Servers that are started and stopped by what was given. */
export class GivenKind implements InstanceKind<GivenUnit> {
  readonly timing: InstanceTiming;
  readonly #id: string;
  readonly #given: GivenServers;
  readonly #clock: Clock;

  constructor(id: string, given: GivenServers, clock: Clock) {
    this.#id = id;
    this.#given = given;
    this.#clock = clock;
    const { drainGraceMs = 30_000, restartDelayMs = 5000 } = given;
    this.timing = { drainGraceMs, restartDelayMs, restartDelayMsMax: 300_000, stableMs: 60_000 };
  }

  async start(stop: AbortSignal): Promise<GivenUnit> {
    const server = await this.#given.start(this.#id, stop);
    const { host, port, url, ended } = server;
    const end = ended.catch((error: unknown) => `ended (${error instanceof Error ? error.message : error})`);
    return { host, port, url, server, ended: end, terminate: () => server.stop(), kill: () => server.kill() };
  }

  async untilReady({ server }: GivenUnit, signal: AbortSignal): Promise<string | undefined> {
    const { readyTimeoutMs = 120_000, lookMs = 1000 } = this.#given;
    const endMs = this.#clock.monotonicMs() + readyTimeoutMs;
    while (this.#clock.monotonicMs() < endMs) {
      const isReady = await this.#look(server, signal);
      if (isReady || signal.aborted) return undefined;
      await sleep(this.#clock, lookMs, signal).catch(() => undefined);
    }
    return `was not ready within ${formatDuration(readyTimeoutMs)}`;
  }

  async untilBroken({ server }: GivenUnit, signal: AbortSignal): Promise<string | undefined> {
    const { hangAfterMs = 60_000, lookMs = 1000 } = this.#given;
    let goodAtMs = this.#clock.monotonicMs();
    for (;;) {
      await sleep(this.#clock, lookMs * 5, signal).catch(() => undefined);
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
