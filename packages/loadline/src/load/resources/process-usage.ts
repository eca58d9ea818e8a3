import { type Clock, pause } from '../../base/index.ts';
import { readProc } from './proc.ts';
import { memoryOf, type ProcessState, treeOf } from './process-tree.ts';
import { readPs } from './ps.ts';

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
  /** What a tree shares counts once. */
  readonly memoryBytesMax: number;
  /** Whether it was there at every sample. */
  readonly wasThere: boolean;
}

/** A watch that runs until it is stopped, or disposed of. */
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
      await pause(clock, 1000, controller.signal);
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
    memoryBytesMax: Math.max(0, ...trees.map(({ tree }) => memoryOf(tree.values()))),
    wasThere: trees.every(({ tree }) => tree.size > 0),
  };
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

/** A look that fails finds nobody, and so shows in `wasThere`; it must not end the run that it watches. */
async function takeSample(clock: Clock): Promise<ProcessSample> {
  const reading: Promise<Map<number, ProcessState>> = process.platform === 'linux' ? readProc() : readPs();
  const processes = await reading.catch(() => new Map<number, ProcessState>());
  return { atMs: clock.monotonicMs(), processes };
}
