import { type ChildProcess, spawn } from 'node:child_process';
import { type Clock, formatDuration, sleep } from '../../base/index.ts';
import type { Instance, InstanceState } from './driver.ts';
import { LastLines } from './last-lines.ts';
import { findFreePort, untilReady } from './ready-check.ts';

/** How one instance of a service is run. */
export interface ServiceCommand {
  readonly command: string;
  readonly args?: readonly string[];
  /** The whole environment of the process, beside PORT; nothing is inherited that is not named here. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Where it says by 200 that it takes requests. Default `/health/ready`. */
  readonly readyPath?: string;
  /** After that it counts as crashed. Default 30,000. */
  readonly readyTimeoutMs?: number;
  /** From SIGTERM, for ending what it has, until SIGKILL. Default 30,000. */
  readonly drainGraceMs?: number;
  /** Before the first new start after a crash; twice as long after each further one. Default 1,000. */
  readonly restartDelayMs?: number;
  /** Where doubling ends. Default 60,000. */
  readonly restartDelayMsMax?: number;
  /** Who was ready for that long has left its crashes behind. Default 60,000. */
  readonly stableMs?: number;
}

/**
 * One instance on this machine, started again whenever it ends by itself:
 *
 *     starting ─▸ ready ─▸ draining ─▸ gone
 *        ▴ │        │
 *        │ ▾        ▾
 *        └ waiting ◂┘   crashed: each time it waits twice as long
 */
export class ManagedProcess {
  readonly id: string;
  /** Resolves when the process has ended and none will follow. */
  readonly gone: Promise<void>;
  readonly output: LastLines = new LastLines();
  readonly #service: ServiceCommand;
  readonly #clock: Clock;
  readonly #stopping = new AbortController();
  #state: InstanceState = 'starting';
  #sinceMs: number;
  #child: ChildProcess | undefined;
  #url: string | undefined;
  #restarts = 0;
  #crashesInRow = 0;
  #remark: string | undefined;

  constructor(id: string, service: ServiceCommand, clock: Clock) {
    this.id = id;
    this.#service = service;
    this.#clock = clock;
    this.#sinceMs = clock.now();
    this.gone = this.#live();
  }

  get state(): InstanceState {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** As others see it. */
  describe(): Instance {
    const known = {
      id: this.id,
      state: this.#state,
      url: this.#url,
      sinceMs: this.#sinceMs,
      restarts: this.#restarts,
    };
    return this.#remark === undefined ? known : { ...known, remark: this.#remark };
  }

  /** Asks it to end what it has and stop, and makes it stop when its time is over. Resolves when it is gone. */
  drain(): Promise<void> {
    if (!this.#stopping.signal.aborted) {
      this.#enter('draining');
      this.#stopping.abort();
      this.#child?.kill('SIGTERM');
      const timer = this.#clock.setTimer(() => killAll(this.#child), this.#service.drainGraceMs ?? 30_000);
      void this.gone.then(() => timer.cancel());
    }
    return this.gone;
  }

  async #live(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const startedMs = this.#clock.monotonicMs();
      const { end, readyForMs } = await this.#runOnce();
      if (signal.aborted) return;
      const { stableMs = 60_000 } = this.#service;
      this.#crashesInRow = readyForMs >= stableMs ? 1 : this.#crashesInRow + 1;
      const delayMs = this.#restartDelayMs();
      const livedMs = this.#clock.monotonicMs() - startedMs;
      this.#enter('waiting');
      this.#remark = `${end} after ${formatDuration(livedMs)}; starts again in ${formatDuration(delayMs)}`;
      const isWoken = await sleep(this.#clock, delayMs, signal).then(
        () => true,
        () => false,
      );
      if (!isWoken) return;
      this.#restarts++;
      this.#enter('starting');
    }
  }

  /** From the start of one process to its end. */
  async #runOnce(): Promise<{ end: string; readyForMs: number }> {
    const { signal } = this.#stopping;
    let child: ChildProcess;
    let url: string;
    try {
      const port = await findFreePort();
      if (signal.aborted) return { end: 'was not started', readyForMs: 0 };
      url = `http://127.0.0.1:${port}`;
      child = this.#spawn(port);
    } catch (error) {
      // No file or no process is left to be had; that passes, so it is a crash like others.
      return { end: `could not be started (${(error as Error).message})`, readyForMs: 0 };
    }
    this.#url = url;
    this.#child = child;
    const settled = new AbortController();
    const end = endOf(child).finally(() => settled.abort());
    const { readyPath = '/health/ready', readyTimeoutMs = 30_000 } = this.#service;
    const verdict = await untilReady({
      clock: this.#clock,
      url: new URL(readyPath, url),
      timeoutMs: readyTimeoutMs,
      signal: AbortSignal.any([settled.signal, signal]),
    });
    const readyAtMs = this.#clock.monotonicMs();
    if (verdict === 'ready') this.#enter('ready');
    if (verdict === 'too late') killAll(child);
    const said = await end;
    // What a crashed parent leaves behind would keep its port, and be nobody's.
    killAll(child);
    this.#child = undefined;
    this.#url = undefined;
    if (verdict === 'too late')
      return { end: `was not ready within ${formatDuration(readyTimeoutMs)}`, readyForMs: 0 };
    return { end: said, readyForMs: verdict === 'ready' ? this.#clock.monotonicMs() - readyAtMs : 0 };
  }

  #spawn(port: number): ChildProcess {
    const { command, args = [], environment, cwd } = this.#service;
    const child = spawn(command, [...args], {
      env: { ...environment, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
      // In a process group of its own, so that a terminal's Ctrl-C reaches us alone and we can drain it.
      detached: true,
      ...(cwd === undefined ? {} : { cwd }),
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => this.output.write(text));
    }
    return child;
  }

  #restartDelayMs(): number {
    const { restartDelayMs = 1000, restartDelayMsMax = 60_000 } = this.#service;
    return Math.min(restartDelayMsMax, restartDelayMs * 2 ** (this.#crashesInRow - 1));
  }

  #enter(state: InstanceState): void {
    if (this.#stopping.signal.aborted && state !== 'draining') return;
    this.#state = state;
    this.#sinceMs = this.#clock.now();
    this.#remark = undefined;
  }
}

/** How a process ended, for people. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not be started (${error.message})`));
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `exited with ${code}` : `was ended by ${signal}`),
    );
  });
}

/** The process and what it has started, by its group; where it is gone already there is nothing to do. */
function killAll(child: ChildProcess | undefined): void {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // No group of that number, or a system without groups.
    child.kill('SIGKILL');
  }
}
