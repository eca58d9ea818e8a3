import { describe, expect, it } from 'vitest';
import {
  type ProcessSample,
  type ProcessState,
  parseProcEntry,
  parsePs,
  usageOf,
} from '../../../src/load/resources/process-usage.ts';

describe('usageOf()', () => {
  const service = { name: 'service', pid: 10 };

  it('divides CPU time by elapsed time, over the process and its descendants', () => {
    const samples = [
      sample(0, { 10: state({ cpuMs: 100 }), 11: state({ parent: 10, cpuMs: 50 }) }),
      sample(1000, { 10: state({ cpuMs: 300 }), 11: state({ parent: 10, cpuMs: 150 }) }),
    ];
    expect(usageOf(service, samples, new Set([10])).cpuRatioMean).toBeCloseTo(0.3);
  });

  it('leaves a descendant that is watched by itself to its own row', () => {
    const samples = [
      sample(0, { 10: state({}), 11: state({ parent: 10 }), 12: state({ parent: 11 }) }),
      sample(1000, {
        10: state({}),
        11: state({ parent: 10, cpuMs: 900 }),
        12: state({ parent: 11, cpuMs: 50 }),
      }),
    ];
    expect(usageOf(service, samples, new Set([10, 11])).cpuRatioMean).toBe(0);
  });

  it('tells the busiest second beside the mean', () => {
    const samples = [0, 100, 1100].map((cpuMs, index) => sample(index * 1000, { 10: state({ cpuMs }) }));
    expect(usageOf(service, samples, new Set([10]))).toMatchObject({ cpuRatioMean: 0.55, cpuRatioMax: 1 });
  });

  it('counts memory that a tree shares once', () => {
    const shared = { sharedBytes: 1000 };
    const samples = [
      sample(0, {
        10: state({ ownBytes: 10, ...shared }),
        11: state({ parent: 10, ownBytes: 20, ...shared }),
        12: state({ parent: 10, ownBytes: 30, ...shared }),
      }),
    ];
    expect(usageOf(service, samples, new Set([10])).memoryBytesMax).toBe(1060);
  });

  it('says that a process was not there, instead of calling it idle', () => {
    expect(usageOf(service, [sample(0, {}), sample(1000, {})], new Set([10])).wasThere).toBe(false);
  });
});

describe('parseProcEntry()', () => {
  it('reads parent, CPU time and memory, also behind a command that looks like fields', () => {
    const stat = '4242 (a) b (c)) S 17 1 1 0 -1 4194560 100 0 0 0 250 150 0 0 20 0 1 0 12345 1000000 5000';
    const status =
      'Name:\ta\nVmRSS:\t    9000 kB\nRssAnon:\t    5000 kB\nRssFile:\t    3000 kB\nRssShmem:\t    1000 kB\n';
    expect(parseProcEntry(stat, status)).toEqual({
      parent: 17,
      cpuMs: 4000,
      ownBytes: 5000 * 1024,
      sharedBytes: 4000 * 1024,
    });
  });
});

describe('parsePs()', () => {
  it('reads minutes, hours and days of CPU time', () => {
    const processes = parsePs(
      '    1     0   1024 0:01.50\n   22     1   2048 1:02:03\n  333    22    512 2-00:00:01\n',
    );
    expect([...processes.values()].map((each) => each.cpuMs)).toEqual([1500, 3_723_000, 172_801_000]);
    expect(processes.get(22)).toMatchObject({ parent: 1, ownBytes: 2048 * 1024 });
  });

  it('passes over lines that are no process', () => {
    expect(parsePs('PID PPID RSS TIME\n\nnonsense').size).toBe(0);
  });
});

function sample(atMs: number, processes: Readonly<Record<number, ProcessState>>): ProcessSample {
  return { atMs, processes: new Map(Object.entries(processes).map(([pid, each]) => [Number(pid), each])) };
}

function state(fields: Partial<ProcessState>): ProcessState {
  return { parent: 1, cpuMs: 0, ownBytes: 0, sharedBytes: 0, ...fields };
}
