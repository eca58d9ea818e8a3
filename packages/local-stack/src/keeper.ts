import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isLoadlineError, systemClock } from 'loadline/base';
import { localStackError } from './errors.ts';
import {
  type Command,
  type Ending,
  type KeeperTask,
  keeperLimitMs,
  type Order,
  type Report,
} from './keeper-protocol.ts';

/** A program that the keeper has started. */
export interface KeptProcess {
  readonly pid: number;
  /** Settles when it has ended, for whatever reason. */
  readonly ended: Promise<Ending>;
  /** Ends it in order, or by force after its limit; resolves when it has ended. */
  end(): Promise<Ending>;
}

interface Pending {
  readonly started: PromiseWithResolvers<number>;
  readonly ended: PromiseWithResolvers<Ending>;
}

/** The caller's end of the keeper: a process of its own that starts the servers and outlives the caller. */
export class Keeper {
  readonly #child: ChildProcess;
  readonly #programs = new Map<number, Pending>();
  readonly #gone: Promise<void>;
  #nextId = 1;
  #isGone = false;

  constructor(task: KeeperTask, logPath: string) {
    const log = openSync(logPath, 'a', 0o644);
    // No NODE_OPTIONS and no execArgv: neither a debugger's port nor a loader of the caller is for the keeper.
    const { NODE_OPTIONS: _, ...env } = process.env;
    const program = fileURLToPath(new URL(`./keeper-main${extname(import.meta.url)}`, import.meta.url));
    this.#child = fork(program, [JSON.stringify(task)], {
      detached: true,
      env,
      execArgv: [],
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    const gone = Promise.withResolvers<void>();
    this.#gone = gone.promise;
    const lose = (): void => {
      this.#isGone = true;
      for (const program of this.#programs.values()) abandon(program);
      gone.resolve();
    };
    this.#child.on('message', (report: Report) => this.#hear(report));
    this.#child.on('error', lose);
    this.#child.on('exit', lose);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Starts a program.
   *
   * @throws LOCAL_STACK_SERVER_FAILED when it can't be executed, LOCAL_STACK_KEEPER_LOST.
   */
  async start(command: Command): Promise<KeptProcess> {
    const id = this.#nextId++;
    const program: Pending = { started: Promise.withResolvers(), ended: Promise.withResolvers() };
    program.ended.promise.catch(() => undefined); // Whoever waits is told; nobody has to wait.
    this.#programs.set(id, program);
    this.#send({ kind: 'start', id, command });
    if (this.#isGone) abandon(program);
    const pid = await program.started.promise.catch((error: unknown) => {
      this.#programs.delete(id);
      if (isLoadlineError(error)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw localStackError(
        'LOCAL_STACK_SERVER_FAILED',
        `Cannot start ${command.name}: ${reason}. Check that ${command.path} can be executed.`,
        { facts: { server: command.name, path: command.path }, cause: error },
      );
    });
    const ended = program.ended.promise;
    return {
      pid,
      ended,
      end: () => {
        this.#send({ kind: 'end', id });
        return ended;
      },
    };
  }

  /**
   * Stops every program, then the keeper itself; resolves when all have ended. A keeper that takes longer than its
   * limit is killed, and its record then says what still runs.
   */
  async stop(limitMs: number = keeperLimitMs): Promise<void> {
    this.#send({ kind: 'stop' });
    const killing = systemClock.setTimer(() => this.#child.kill('SIGKILL'), limitMs);
    await this.#gone;
    killing.cancel();
  }

  #send(order: Order): void {
    // An error here means that the keeper has just ended, which its exit tells to everybody who waits.
    if (this.#child.connected) this.#child.send(order, () => undefined);
  }

  #hear(report: Report): void {
    const program = this.#programs.get(report.id);
    if (program === undefined) return;
    if (report.kind === 'started') program.started.resolve(report.pid);
    if (report.kind === 'failed') program.started.reject(new Error(report.message));
    if (report.kind !== 'ended') return;
    this.#programs.delete(report.id);
    program.ended.resolve(report.ending);
  }
}

function abandon({ started, ended }: Pending): void {
  const lost = localStackError(
    'LOCAL_STACK_KEEPER_LOST',
    'The process that keeps the servers ended unexpectedly. Start the stack again: what still runs is stopped first.',
  );
  started.reject(lost);
  ended.reject(lost);
}
