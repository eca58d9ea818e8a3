import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type Clock, sleep, whyNotStarted } from '../../base/index.ts';

/** A process that runs, whether we have started it or have found it. */
export interface RunningProcess {
  /** Undefined where it could not be started. */
  readonly pid: number | undefined;
  readonly port: number;
  /** How it ended, for people. Never rejects. */
  readonly ended: Promise<string>;
  /** Asks it to end what it has. */
  terminate(): void;
  /** Ends it and what it has started, at once. Where it is gone already there is nothing to do. */
  killAll(): void;
}

export interface SpawnOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string | undefined;
  readonly port: number;
  readonly stdio: StdioOptions;
}

/** Starts one, and gives what it writes, where that comes through a pipe, to `onOutput`. */
export function spawnProcess(options: SpawnOptions, onOutput: (text: string) => void): RunningProcess {
  const { command, args, environment, cwd, port, stdio } = options;
  const child = spawn(command, [...args], {
    env: environment,
    stdio,
    // In a process group of its own, so that a terminal's Ctrl-C reaches us alone and we can drain it.
    detached: true,
    ...(cwd === undefined ? {} : { cwd }),
  });
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', onOutput);
  return {
    pid: child.pid,
    port,
    ended: endOf(child, options),
    terminate: () => void child.kill('SIGTERM'),
    killAll: () => killGroup(child.pid, () => child.kill('SIGKILL')),
  };
}

/** How a child ended, or why it could not be started, for people. */
function endOf(child: ChildProcess, { command, cwd }: SpawnOptions): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(whyNotStarted(error, { command, folder: cwd })));
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `exited with ${code}` : `was ended by ${signal}`),
    );
  });
}

/** What tells a process from all others that the machine has had since it was started. */
export interface ProcessMark {
  readonly pid: number;
  /** When it was started, in the words of the system. */
  readonly startMark: string;
}

const lookEveryMs = 250;

/** Takes up a process that another driver has started; undefined where it has ended, or the number is another's now. */
export function adoptProcess(mark: ProcessMark, port: number, clock: Clock): RunningProcess | undefined {
  const { pid, startMark } = mark;
  const isThere = (): boolean => startMarkOf(pid) === startMark;
  if (!isThere()) return undefined;
  // Nobody but its parent is told how a process ends, so it is looked for.
  const untilGone = async (): Promise<string> => {
    while (isThere()) await sleep(clock, lookEveryMs);
    return 'ended';
  };
  return {
    pid,
    port,
    ended: untilGone(),
    terminate: () => {
      if (isThere()) killOne(pid, 'SIGTERM');
    },
    killAll: () => killGroup(pid, () => isThere() && killOne(pid, 'SIGKILL')),
  };
}

/**
 * When a process was started, as Linux tells it; undefined where there is none of that number, where it has ended and
 * only waits to be noticed, and on systems that tell nothing.
 */
export function startMarkOf(pid: number): string | undefined {
  return statOf(pid)?.[19];
}

/** What a process has used of the processor, in milliseconds; undefined where `startMarkOf` knows nothing either. */
export function usedCpuMs(pid: number): number | undefined {
  const fields = statOf(pid);
  if (fields === undefined) return undefined;
  // In its own code and in the system's, each in ticks.
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

/** Linux counts a hundred ticks a second for everybody who asks here, whatever its own clock does (proc(5), USER_HZ). */
const tickMs = 10;

/** From the state of a process on; undefined where there is none. */
function statOf(pid: number): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // Its name stands in brackets and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields;
  } catch {
    return undefined;
  }
}

function killGroup(pid: number | undefined, otherwise: () => unknown): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // No group of that number, or a system without groups.
    otherwise();
  }
}

function killOne(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended between the look and the word.
  }
}
