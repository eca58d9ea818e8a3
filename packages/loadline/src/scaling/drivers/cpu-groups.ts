import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Control groups of this machine that keep what is in them to a share of the CPU. */
export interface CpuGroups {
  /** Puts a process, and whatever it starts from then on, into the group of this name. */
  place(name: string, pid: number, cores: number): void;
  /** Another share for what is in the group of this name. */
  limit(name: string, cores: number): void;
  /** Takes away a group that nothing is in any more; one that still has something is left to the next `findCpuGroups`. */
  remove(name: string): void;
  close(): void;
}

export interface CpuGroupsOptions {
  /** Where the system has its control groups. Default `/sys/fs/cgroup`. */
  readonly root?: string;
  /** Of this process: names a folder that no other driver of this machine uses. */
  readonly pid: number;
}

/** Short, so that a small share is no long pause: a quarter of a core is 12.5 ms of each 50. */
const periodUs = 50_000;
const prefix = 'loadline-';

/**
 * Looks for control groups that can be written, of either version, by making one.
 *
 * @returns why there are none, where there are none: in a container, mostly, and without root.
 */
export function findCpuGroups({ root = '/sys/fs/cgroup', pid }: CpuGroupsOptions): CpuGroups | string {
  const reasons: string[] = [];
  for (const version of [version2, version1]) {
    const parent = join(root, version.folder);
    try {
      if (!version.isThere(parent)) continue;
      sweep(parent);
      return openIn(join(parent, `${prefix}${pid}`), version);
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  return reasons[0] ?? `${root} has none that limit the CPU`;
}

interface Version {
  readonly folder: string;
  readonly isThere: (parent: string) => boolean;
  /** Lets the groups below this one have a share of their own. */
  readonly open: (folder: string) => void;
  readonly limit: (folder: string, cores: number) => void;
}

const version2: Version = {
  folder: '.',
  isThere: (parent) => wordsIn(join(parent, 'cgroup.controllers')).includes('cpu'),
  open: (folder) => {
    writeFileSync(join(folder, '..', 'cgroup.subtree_control'), '+cpu');
    writeFileSync(join(folder, 'cgroup.subtree_control'), '+cpu');
  },
  limit: (folder, cores) =>
    writeFileSync(join(folder, 'cpu.max'), `${Math.round(cores * periodUs)} ${periodUs}`),
};

const version1: Version = {
  folder: 'cpu',
  isThere: (parent) => readdirOf(parent).includes('cpu.cfs_quota_us'),
  open: () => undefined,
  limit: (folder, cores) => {
    writeFileSync(join(folder, 'cpu.cfs_period_us'), String(periodUs));
    writeFileSync(join(folder, 'cpu.cfs_quota_us'), String(Math.round(cores * periodUs)));
  },
};

function openIn(folder: string, version: Version): CpuGroups {
  mkdirSync(folder, { recursive: true });
  try {
    version.open(folder);
    // That it can be made does not say that it can be limited.
    const trial = join(folder, 'trial');
    mkdirSync(trial, { recursive: true });
    version.limit(trial, 1);
    removeEmpty(trial);
  } catch (error) {
    removeEmpty(folder);
    throw error;
  }
  return {
    place(name, pid, cores) {
      // Where nothing was in it, another driver of this machine may have taken the folder for one that was left.
      if (mkdirSync(folder, { recursive: true }) !== undefined) version.open(folder);
      const group = join(folder, name);
      mkdirSync(group, { recursive: true });
      version.limit(group, cores);
      writeFileSync(join(group, 'cgroup.procs'), String(pid));
    },
    limit: (name, cores) => version.limit(join(folder, name), cores),
    remove: (name) => removeEmpty(join(folder, name)),
    close: () => removeEmpty(folder),
  };
}

/** Takes away what drivers have left that were killed; what still has processes stays, and so does what is in use. */
function sweep(parent: string): void {
  for (const name of readdirOf(parent).filter((each) => each.startsWith(prefix))) {
    const folder = join(parent, name);
    for (const group of readdirOf(folder)) removeEmpty(join(folder, group));
    removeEmpty(folder);
  }
}

/** A group is a folder of files that nobody can remove; what is no folder, or still has something in it, is left. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Not a group, not there, or not empty: there is nothing to do.
  }
}

function readdirOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function wordsIn(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').trim().split(/\s+/);
  } catch {
    return [];
  }
}
