import fc from 'fast-check';
import { createRandom, normal } from 'loadline/base';
import { criticalT, type Equation, fitCurve, fitLinear } from 'loadline/statistics';
import { describe, expect, it } from 'vitest';

const line = (points: readonly (readonly [x: number, y: number, weight?: number])[]): Equation[] =>
  points.map(([x, y, weight]) => ({
    inputs: [1, x],
    output: y,
    ...(weight === undefined ? {} : { weight }),
  }));

describe('fitLinear()', () => {
  it('agrees with a line worked by hand, and with its errors', () => {
    // Means 2.5 and 4.25; Sxx = 5, Sxy = 8.5: slope 1.7, intercept 0; residuals 0.3, −0.4, −0.1, 0.2, squares 0.3.
    const fit = fitLinear(
      line([
        [1, 2],
        [2, 3],
        [3, 5],
        [4, 7],
      ]),
    );
    expect(fit?.coefficients[0]).toBeCloseTo(0, 12);
    expect(fit?.coefficients[1]).toBeCloseTo(1.7, 12);
    expect(fit?.squares).toBeCloseTo(0.3, 12);
    expect(fit?.degrees).toBe(2);
    // s² = 0.15; of the slope s² / Sxx, of the intercept s² (1/4 + 2.5² / 5), together −s² · 2.5 / 5.
    expect(fit?.covariance[1]?.[1]).toBeCloseTo(0.03, 12);
    expect(fit?.covariance[0]?.[0]).toBeCloseTo(0.15 * 1.5, 12);
    expect(fit?.covariance[0]?.[1]).toBeCloseTo(-0.075, 12);
  });

  it("reproduces the certified values of NIST's Longley problem, which normal equations lose", () => {
    const fit = fitLinear(longley.map(([output, ...inputs]) => ({ inputs: [1, ...inputs], output })));
    for (const [at, certified] of longleyCertified.entries()) {
      expect((fit?.coefficients[at] as number) / certified).toBeCloseTo(1, 8);
    }
    expect(Math.sqrt((fit?.squares as number) / 9)).toBeCloseTo(304.854073561965, 6);
    expect(Math.sqrt(fit?.covariance[0]?.[0] as number)).toBeCloseTo(890420.383607373, 3);
  });

  it('takes a weight for as many equal equations', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 3, maxLength: 8 }), (weights) => {
        const points = weights.map((weight, x) => [x, (x * 37) % 11, weight] as const);
        const repeated = points.flatMap(([x, y, weight]) =>
          Array.from({ length: weight }, () => [x, y] as const),
        );
        const [weighted, written] = [fitLinear(line(points)), fitLinear(line(repeated))];
        expect(weighted?.squares).toBeCloseTo(written?.squares as number, 8);
        for (const at of [0, 1]) {
          expect(weighted?.coefficients[at]).toBeCloseTo(written?.coefficients[at] as number, 8);
        }
      }),
    );
  });

  it('has no answer where the equations do not determine one', () => {
    expect(fitLinear([])).toBeUndefined();
    expect(fitLinear(line([[1, 2]]))).toBeUndefined();
    expect(
      fitLinear(
        line([
          [3, 1],
          [3, 2],
          [3, 3],
        ]),
      ),
    ).toBeUndefined();
  });

  it("gives a variance with which Student's t covers the truth as often as it says", () => {
    const random = createRandom('slopes');
    let covered = 0;
    for (let trial = 0; trial < 1000; trial++) {
      const fit = fitLinear(line([1, 2, 3, 4, 5, 6].map((x) => [x, 3 + 2 * x + normal(random, 0, 0.7)])));
      const reach = criticalT(0.9, 4) * Math.sqrt(fit?.covariance[1]?.[1] as number);
      if (Math.abs((fit?.coefficients[1] as number) - 2) <= reach) covered++;
    }
    expect(covered).toBeGreaterThan(870);
    expect(covered).toBeLessThan(930);
  });
});

