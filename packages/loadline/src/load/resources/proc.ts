import { readdir, readFile, stat } from 'node:fs/promises';
import type { ProcessState } from './process-tree.ts';

/** What Linux tells of a process in /proc/PID/stat and /proc/PID/status (proc(5)). */
export interface ProcEntry extends ProcessState {
  /** User and system time of the children that ended and were waited for, and of theirs. */
  readonly reapedCpuMs: number;
  readonly threads: number;
  /** Clock ticks from the start of the machine to its own: tells two processes of one number apart. */
  readonly startedAt: number;
  /** Whether it has ended, and only its parent has not taken note. */
  readonly hasEnded: boolean;
}

/** Linux counts CPU time in hundredths of a second for every program that asks (USER_HZ). */
const tickMs = 10;

/** One process from its two files. Pure. */
export function parseProcEntry(statText: string, statusText: string): ProcEntry {
  // The command in parentheses may hold anything, so fields are counted from the last one that closes.
  const fields = statText.slice(statText.lastIndexOf(')') + 2).split(' ');
  const ticks = (from: number): number => (Number(fields[from]) + Number(fields[from + 1])) * tickMs;
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(statusText)?.[1] ?? 0);
  return {
    parent: Number(fields[1]),
    cpuMs: ticks(11),
    reapedCpuMs: ticks(13),
    ownBytes: kilobytes('RssAnon') * 1024,
    sharedBytes: (kilobytes('RssFile') + kilobytes('RssShmem')) * 1024,
    threads: Number(fields[17]),
    startedAt: Number(fields[19]),
    hasEnded: fields[0] === 'Z' || fields[0] === 'X',
  };
}

/** Looks at one process; undefined where it is not there, or no longer. */
async function readProcEntry(pid: number): Promise<ProcEntry | undefined> {
  try {
    const [statText, statusText] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/status`, 'utf8'),
    ]);
    return parseProcEntry(statText, statusText);
  } catch {
    return undefined;
  }
}

/** All processes of the machine. */
export async function readProc(): Promise<Map<number, ProcEntry>> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  return await readProcEntries(pids);
}

/**
 * A process and its descendants, for a tenth of what a look at all processes costs. Empty where it is not there.
 *
 * The kernel lists children by the thread that made them. Of a process with more than 64 threads only the first
 * is asked, which is the one that does, but in programs that make processes from any thread.
 */
export async function readProcTree(root: number): Promise<Map<number, ProcEntry>> {
  const tree = new Map<number, ProcEntry>();
  for (let pids = [root]; pids.length > 0 && tree.size < processesMax; ) {
    const entries = await readProcEntries(pids.filter((pid) => !tree.has(pid)));
    for (const [pid, entry] of entries) tree.set(pid, entry);
    pids = (
      await Promise.all(Array.from(entries, ([pid, { threads }]) => readChildren(pid, threads)))
    ).flat();
  }
  return tree;
}

/** How many files, sockets and pipes a process has open; undefined where that is none of our business. */
export async function countOpenFiles(pid: number): Promise<number | undefined> {
  const folder = `/proc/${pid}/fd`;
  try {
    // Since Linux 6.2 the folder's size is their number, which saves making 20,000 names to count them.
    return (await stat(folder)).size || (await readdir(folder)).length;
  } catch {
    return undefined;
  }
}

async function readProcEntries(pids: readonly number[]): Promise<Map<number, ProcEntry>> {
  const read = await Promise.all(pids.map(async (pid) => [pid, await readProcEntry(pid)] as const));
  return new Map(read.flatMap(([pid, entry]) => (entry === undefined ? [] : [[pid, entry]])));
}

async function readChildren(pid: number, threads: number): Promise<number[]> {
  try {
    const folder = `/proc/${pid}/task`;
    const threadIds = threads > threadsMax ? [pid] : await readdir(folder);
    const lists = await Promise.all(
      threadIds.map((thread) => readFile(`${folder}/${thread}/children`, 'utf8')),
    );
    return lists.join(' ').split(' ').filter(Boolean).map(Number);
  } catch {
    // It has ended, or this kernel was built without these lists.
    return [];
  }
}

const processesMax = 1000;
const threadsMax = 64;
