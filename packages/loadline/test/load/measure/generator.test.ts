import fc from 'fast-check';
import { type GeneratorSample, judgeGenerator } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { joinSamples } from '../../../src/load/measure/generator.ts';

function sample(second: number, given: Partial<GeneratorSample> = {}): GeneratorSample {
  return {
    endMs: (second + 1) * 1000,
    durationMs: 1000,
    loopUtilization: 0.3,
    cpuRatio: 0.4,
    loopDelayMsMax: 5,
    steps: 100,
    lateSteps: 0,
    latenessMsP99: 1,
    ...given,
  };
}

const run = (
  count: number,
  overloaded: readonly number[],
  how: Partial<GeneratorSample> = { loopUtilization: 0.95 },
) => Array.from({ length: count }, (_, second) => sample(second, overloaded.includes(second) ? how : {}));

describe('judgeGenerator()', () => {
  it('finds no fault with one that kept up', () => {
    expect(judgeGenerator(run(60, []))).toMatchObject({
      wasBottleneck: false,
      statement: 'The generator kept up.',
      overloaded: [],
      loopUtilizationMax: 0.3,
      cpuRatioMean: expect.closeTo(0.4),
    });
  });

  it('forgives one hiccup', () => {
    expect(judgeGenerator(run(3, [0]))).toMatchObject({
      wasBottleneck: false,
      overloaded: [{ fromMs: 0, toMs: 1000 }],
    });
  });

  it('forgives a twentieth of the time and no more', () => {
    expect(judgeGenerator(run(60, [3, 4, 9])).wasBottleneck).toBe(false);
    expect(judgeGenerator(run(60, [3, 4, 9, 10])).wasBottleneck).toBe(true);
  });

  it.each<Partial<GeneratorSample>>([{ loopUtilization: 0.91 }, { lateSteps: 4 }])(
    'takes %j for overloaded',
    (how) => {
      const verdict = judgeGenerator(run(10, [2, 3, 7], how));
      expect(verdict.wasBottleneck).toBe(true);
      expect(verdict.overloaded).toEqual([
        { fromMs: 2000, toMs: 4000 },
        { fromMs: 7000, toMs: 8000 },
      ]);
      expect(verdict.statement).toMatch(/bottleneck in 3 of 10/);
    },
  );

  it('holds up to one late step in a hundred for noise, because the 99th percentile is still the target’s', () => {
    expect(judgeGenerator(run(10, [1, 2], { lateSteps: 5 }))).toMatchObject({
      wasBottleneck: false,
      lateStepRatio: 0.01,
    });
    expect(judgeGenerator(run(10, [1, 2], { lateSteps: 6 })).wasBottleneck).toBe(true);
  });

  it('forgives the one late step of a run with few', () => {
    expect(judgeGenerator([sample(0, { steps: 10, lateSteps: 1 })]).wasBottleneck).toBe(false);
    expect(judgeGenerator([sample(0, { steps: 10, lateSteps: 2 })]).wasBottleneck).toBe(true);
  });

  it('forgives the few late steps of a second or two of a short, slow run', () => {
    expect(
      judgeGenerator([
        ...run(9, []).map((each) => ({ ...each, steps: 25 })),
        sample(9, { steps: 25, lateSteps: 3 }),
      ]).wasBottleneck,
    ).toBe(false);
    const slow = (lateIn: readonly number[]) =>
      Array.from({ length: 12 }, (_, second) =>
        sample(second, { steps: 8, lateSteps: lateIn.filter((each) => each === second).length }),
      );
    expect(judgeGenerator(slow([3, 3])).wasBottleneck).toBe(false);
    expect(judgeGenerator(slow([3, 4, 4])).wasBottleneck).toBe(false);
    // In three seconds they are no hiccup any more.
    expect(judgeGenerator(slow([3, 5, 9])).wasBottleneck).toBe(true);
  });

  it('does not forgive many late steps, however few seconds they were in', () => {
    expect(judgeGenerator(run(4, [1], { lateSteps: 6 })).wasBottleneck).toBe(true);
    expect(judgeGenerator([sample(0, { steps: 40, lateSteps: 3 })]).wasBottleneck).toBe(true);
  });

  it('does not call a processor of several threads overloaded for its CPU time alone', () => {
    expect(judgeGenerator(run(10, [1, 2, 3], { cpuRatio: 1.8 })).wasBottleneck).toBe(false);
  });

  it('does not forgive a run that was overloaded all the time, however short', () => {
    expect(judgeGenerator(run(1, [0])).wasBottleneck).toBe(true);
  });

  it('says so when it saw nothing', () => {
    expect(judgeGenerator([])).toMatchObject({
      wasBottleneck: false,
      statement: expect.stringMatching(/too short/),
      cpuRatioMean: 0,
    });
  });
});

describe('joinSamples()', () => {
  it('halves their number and keeps time, CPU time and peaks', () => {
    const samples = fc.array(
      fc.record({
        endMs: fc.nat(10_000),
        durationMs: fc.integer({ min: 1, max: 2000 }),
        loopUtilization: fc.double({ min: 0, max: 1, noNaN: true }),
        cpuRatio: fc.double({ min: 0, max: 4, noNaN: true }),
        loopDelayMsMax: fc.nat(1000),
        steps: fc.integer({ min: 100, max: 200 }),
        lateSteps: fc.nat(100),
        latenessMsP99: fc.option(fc.nat(1000), { nil: undefined }),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(samples, (before) => {
        const after = joinSamples(before);
        expect(after).toHaveLength(Math.ceil(before.length / 2));
        const [seen, joined] = [judgeGenerator(before), judgeGenerator(after)];
        expect(joined.cpuRatioMean).toBeCloseTo(seen.cpuRatioMean, 6);
        expect(joined.loopDelayMsMax).toBe(seen.loopDelayMsMax);
        expect(joined.lateStepRatio).toBeCloseTo(seen.lateStepRatio, 9);
        expect(joined.latenessMsP99Max).toBe(seen.latenessMsP99Max);
        const time = (all: readonly GeneratorSample[]): number =>
          all.reduce((sum, each) => sum + each.durationMs, 0);
        expect(time(after)).toBe(time(before));
      }),
    );
  });
});