describe('fitCurve()', () => {
  const decay = ([height = 0, rate = 0]: readonly number[], x: number): number =>
    height * Math.exp(-rate * x);
  const unbounded = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];

  it('finds the parameters of a curve from a start far off', () => {
    const points = [0, 1, 2, 3, 4, 6, 9].map((x) => ({ x, y: decay([12, 0.4], x) }));
    const fit = fitCurve({ points, model: decay, start: [1, 2], lowest: unbounded });
    expect(fit.hasConverged).toBe(true);
    expect(fit.parameters[0]).toBeCloseTo(12, 6);
    expect(fit.parameters[1]).toBeCloseTo(0.4, 6);
  });

  it("reproduces the certified values of NIST's Misra1a problem", () => {
    const model = ([b1 = 0, b2 = 0]: readonly number[], x: number): number => b1 * (1 - Math.exp(-b2 * x));
    const fit = fitCurve({ points: misra1a, model, start: [500, 0.0001], lowest: unbounded });
    expect((fit.parameters[0] as number) / 238.94212918).toBeCloseTo(1, 5);
    expect((fit.parameters[1] as number) / 5.5015643181e-4).toBeCloseTo(1, 5);
    expect(fit.squares).toBeCloseTo(0.12455138894, 7);
  });

  it('agrees with the linear fit where the curve is a line', () => {
    const random = createRandom('line');
    const points = [1, 2, 3, 4, 5].map((x) => ({ x, y: 1 + 3 * x + normal(random, 0, 1), weight: x }));
    const linear = fitLinear(points.map(({ x, y, weight }) => ({ inputs: [1, x], output: y, weight })));
    const curve = fitCurve({
      points,
      model: ([a = 0, b = 0], x) => a + b * x,
      start: [0, 0],
      lowest: unbounded,
    });
    expect(curve.parameters[0]).toBeCloseTo(linear?.coefficients[0] as number, 6);
    expect(curve.squares).toBeCloseTo(linear?.squares as number, 8);
  });

  it('rests at a bound that the best value lies below, and leaves it where it was a bad start', () => {
    const points = [0, 1, 2, 3].map((x) => ({ x, y: 5 - x }));
    const model = ([a = 0, b = 0]: readonly number[], x: number): number => a + b * x;
    const fit = fitCurve({ points, model, start: [0, 1], lowest: [0, 0] });
    expect(fit.parameters[1]).toBe(0);
    expect(fit.parameters[0]).toBeCloseTo(3.5, 8);
    const steep = fitCurve({ points, model, start: [0, -9], lowest: unbounded, highest: [4, -2] });
    expect(steep.parameters[0]).toBe(4);
    expect(steep.parameters[1]).toBe(-2);
    const rising = points.map(({ x }) => ({ x, y: 2 * x }));
    expect(fitCurve({ points: rising, model, start: [0, 0], lowest: [0, 0] }).parameters[1]).toBeCloseTo(
      2,
      6,
    );
  });
});

/** J. W. Longley, JASA 62 (1967), as in NIST's Statistical Reference Datasets: y and six inputs. */
const longley: readonly (readonly [number, ...number[]])[] = [
  [60323, 83.0, 234289, 2356, 1590, 107608, 1947],
  [61122, 88.5, 259426, 2325, 1456, 108632, 1948],
  [60171, 88.2, 258054, 3682, 1616, 109773, 1949],
  [61187, 89.5, 284599, 3351, 1650, 110929, 1950],
  [63221, 96.2, 328975, 2099, 3099, 112075, 1951],
  [63639, 98.1, 346999, 1932, 3594, 113270, 1952],
  [64989, 99.0, 365385, 1870, 3547, 115094, 1953],
  [63761, 100.0, 363112, 3578, 3350, 116219, 1954],
  [66019, 101.2, 397469, 2904, 3048, 117388, 1955],
  [67857, 104.6, 419180, 2822, 2857, 118734, 1956],
  [68169, 108.4, 442769, 2936, 2798, 120445, 1957],
  [66513, 110.8, 444546, 4681, 2637, 121950, 1958],
  [68655, 112.6, 482704, 3813, 2552, 123366, 1959],
  [69564, 114.2, 502601, 3931, 2514, 125368, 1960],
  [69331, 115.7, 518173, 4806, 2572, 127852, 1961],
  [70551, 116.9, 554894, 4007, 2827, 130081, 1962],
];
const longleyCertified = [
  -3482258.63459582, 15.0618722713733, -0.035819179292591, -2.02022980381683, -1.03322686717359,
  -0.0511041056535807, 1829.15146461355,
];

/** D. Misra, in NIST's Statistical Reference Datasets: monomolecular adsorption. */
const misra1a = [
  [77.6, 10.07],
  [114.9, 14.73],
  [141.1, 17.94],
  [190.8, 23.93],
  [239.9, 29.61],
  [289.0, 35.18],
  [332.8, 40.02],
  [378.4, 44.82],
  [434.8, 50.76],
  [477.3, 55.05],
  [536.8, 61.01],
  [593.1, 66.4],
  [689.1, 75.47],
  [760.0, 81.78],
].map(([x, y]) => ({ x: x as number, y: y as number }));
