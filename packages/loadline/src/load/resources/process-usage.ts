import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type Clock, sleep } from '../../base/index.ts';

/** A process whose CPU and memory are of interest, with all its descendants. */
export interface WatchedProcess {
  readonly name: string;
  readonly pid: number;
}

/** What a process and its descendants used while they were watched. */
export interface ProcessUsage {
  readonly name: string;
  /** CPU time over elapsed time; 1 is one core. */
  readonly cpuRatioMean: number;
  readonly cpuRatioMax: number;
  /**
   * Memory of its own, plus the largest shared part once: a database's processes all map the same buffers,
   * and adding those up would count them many times.
   */
  readonly memoryBytesMax: number;
  /** Whether it was there at every sample. */
  readonly wasThere: boolean;
}

export interface ProcessWatch extends AsyncDisposable {
  /** Takes a last sample and ends the watch. Stopping again gives the same. */
  stop(): Promise<ProcessUsage[]>;
}

/**
 * Samples processes of this machine once a second, on Linux from /proc and elsewhere from `ps`.
 * What cannot be read is shown as not there, never as zero load.
 */
export async function watchProcesses(
  clock: Clock,
  watched: readonly WatchedProcess[],
): Promise<ProcessWatch> {
  const samples: ProcessSample[] = [await takeSample(clock)];
  const controller = new AbortController();
  const loop = (async () => {
    while (!controller.signal.aborted) {
      await sleep(clock, 1000, controller.signal).catch(() => undefined);
      samples.push(await takeSample(clock));
      if (samples.length > samplesMax) samples.splice(1, 1);
    }
  })();
  const stop = async (): Promise<ProcessUsage[]> => {
    controller.abort();
    await loop;
    const roots = new Set(watched.map((each) => each.pid));
    return watched.map((each) => usageOf(each, samples, roots));
  };
  return {
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

/** An hour at one a second; then the second-oldest goes, since means need only the first and the last. */
const samplesMax = 3600;

/** All processes of the machine at one moment. */
export interface ProcessSample {
  readonly atMs: number;
  readonly processes: ReadonlyMap<number, ProcessState>;
}

export interface ProcessState {
  readonly parent: number;
  /** User and system time since its start. */
  readonly cpuMs: number;
  readonly ownBytes: number;
  readonly sharedBytes: number;
}

/**
 * What a process tree used between samples. Pure.
 *
 * @param roots every process that is watched: a descendant among them counts for itself.
 */
export function usageOf(
  { name, pid }: WatchedProcess,
  samples: readonly ProcessSample[],
  roots: ReadonlySet<number>,
): ProcessUsage {
  const trees = samples.map((sample) => ({ atMs: sample.atMs, tree: treeOf(pid, sample.processes, roots) }));
  const shares = trees.slice(1).flatMap((later, index) => {
    const earlier = trees[index] as (typeof trees)[number];
    const elapsedMs = later.atMs - earlier.atMs;
    return elapsedMs > 0 ? [{ elapsedMs, cpuMs: cpuBetween(earlier.tree, later.tree) }] : [];
  });
  const elapsedMs = shares.reduce((sum, share) => sum + share.elapsedMs, 0);
  const cpuMs = shares.reduce((sum, share) => sum + share.cpuMs, 0);
  // A share over a few milliseconds is mostly the clock tick's rounding, and no peak.
  const peaks = shares
    .filter((share) => share.elapsedMs >= 500)
    .map((share) => share.cpuMs / share.elapsedMs);
  const cpuRatioMean = elapsedMs === 0 ? 0 : cpuMs / elapsedMs;
  return {
    name,
    cpuRatioMean,
    cpuRatioMax: Math.max(cpuRatioMean, ...peaks),
    memoryBytesMax: Math.max(0, ...trees.map(({ tree }) => memoryOf(tree))),
    wasThere: trees.every(({ tree }) => tree.size > 0),
  };
}

function treeOf(
  root: number,
  processes: ReadonlyMap<number, ProcessState>,
  roots: ReadonlySet<number>,
): Map<number, ProcessState> {
  const tree = new Map<number, ProcessState>();
  const rootState = processes.get(root);
  if (rootState === undefined) return tree;
  tree.set(root, rootState);
  for (let grew = true; grew; ) {
    grew = false;
    for (const [pid, state] of processes) {
      if (tree.has(pid) || roots.has(pid) || !tree.has(state.parent)) continue;
      tree.set(pid, state);
      grew = true;
    }
  }
  return tree;
}

/** A process that came in between counts with all it has used; one that went has taken its share along. */
function cpuBetween(
  earlier: ReadonlyMap<number, ProcessState>,
  later: ReadonlyMap<number, ProcessState>,
): number {
  let cpuMs = 0;
  for (const [pid, state] of later) cpuMs += Math.max(0, state.cpuMs - (earlier.get(pid)?.cpuMs ?? 0));
  return cpuMs;
}

function memoryOf(tree: ReadonlyMap<number, ProcessState>): number {
  let own = 0;
  let shared = 0;
  for (const state of tree.values()) {
    own += state.ownBytes;
    shared = Math.max(shared, state.sharedBytes);
  }
  return own + shared;
}

/** A look that fails finds nobody, and so shows in `wasThere`; it must not end the run that it watches. */
async function takeSample(clock: Clock): Promise<ProcessSample> {
  const read = process.platform === 'linux' ? readProc : readPs;
  const processes = await read().catch(() => new Map<number, ProcessState>());
  return { atMs: clock.monotonicMs(), processes };
}

async function readProc(): Promise<Map<number, ProcessState>> {
  const processes = new Map<number, ProcessState>();
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  await Promise.all(
    pids.map(async (pid) => {
      try {
        const [stat, status] = await Promise.all([
          readFile(`/proc/${pid}/stat`, 'utf8'),
          readFile(`/proc/${pid}/status`, 'utf8'),
        ]);
        processes.set(Number(pid), parseProcEntry(stat, status));
      } catch {
        // It ended while it was being read.
      }
    }),
  );
  return processes;
}

/** Linux counts CPU time in hundredths of a second for every program that asks (USER_HZ). */
const tickMs = 10;

/** One process from /proc/PID/stat and /proc/PID/status (proc(5)). Pure. */
export function parseProcEntry(stat: string, status: string): ProcessState {
  // The command in parentheses may hold anything, so fields are counted from the last one that closes.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
  return {
    parent: Number(fields[1]),
    cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs,
    ownBytes: kilobytes('RssAnon') * 1024,
    sharedBytes: (kilobytes('RssFile') + kilobytes('RssShmem')) * 1024,
  };
}

async function readPs(): Promise<Map<number, ProcessState>> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,rss=,time='], {
    maxBuffer: 16_000_000,
  });
  return parsePs(stdout);
}

/** All processes from `ps -A -o pid=,ppid=,rss=,time=`, where `time` is `[[DD-]HH:]MM:SS[.cc]`. Pure. */
export function parsePs(text: string): Map<number, ProcessState> {
  const processes = new Map<number, ProcessState>();
  for (const line of text.split('\n')) {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)\s*$/.exec(line);
    if (match === null) continue;
    const [, pid, parent, rss, days = 0, hours = 0, minutes, seconds] = match;
    const cpuMs =
      (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
    processes.set(Number(pid), {
      parent: Number(parent),
      cpuMs,
      ownBytes: Number(rss) * 1024,
      sharedBytes: 0,
    });
  }
  return processes;
}
