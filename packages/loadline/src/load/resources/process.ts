import { countOpenFiles, readProcTree } from './proc.ts';
import { memoryOf, type ProcessState, treeOf } from './process-tree.ts';
import { readPs } from './ps.ts';
import type { Reading, ResourceProbe } from './resource.ts';

/**
 * Looks at a process of this machine and its descendants: on Linux in /proc, elsewhere by `ps`, which knows
 * CPU time and memory alone. Once the process has ended it is not found again, also where another one has its
 * number.
 */
export function createProcessProbe(pid: number, platform: NodeJS.Platform = process.platform): ResourceProbe {
  return {
    source: `process ${pid}`,
    sample: platform === 'linux' ? lookInProc(pid) : (signal) => lookWithPs(pid, signal),
    close: async () => undefined,
  };
}

function lookInProc(pid: number): () => Promise<readonly Reading[]> {
  let startedAt: number | undefined;
  let cpuMsBefore = 0;
  return async () => {
    const tree = await readProcTree(pid);
    const root = tree.get(pid);
    if (root === undefined && startedAt === undefined) throw new Error(absent);
    startedAt ??= root?.startedAt;
    if (root === undefined || root.hasEnded || root.startedAt !== startedAt) throw new Error('it has ended');
    const all = [...tree.values()];
    const openFiles = await Promise.all([...tree.keys()].map(countOpenFiles));
    // A parent has the time of children that are gone, so that no work is lost. One that went between the two
    // looks is in neither: rather no CPU time than one that leaps a second later.
    const cpuMs = all.reduce((sum, each) => sum + each.cpuMs + each.reapedCpuMs, 0);
    const hasFallen = cpuMs < cpuMsBefore;
    cpuMsBefore = cpuMs;
    return [
      ...(hasFallen ? [] : [cpu(cpuMs)]),
      memory(all),
      count(
        'threads',
        all.map(({ threads }) => threads),
      ),
      ...(openFiles.includes(undefined) ? [] : [count('open files', openFiles as number[])]),
    ];
  };
}

async function lookWithPs(pid: number, signal: AbortSignal): Promise<readonly Reading[]> {
  const all = [...treeOf(pid, await readPs(signal)).values()];
  if (all.length === 0) throw new Error(absent);
  return [cpu(all.reduce((sum, each) => sum + each.cpuMs, 0)), memory(all)];
}

const absent = 'there is no such process';

function cpu(cpuMs: number): Reading {
  return { name: 'cpu', unit: 'ratio', kind: 'counter', value: cpuMs / 1000 };
}

function memory(processes: Iterable<ProcessState>): Reading {
  return { name: 'memory', unit: 'bytes', kind: 'gauge', value: memoryOf(processes) };
}

function count(name: string, values: readonly number[]): Reading {
  return { name, unit: 'count', kind: 'gauge', value: values.reduce((sum, value) => sum + value, 0) };
}
