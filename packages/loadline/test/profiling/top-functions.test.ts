import fc from 'fast-check';
import { callTreeOf, parseProfile, topFunctions } from 'loadline/profiling';
import { describe, expect, it } from 'vitest';
import { cpuProfile, heapProfile } from './profiles.ts';

describe('topFunctions()', () => {
  it('tells what a function cost itself, and what it cost with all that it called', () => {
    const calls = { main: { parse: {}, render: {} } };
    const top = topFunctions(
      cpuProfile(calls, ['main/parse', 'main/parse', 'main/parse', 'main', 'main/render']),
    );
    expect(top).toMatchObject({ unit: 'microseconds', sum: 5000, idleUs: 0, functionsOmitted: 0 });
    expect(top.functions).toEqual([
      {
        name: 'parse',
        location: 'file:///shop/parse.js:1',
        self: 3000,
        total: 3000,
        selfShare: 0.6,
        totalShare: 0.6,
      },
      expect.objectContaining({ name: 'main', self: 1000, total: 5000, totalShare: 1 }),
      expect.objectContaining({ name: 'render', self: 1000, total: 1000 }),
    ]);
  });

  it('gives a sample the time until the next one, and the last the time until the end', () => {
    const even = cpuProfile({ parse: {}, render: {} }, ['parse', 'render', 'parse']);
    const v8 = { ...even.v8, timeDeltas: [10, 500, 2000], endTime: 2600 };
    const { functions } = topFunctions(parseProfile('cpu', v8));
    expect(functions.map(({ name, self }) => [name, self])).toEqual([
      ['render', 2000],
      ['parse', 590],
    ]);
  });

  it('counts the time under a function that calls itself once', () => {
    const calls = { walk: { walk: { walk: {} } } };
    const [walk] = topFunctions(cpuProfile(calls, ['walk', 'walk/walk', 'walk/walk/walk'])).functions;
    expect(walk).toMatchObject({ self: 3000, total: 3000 });
  });

  it('leaves idle time out of the shares, and tells it apart', () => {
    const calls = { '(idle)': {}, main: {} };
    const top = topFunctions(cpuProfile(calls, ['(idle)', '(idle)', '(idle)', 'main']));
    expect(top).toMatchObject({ sum: 1000, idleUs: 3000 });
    expect(top.functions.map(({ name, selfShare }) => [name, selfShare])).toEqual([['main', 1]]);
  });

  it('tells bytes of a heap profile, and how many functions it left out', () => {
    const top = topFunctions(heapProfile({ keep: 900, cache: 100, other: 1 }), 2);
    expect(top).toMatchObject({ unit: 'bytes', sum: 1001, functionsOmitted: 1 });
    expect(top.functions.map(({ name, self }) => [name, self])).toEqual([
      ['keep', 900],
      ['cache', 100],
    ]);
  });

  it('gives a profile without a sample no shares', () => {
    expect(topFunctions(cpuProfile({ main: {} }, []))).toMatchObject({ sum: 0, functions: [] });
  });

  it('adds up: costs by themselves are the sum, and no total is below them or above the sum', () => {
    const calls = { a: { b: { a: {}, c: {} }, c: { c: {} } }, b: { a: { b: {} } } };
    const paths = ['a', 'a/b', 'a/b/a', 'a/b/c', 'a/c', 'a/c/c', 'b', 'b/a', 'b/a/b'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...paths), { minLength: 1, maxLength: 60 }), (seen) => {
        const profile = cpuProfile(calls, seen);
        const { sum, functions } = topFunctions(profile);
        expect(sum).toBe(seen.length * 1000);
        expect(functions.reduce((all, { self }) => all + self, 0)).toBe(sum);
        for (const { name, self, total } of functions) {
          const under = seen.filter((path) => path.split('/').includes(name)).length;
          expect([total >= self, total]).toEqual([true, under * 1000]);
        }
        const { nodes } = callTreeOf(profile);
        expect(nodes.every(({ parent }, at) => parent < at)).toBe(true);
      }),
    );
  });
});
