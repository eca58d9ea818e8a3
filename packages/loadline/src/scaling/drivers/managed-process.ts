import { closeSync } from 'node:fs';
import { type Clock, formatDuration, sleep } from '../../base/index.ts';
import type { Instance, InstanceState } from '../driver.ts';
import type { InstanceRecord } from './fleet-record.ts';
import { LastLines } from './last-lines.ts';
import { OutputFile } from './output-file.ts';
import { findFreePort, untilReady, untilSilent } from './ready-check.ts';
import { adoptProcess, type RunningProcess, spawnProcess, startMarkOf } from './running-process.ts';

/** How one instance of a service is run. */
export interface ServiceCommand {
  readonly command: string;
  readonly args?: readonly string[];
  /** The whole environment of the process, beside its port; nothing is inherited that is not named here. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** The variable by which it is told its port. Default `PORT`. */
  readonly portVariable?: string;
  /** Where it says by 200 that it takes requests. Default `/health/ready`. */
  readonly readyPath?: string;
  /** After that it counts as crashed. Default 30,000. */
  readonly readyTimeoutMs?: number;
  /** Ready once, and then without any answer there for so long, it is killed and started again. Default 60,000. */
  readonly hangAfterMs?: number;
  /** From SIGTERM, for ending what it has, until SIGKILL. Default 30,000. */
  readonly drainGraceMs?: number;
  /** Before the first new start after a crash; twice as long after each further one. Default 1,000. */
  readonly restartDelayMs?: number;
  /** Where doubling ends. Default 60,000. */
  readonly restartDelayMsMax?: number;
  /** Who was ready for that long has left its crashes behind. Default 60,000. */
  readonly stableMs?: number;
}

export interface ManagedProcessOptions {
  readonly id: string;
  readonly service: ServiceCommand;
  readonly clock: Clock;
  /** A file that its output goes to, so that it can go on without us; through a pipe where absent. */
  readonly outputFile?: string | undefined;
  /** What a driver before us has written down of it. */
  readonly found?: InstanceRecord | undefined;
  /** Another process runs now, or none. */
  readonly onChange?: () => void;
}

