import fc from 'fast-check';
import { isLoadlineError } from 'loadline/base';
import { callTreeOf, parseProfile, topFunctions } from 'loadline/profiling';
import { describe, expect, it } from 'vitest';
import { cpuProfile, frame, heapProfile } from './profiles.ts';

describe('parseProfile()', () => {
  it('takes what V8 gives', () => {
    const cpu = cpuProfile({ main: { parse: {} } }, ['main/parse']);
    const heap = heapProfile({ keep: 5 });
    for (const { kind, v8 } of [cpu, heap])
      expect(parseProfile(kind, structuredClone(v8))).toEqual({ kind, v8 });
  });

  const node = (id: number, children: number[] = []) => ({ id, callFrame: frame('f'), children });
  const cpu = { nodes: [node(1)], samples: [], timeDeltas: [], startTime: 0, endTime: 0 };
  it.each([
    ['nothing', undefined, 'no nodes'],
    ['a text', 'x', 'no nodes'],
    ['samples without times', { ...cpu, samples: [1] }, 'two lists of one length'],
    ['no end', { ...cpu, endTime: undefined }, 'no start and end'],
    ['a node without a place', { ...cpu, nodes: [{ id: 1 }] }, 'a node is damaged'],
    ['one node twice', { ...cpu, nodes: [node(1, [2]), node(2), node(2)] }, 'node 2 is there twice'],
    ['a circle', { ...cpu, nodes: [node(1), node(2, [3]), node(3, [2])] }, 'not one tree'],
    ['a node of two callers', { ...cpu, nodes: [node(1, [2, 2]), node(2)] }, 'two callers'],
    ['a child that is not there', { ...cpu, nodes: [node(1, [7])] }, 'not one tree'],
    ['a sample of no node', { ...cpu, samples: [9], timeDeltas: [1] }, 'a sample names a node'],
  ])('refuses %s', (_, input, found) => {
    expect(() => parseProfile('cpu', input)).toThrow(
      expect.objectContaining({ code: 'PROFILING_PROFILE_INVALID', message: expect.stringContaining(found) }),
    );
  });

  it('refuses a heap profile that is damaged, and takes one that is deep', () => {
    expect(() =>
      parseProfile('heap', { head: { callFrame: frame('f'), selfSize: 'x', children: [] } }),
    ).toThrow('a node is damaged');
    let head = { callFrame: frame('f'), selfSize: 1, children: [] as object[] };
    for (let depth = 0; depth < 50_000; depth++)
      head = { callFrame: frame('f'), selfSize: 0, children: [head] };
    expect(topFunctions(parseProfile('heap', { head })).sum).toBe(1);
  });

  it('either refuses any JSON or gives a profile that can be added up', () => {
    const numbers = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 });
    const nodes = fc.array(
      fc.record({
        id: fc.integer({ min: 1, max: 5 }),
        callFrame: fc.constant(frame('f')),
        children: numbers,
      }),
      { maxLength: 4 },
    );
    const nearly = fc.record({
      nodes,
      samples: numbers,
      timeDeltas: numbers,
      startTime: fc.integer(),
      endTime: fc.integer(),
    });
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), nearly), (input) => {
        try {
          expect(callTreeOf(parseProfile('cpu', input)).nodes.length).toBeGreaterThan(0);
        } catch (error) {
          if (!isLoadlineError(error, 'PROFILING_PROFILE_INVALID')) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});
