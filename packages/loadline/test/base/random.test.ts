import fc from 'fast-check';
import { createRandom, exponential, integerBetween, normal, weightedPicker } from 'loadline/base';
import { describe, expect, it } from 'vitest';

const draws = 100_000;

function meanOf(draw: () => number): number {
  let sum = 0;
  for (let i = 0; i < draws; i++) sum += draw();
  return sum / draws;
}

describe('createRandom()', () => {
  it('repeats its stream for the same seed, a number or a text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat(), fc.string()), (seed) => {
        const [one, other] = [createRandom(seed), createRandom(seed)];
        for (let i = 0; i < 20; i++) expect(one()).toBe(other());
      }),
    );
  });

  it('gives different streams for neighbouring seeds', () => {
    const firsts = Array.from({ length: 1000 }, (_, seed) => createRandom(seed)());
    expect(new Set(firsts).size).toBe(1000);
    expect(firsts.reduce((sum, each) => sum + each, 0) / 1000).toBeCloseTo(0.5, 1);
  });

  it('stays within [0, 1) and fills 100 boxes evenly', () => {
    const random = createRandom(7);
    const boxes = new Array<number>(100).fill(0);
    for (let i = 0; i < draws; i++) {
      const value = random();
      if (value < 0 || value >= 1) throw new Error(`${value} is outside of [0, 1)`);
      boxes[Math.floor(value * 100)] = (boxes[Math.floor(value * 100)] as number) + 1;
    }
    const expected = draws / 100;
    const chiSquare = boxes.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 99 degrees of freedom: below 66.5 or above 139 in one of a hundred seeds.
    expect(chiSquare).toBeGreaterThan(66.5);
    expect(chiSquare).toBeLessThan(139);
  });

  it('does not remember: neighbours are uncorrelated', () => {
    const random = createRandom('neighbours');
    let before = random();
    const product = meanOf(() => {
      const value = random();
      const result = (before - 0.5) * (value - 0.5);
      before = value;
      return result;
    });
    expect(Math.abs(product) * 12).toBeLessThan(4 / Math.sqrt(draws));
  });
});

describe('the draws', () => {
  it('integerBetween() reaches both ends and nothing beyond', () => {
    const random = createRandom(1);
    const seen = new Set(Array.from({ length: 1000 }, () => integerBetween(random, -2, 3)));
    expect([...seen].toSorted((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2, 3]);
  });

  it('exponential() has its mean, is never negative, and is above it with probability 1/e', () => {
    const random = createRandom(2);
    expect(meanOf(() => exponential(random, 40)) / 40).toBeCloseTo(1, 1);
    expect(meanOf(() => (exponential(random, 40) > 40 ? 1 : 0))).toBeCloseTo(1 / Math.E, 2);
    expect(exponential(() => 0, 40)).toBeCloseTo(0, 10);
  });

  it('normal() has its mean and deviation', () => {
    const random = createRandom(3);
    expect(meanOf(() => normal(random, 100, 15))).toBeCloseTo(100, 0);
    expect(Math.sqrt(meanOf(() => (normal(random, 100, 15) - 100) ** 2))).toBeCloseTo(15, 0);
    expect(Number.isFinite(normal(() => 1 - 2 ** -32, 0, 1))).toBe(true);
  });
});

describe('weightedPicker()', () => {
  it('picks in proportion to the weights, and never what weighs nothing', () => {
    const weights = [0, 60, 20, 0, 15, 5, 0];
    const pick = weightedPicker(weights);
    const random = createRandom(4);
    const counts = weights.map(() => 0);
    for (let i = 0; i < draws; i++) {
      const index = pick(random);
      counts[index] = (counts[index] as number) + 1;
    }
    for (const [index, weight] of weights.entries()) {
      const deviation = Math.sqrt(draws * (weight / 100) * (1 - weight / 100));
      expect(Math.abs((counts[index] as number) - (draws * weight) / 100)).toBeLessThanOrEqual(4 * deviation);
    }
  });

  it('never picks what weighs nothing, not even at the very border', () => {
    expect(weightedPicker([0, 1, 0])(() => 0)).toBe(1);
    expect(weightedPicker([1, 1])(() => 0.5)).toBe(1);
    expect(weightedPicker([1, 0])(() => 1 - 2 ** -32)).toBe(0);
  });

  it('agrees with a walk along the weights', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(20), { minLength: 1, maxLength: 20 }).filter((weights) => weights.some(Boolean)),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (weights, drawn) => {
          let left = drawn * weights.reduce((sum, weight) => sum + weight, 0);
          const walked = weights.findIndex((weight) => {
            left -= weight;
            return left < 0;
          });
          expect(weightedPicker(weights)(() => drawn)).toBe(walked);
        },
      ),
    );
  });
});