/**
 * One instance on this machine, started again whenever it ends by itself or hangs:
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
  readonly output: LastLines | OutputFile;
  readonly #service: ServiceCommand;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #stopping = new AbortController();
  #state: InstanceState = 'starting';
  #sinceMs: number;
  #running: RunningProcess | undefined;
  #startMark: string | undefined;
  #restarts: number;
  #crashesInRow = 0;
  #remark: string | undefined;

  constructor({ id, service, clock, outputFile, found, onChange }: ManagedProcessOptions) {
    this.id = id;
    this.output = outputFile === undefined ? new LastLines() : new OutputFile(outputFile);
    this.#service = service;
    this.#clock = clock;
    this.#onChange = onChange ?? (() => undefined);
    this.#sinceMs = clock.now();
    this.#restarts = found?.restarts ?? 0;
    const running = found?.running;
    this.gone = this.#live(running && adoptProcess(running, running.port, clock));
  }

  get state(): InstanceState {
    return this.#state;
  }

  /** For a driver after us. */
  get record(): InstanceRecord {
    const { pid, port } = this.#running ?? {};
    const startMark = this.#startMark;
    const isKnown = pid !== undefined && port !== undefined && startMark !== undefined;
    return {
      id: this.id,
      restarts: this.#restarts,
      running: isKnown ? { pid, port, startMark } : undefined,
    };
  }

  /** As others see it. */
  describe(): Instance {
    const known = {
      id: this.id,
      state: this.#state,
      url: this.#running === undefined ? undefined : urlOf(this.#running),
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
      this.#running?.terminate();
      const timer = this.#clock.setTimer(
        () => this.#running?.killAll(),
        this.#service.drainGraceMs ?? 30_000,
      );
      void this.gone.then(() => timer.cancel());
    }
    return this.gone;
  }

  async #live(adopted: RunningProcess | undefined): Promise<void> {
    const { signal } = this.#stopping;
    let found = adopted;
    while (!signal.aborted) {
      const startedMs = this.#clock.monotonicMs();
      const { end, readyForMs } = await this.#runOnce(found);
      found = undefined;
      if (signal.aborted) return;
      const { stableMs = 60_000 } = this.#service;
      this.#crashesInRow = readyForMs >= stableMs ? 1 : this.#crashesInRow + 1;
      const delayMs = this.#restartDelayMs();
      const livedMs = this.#clock.monotonicMs() - startedMs;
      this.#enter('waiting');
      const where = this.output instanceof OutputFile ? `; what it wrote is in ${this.output.name}` : '';
      this.#remark = `${end} after ${formatDuration(livedMs)}; starts again in ${formatDuration(delayMs)}${where}`;
      const isWoken = await sleep(this.#clock, delayMs, signal).then(
        () => true,
        () => false,
      );
      if (!isWoken) return;
      this.#restarts++;
      this.#enter('starting');
    }
  }

  /** From the start of one process, or from when it was found, to its end. */
  async #runOnce(found: RunningProcess | undefined): Promise<{ end: string; readyForMs: number }> {
    let running: RunningProcess | undefined;
    try {
      running = found ?? (await this.#start());
    } catch (error) {
      // No file or no process is left to be had; that passes, so it is a crash like others.
      return { end: `could not be started (${(error as Error).message})`, readyForMs: 0 };
    }
    if (running === undefined) return { end: 'was not started', readyForMs: 0 };
    this.#take(running);
    const settled = new AbortController();
    const end = running.ended.finally(() => settled.abort());
    const { flaw, readyForMs } = await this.#watch(running, settled.signal);
    if (flaw !== undefined) running.killAll();
    const said = await end;
    // What a crashed parent leaves behind would keep its port, and be nobody's.
    running.killAll();
    this.#take(undefined);
    return { end: flaw ?? said, readyForMs };
  }

  /** Looks at it from its start to its end. A flaw is a reason to end it. */
  async #watch(
    running: RunningProcess,
    ended: AbortSignal,
  ): Promise<{ flaw: string | undefined; readyForMs: number }> {
    const { readyPath = '/health/ready', readyTimeoutMs = 30_000, hangAfterMs = 60_000 } = this.#service;
    const signal = AbortSignal.any([ended, this.#stopping.signal]);
    const check = { clock: this.#clock, url: new URL(readyPath, urlOf(running)), signal };
    const verdict = await untilReady({ ...check, timeoutMs: readyTimeoutMs });
    if (verdict === 'too late')
      return { flaw: `was not ready within ${formatDuration(readyTimeoutMs)}`, readyForMs: 0 };
    if (verdict === 'given up') return { flaw: undefined, readyForMs: 0 };
    this.#enter('ready');
    const readyAtMs = this.#clock.monotonicMs();
    const isSilent = (await untilSilent({ ...check, hangAfterMs })) === 'silent';
    return {
      flaw: isSilent ? `gave no answer for ${formatDuration(hangAfterMs)}` : undefined,
      readyForMs: this.#clock.monotonicMs() - readyAtMs,
    };
  }

  /** Undefined where it is to stop before it was started. */
  async #start(): Promise<RunningProcess | undefined> {
    const { command, args = [], environment, cwd, portVariable = 'PORT' } = this.#service;
    const port = await findFreePort();
    if (this.#stopping.signal.aborted) return undefined;
    const { output } = this;
    const options = {
      command,
      args,
      environment: { ...environment, [portVariable]: String(port) },
      cwd,
      port,
    };
    if (output instanceof LastLines) {
      return spawnProcess({ ...options, stdio: ['ignore', 'pipe', 'pipe'] }, (text) => output.write(text));
    }
    const file = output.open();
    try {
      return spawnProcess({ ...options, stdio: ['ignore', file, file] }, () => undefined);
    } finally {
      closeSync(file);
    }
  }

  #take(running: RunningProcess | undefined): void {
    this.#running = running;
    this.#startMark = running?.pid === undefined ? undefined : startMarkOf(running.pid);
    this.#onChange();
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

function urlOf({ port }: RunningProcess): string {
  return `http://127.0.0.1:${port}`;
}
