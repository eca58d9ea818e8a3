import { closeSync } from 'node:fs';
import { type Clock, formatDuration } from '../../base/index.ts';
import type { Quota } from '../driver.ts';
import type { CpuGroups } from './cpu-groups.ts';
import type { InstanceRecord } from './fleet-record.ts';
import type { InstanceKind, InstanceTiming, RunningUnit } from './instance-kind.ts';
import { LastLines } from './last-lines.ts';
import { OutputFile } from './output-file.ts';
import { findFreePort, untilReady, untilSilent } from './ready-check.ts';
import {
  adoptProcess,
  type RunningProcess,
  spawnProcess,
  startMarkOf,
  usedCpuMs,
} from './running-process.ts';
import type { QuotaWish, ServiceCommand } from './service-command.ts';
import { tellingLine } from './telling-line.ts';

/** A process as a unit, with what tells it from all others. */
export interface ProcessUnit extends RunningUnit {
  readonly pid: number | undefined;
  readonly startMark: string | undefined;
}

export interface ProcessKindOptions {
  readonly id: string;
  readonly service: ServiceCommand;
  readonly clock: Clock;
  /** A file that its output goes to, so that it can go on without us; through a pipe where absent. */
  readonly outputFile?: string | undefined;
  readonly quota: ProcessQuota | undefined;
}

/** How each process of a service is kept to its share. */
export interface ProcessQuota {
  readonly described: Quota;
  readonly groups: CpuGroups | undefined;
}

/** One instance of a service as processes of this machine, one after the other. */
export class ProcessKind implements InstanceKind<ProcessUnit> {
  readonly output: LastLines | OutputFile;
  readonly timing: InstanceTiming;
  readonly #options: ProcessKindOptions;
  /** Why the one that runs could not be put where it is held to its share. */
  #unheld: string | undefined;

  constructor(options: ProcessKindOptions) {
    this.#options = options;
    const { outputFile, service } = options;
    this.output = outputFile === undefined ? new LastLines() : new OutputFile(outputFile);
    this.timing = {
      drainGraceMs: service.drainGraceMs ?? 30_000,
      restartDelayMs: service.restartDelayMs ?? 1000,
      restartDelayMsMax: service.restartDelayMsMax ?? 60_000,
      stableMs: service.stableMs ?? 60_000,
    };
  }

  get log(): string | undefined {
    return this.output instanceof OutputFile ? this.output.path : undefined;
  }

  /** Of a pipe, what was written last may come after the end. */
  lastLine(): string | undefined {
    if (!(this.output instanceof OutputFile)) return undefined;
    try {
      return tellingLine(this.output.latestLines);
    } catch {
      // No file is left to be had: the crash is told without its words.
      return undefined;
    }
  }

  async start(stop: AbortSignal): Promise<ProcessUnit | undefined> {
    const { command, args = [], environment, cwd, portVariable = 'PORT' } = this.#options.service;
    const port = await findFreePort();
    if (stop.aborted) return undefined;
    const { output } = this;
    const own = { ...this.#admission(), [portVariable]: String(port) };
    const options = { command, args, environment: { ...environment, ...own }, cwd, port };
    if (output instanceof LastLines)
      return this.#started(
        spawnProcess({ ...options, stdio: ['ignore', 'pipe', 'pipe'] }, (text) => output.write(text)),
      );
    const file = output.open();
    try {
      return await this.#started(
        spawnProcess({ ...options, stdio: ['ignore', file, file] }, () => undefined),
      );
    } finally {
      closeSync(file);
    }
  }

  async #started(running: RunningProcess): Promise<ProcessUnit> {
    if (running.pid === undefined) throw new Error(await running.ended);
    return this.#unitOf(running);
  }

  /** What a driver before us has written down; undefined where it has ended meanwhile. */
  adopt({ running }: InstanceRecord): ProcessUnit | undefined {
    const found = running && adoptProcess(running, running.port, this.#options.clock);
    return found && this.#unitOf(found);
  }

  async untilReady(unit: ProcessUnit, signal: AbortSignal): Promise<string | undefined> {
    const { readyTimeoutMs = 30_000 } = this.#options.service;
    if (this.#unheld !== undefined) return this.#unheld;
    const verdict = await untilReady({ ...this.#checkOf(unit, signal), timeoutMs: readyTimeoutMs });
    if (verdict === 'too late') return `was not ready within ${formatDuration(readyTimeoutMs)}`;
    return verdict === 'ready' ? this.#holdToShare() : undefined;
  }

  async untilBroken(unit: ProcessUnit, signal: AbortSignal): Promise<string | undefined> {
    const { hangAfterMs = 60_000 } = this.#options.service;
    const verdict = await untilSilent({ ...this.#checkOf(unit, signal), hangAfterMs });
    return verdict === 'silent' ? `gave no answer for ${formatDuration(hangAfterMs)}` : undefined;
  }

  /** Nothing of it runs any more. */
  close(): void {
    this.#options.quota?.groups?.remove(this.#options.id);
  }

  #checkOf({ url }: ProcessUnit, signal: AbortSignal): { clock: Clock; url: URL; signal: AbortSignal } {
    const { clock, service } = this.#options;
    return { clock, url: new URL(service.readyPath ?? '/health/ready', url), signal };
  }

  #admission(): Readonly<Record<string, string>> {
    const { quota, service } = this.#options;
    const variable = service.quota?.otherwise?.variable;
    if (quota?.described.by !== 'admission' || variable === undefined) return {};
    return { [variable]: String(quota.described.requestsAtOnce) };
  }

  /** What is wrong where it cannot be held to its share: it would take that of others. */
  #holdToShare(): string | undefined {
    const { id, service, quota } = this.#options;
    return attempt(() => service.quota && quota?.groups?.limit(id, service.quota.cores));
  }

  /** Whoever throws here would leave a process behind that nobody knows of: it is told, and ended, as what is wrong with it. */
  #place(pid: number): void {
    const { id, service, quota } = this.#options;
    this.#unheld = attempt(() => service.quota && quota?.groups?.place(id, pid, startCoresOf(service.quota)));
  }

  #unitOf(running: RunningProcess): ProcessUnit {
    const { pid, port } = running;
    if (pid !== undefined) this.#place(pid);
    return {
      pid,
      port,
      host: '127.0.0.1',
      url: `http://127.0.0.1:${port}`,
      startMark: pid === undefined ? undefined : startMarkOf(pid),
      ended: running.ended,
      cpuMs: () => (pid === undefined ? undefined : usedCpuMs(pid)),
      terminate: () => running.terminate(),
      kill: () => running.killAll(),
    };
  }
}

function startCoresOf({ cores, startCores = Math.max(1, cores) }: QuotaWish): number {
  return startCores;
}

/** Why it came to nothing; undefined where it did not. */
function attempt(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return `could not be held to its share of the CPU (${(error as Error).message})`;
  }
}
