import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CpuGroups, findCpuGroups } from '../../../src/scaling/drivers/cpu-groups.ts';

/** Looks like the system's folder of control groups; its files keep what is written, and limit nothing. */
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'loadline-groups-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function find(): CpuGroups {
  const found = findCpuGroups({ root, pid: 7 });
  if (typeof found === 'string') throw new Error(found);
  return found;
}

const read = (...path: readonly string[]): string => readFileSync(join(root, ...path), 'utf8');

describe('findCpuGroups()', () => {
  it('limits by version 2 where that has the processor', () => {
    writeFileSync(join(root, 'cgroup.controllers'), 'cpuset cpu memory\n');
    find().place('api-1', 4711, 0.25);
    expect(read('loadline-7', 'api-1', 'cpu.max')).toBe('12500 50000');
    expect(read('loadline-7', 'api-1', 'cgroup.procs')).toBe('4711');
    expect(read('cgroup.subtree_control')).toBe('+cpu');
  });

  it('opens its folder anew where another driver has swept it away', () => {
    writeFileSync(join(root, 'cgroup.controllers'), 'cpu\n');
    const groups = find();
    rmSync(join(root, 'loadline-7'), { recursive: true });
    groups.place('api-1', 4711, 1);
    expect(read('loadline-7', 'cgroup.subtree_control')).toBe('+cpu');
    expect(read('loadline-7', 'api-1', 'cgroup.procs')).toBe('4711');
  });

  it('limits by version 1 where there is only that', () => {
    mkdirSync(join(root, 'cpu'));
    writeFileSync(join(root, 'cpu', 'cpu.cfs_quota_us'), '-1');
    find().place('api-1', 4711, 1.5);
    expect(read('cpu', 'loadline-7', 'api-1', 'cpu.cfs_quota_us')).toBe('75000');
    expect(read('cpu', 'loadline-7', 'api-1', 'cpu.cfs_period_us')).toBe('50000');
    expect(read('cpu', 'loadline-7', 'api-1', 'cgroup.procs')).toBe('4711');
  });

  it('says why where there is none', () => {
    expect(findCpuGroups({ root, pid: 7 })).toBe(`${root} has none that limit the CPU`);
    writeFileSync(join(root, 'cgroup.controllers'), 'memory\n');
    expect(findCpuGroups({ root, pid: 7 })).toBe(`${root} has none that limit the CPU`);
    writeFileSync(join(root, 'cgroup.controllers'), 'cpu\n');
    // What a container sees: everything is there, and nothing can be changed.
    mkdirSync(join(root, 'cgroup.subtree_control'));
    expect(findCpuGroups({ root, pid: 7 })).toMatch(/^EISDIR/);
    expect(existsSync(join(root, 'loadline-7'))).toBe(false);
  });

  it('takes away what drivers before it have left empty', () => {
    writeFileSync(join(root, 'cgroup.controllers'), 'cpu\n');
    for (const name of ['loadline-3/api-1', 'other/api-1']) mkdirSync(join(root, name), { recursive: true });
    find();
    expect([existsSync(join(root, 'loadline-3')), existsSync(join(root, 'other', 'api-1'))]).toEqual([
      false,
      true,
    ]);
  });
});
