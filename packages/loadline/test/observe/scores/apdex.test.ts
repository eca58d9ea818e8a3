import fc from 'fast-check';
import { createHistogram } from 'loadline/metrics';
import { apdex } from 'loadline/observe';
import { describe, expect, it } from 'vitest';

function histogramOf(values: readonly number[]) {
  const histogram = createHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe('apdex()', () => {
  it('counts the tolerating by half: 60 satisfied, 30 tolerating and 10 frustrated are 0.75', () => {
    const values = [...Array(60).fill(50), ...Array(30).fill(200), ...Array(10).fill(201)];
    expect(apdex(histogramOf(values), { target: 50 })).toEqual({
      score: 0.75,
      satisfied: 60,
      tolerating: 30,
      frustrated: 10,
    });
  });

  it('counts an error as frustrated, however fast it was', () => {
    expect(apdex(histogramOf([1, 1, 1]), { target: 10, failed: 1 })).toMatchObject({
      score: 0.75,
      frustrated: 1,
    });
  });

  it('gives no score where nobody was answered', () => {
    expect(apdex(createHistogram(), { target: 10 }).score).toBeUndefined();
  });

  it('is the formula, for any values that a histogram keeps apart', () => {
    const values = fc.array(fc.nat({ max: 255 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 63 }), fc.nat({ max: 20 }), (all, target, failed) => {
        const satisfied = all.filter((value) => value <= target).length;
        const tolerating = all.filter((value) => value > target && value <= 4 * target).length;
        const found = apdex(histogramOf(all), { target, failed });
        expect(found.score).toBeCloseTo((satisfied + tolerating / 2) / (all.length + failed), 12);
        expect(found.satisfied + found.tolerating + found.frustrated).toBe(all.length + failed);
      }),
    );
  });
});
