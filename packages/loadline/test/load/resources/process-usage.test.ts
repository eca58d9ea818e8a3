import { describe, expect, it } from 'vitest';
import type { ProcessState } from '../../../src/load/resources/process-tree.ts';
import { type ProcessSample, usageOf } from '../../../src/load/resources/process-usage.ts';

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

function sample(atMs: number, processes: Readonly<Record<number, ProcessState>>): ProcessSample {
  return { atMs, processes: new Map(Object.entries(processes).map(([pid, each]) => [Number(pid), each])) };
}

function state(fields: Partial<ProcessState>): ProcessState {
  return { parent: 1, cpuMs: 0, ownBytes: 0, sharedBytes: 0, ...fields };
}
