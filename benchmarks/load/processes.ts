/**
 * Processes on cores of their own, and what the kernel says of them. A tool may start further processes: its
 * CPU time and memory are those of its whole tree.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter } from 'node:path';

/** Where generators run, where targets run; both on the only core where there is one. */
export const cores: { readonly generator: number; readonly target: number } = twoCores();

export interface Command {
  /** `any` leaves the choice to the kernel. */
  readonly core: number | 'any';
  readonly command: string;
  readonly args: readonly string[];
  /** Besides this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** A channel for messages, for a module of ours. */
  readonly hasChannel?: boolean;
}

/** A process that was started here, and ends at the latest when it is disposed of, or this process ends. */
export interface Running extends AsyncDisposable {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Resolves when it has ended. */
  readonly ended: Promise<Ended>;
}

export interface Ended {
  /** Undefined where a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a command on a core. `taskset` becomes the command, so the process id is the command's own. */
export function start({ core, command, args, env, hasChannel = false }: Command): Running {
  const words = core === 'any' ? [command, ...args] : ['taskset', '-c', String(core), command, ...args];
  const child = spawn(words[0] as string, words.slice(1), {
    env: { ...process.env, PATH: searchPath, ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(hasChannel ? (['ipc'] as const) : [])],
    serialization: 'advanced',
  });
  alive.add(child);
  return { pid: child.pid ?? 0, child, ended: endOf(child), [Symbol.asyncDispose]: () => stop(child) };
}

/** All that this process starts from now on stays off the core of what is measured, but for what is put there. */
export function leaveTargetCore(): Disposable {
  const stay = (on: string): void => putOn(on, process.pid);
  stay(String(cores.generator));
  return { [Symbol.dispose]: () => stay(`${cores.generator},${cores.target}`) };
}

/** Has all threads of a process stay on these cores, and what it starts from now on. */
export function putOn(cpus: string, pid: number): void {
  execFileSync('taskset', ['-a', '-c', '-p', cpus, String(pid)], { stdio: 'ignore' });
}

/** Runs a command to its end, and fails where it exits with another code than these. */
export async function runToEnd(command: Command, codes: readonly number[] = [0]): Promise<Ended> {
  await using running = start(command);
  return checkEnded(command, await running.ended, codes);
}

export function checkEnded(command: Command, ended: Ended, codes: readonly number[]): Ended {
  if (ended.code !== undefined && codes.includes(ended.code)) return ended;
  const said = `${ended.stderr}${ended.stdout}`.trim().split('\n').slice(-10).join('\n');
  throw new Error(`Cannot measure: ${command.command} ended with ${ended.code ?? 'a signal'}.\n${said}`);
}

/** Milliseconds of CPU that a process and its descendants have used, in steps of 10 ms. */
export function cpuMsOf(pid: number): number {
  let ticks = 0;
  for (const each of treeOf(pid)) {
    // The name in brackets may hold anything; behind it the fields are numbered from 3.
    const fields = readProc(each, 'stat').split(') ').at(-1)?.split(' ') ?? [];
    ticks += Number(fields[14 - 3] ?? 0) + Number(fields[15 - 3] ?? 0);
  }
  return ticks * msPerTick;
}

/** Milliseconds for which the cores of the machine were at work, for whomever. */
export function busyMs(): number {
  // user, nice, system, idle, waiting for disks, interrupts, soft interrupts; the rest is other machines'.
  const [user, nice, system, , , hard, soft] = readFileSync('/proc/stat', 'utf8')
    .split(/\s+/)
    .slice(1, 8)
    .map(Number);
  return [user, nice, system, hard, soft].reduce<number>((sum, ticks = 0) => sum + ticks, 0) * msPerTick;
}

/** Resident bytes of a process and its descendants; what they share is counted once (Pss). */
export function residentBytesOf(pid: number): number {
  let kilobytes = 0;
  for (const each of treeOf(pid)) {
    kilobytes += Number(/^Pss:\s+(\d+) kB/m.exec(readProc(each, 'smaps_rollup'))?.[1] ?? 0);
  }
  return kilobytes * 1024;
}

function treeOf(pid: number): number[] {
  const children = readProc(pid, `task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(treeOf)];
}

/** Empty for a process that has just ended. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** Linux shows times in hundredths of a second, whatever it counts in. */
const msPerTick = 10;
const alive = new Set<ChildProcess>();
// Debian keeps servers where only root looks.
const searchPath = [process.env.PATH, '/usr/sbin', '/usr/local/sbin'].join(delimiter);

// nginx ends its workers only when it may end by itself.
process.on('exit', () => {
  for (const child of alive) child.kill('SIGTERM');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void Promise.all([...alive].map(stop)).then(() => process.exit(1));
  });
}

async function endOf(child: ChildProcess): Promise<Ended> {
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (piece: string) => {
      output[name] = (output[name] + piece).slice(-outputCharactersMax);
    });
  }
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return { code: code ?? undefined, ...output };
  } finally {
    alive.delete(child);
  }
}

const outputCharactersMax = 10_000_000;

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), 3000);
  await exited;
  clearTimeout(force);
}

function twoCores(): { generator: number; target: number } {
  if (!existsSync('/proc/self/status')) {
    throw new Error('Cannot measure: this benchmark needs Linux, for /proc and taskset.');
  }
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const numbers = allowed.split(',').flatMap((range) => {
    const [from, to = from] = range.split('-').map(Number) as [number, number?];
    return Array.from({ length: to - from + 1 }, (_, at) => from + at);
  });
  const [generator = 0, target = generator] = numbers.slice(0, availableParallelism());
  return { generator, target };
}
