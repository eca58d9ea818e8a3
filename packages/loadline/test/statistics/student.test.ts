import fc from 'fast-check';
import { criticalT } from 'loadline/statistics';
import { describe, expect, it } from 'vitest';
import { probabilityBeyond } from '../../src/statistics/student.ts';

const infinity = Number.POSITIVE_INFINITY;

describe('criticalT()', () => {
  // The NIST/SEMATECH e-Handbook's table 1.3.6.7.2, and for one and two degrees the closed forms.
  it.each([
    [0.95, 1, 12.706205],
    [0.95, 2, 4.302653],
    [0.99, 2, 9.924843],
    [0.9, 3, 2.353363],
    [0.999, 4, 8.610302],
    [0.95, 10, 2.228139],
    [0.998, 8, 4.500791],
    [0.95, 30, 2.042272],
    [0.95, 100, 1.983972],
    [0.95, infinity, 1.959964],
    [0.99, infinity, 2.575829],
    [0.999, infinity, 3.290527],
  ])('of confidence %d and %d degrees is %d', (confidence, degrees, expected) => {
    expect(criticalT(confidence, degrees)).toBeCloseTo(expected, 5);
  });

  it('is tan(πp/2) for one degree of freedom, and p √(2 / (1 − p²)) for two', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 0.9999, noNaN: true }), (p) => {
        expect(criticalT(p, 1) / Math.tan((Math.PI * p) / 2)).toBeCloseTo(1, 8);
        expect(criticalT(p, 2) / (p * Math.sqrt(2 / (1 - p * p)))).toBeCloseTo(1, 8);
      }),
    );
  });

  it('leaves just the rest beyond it, for any degrees', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 0.9999, noNaN: true }),
        fc.double({ min: 0.5, max: 5000, noNaN: true }),
        (confidence, degrees) => {
          const beyond = probabilityBeyond(criticalT(confidence, degrees), degrees);
          expect(beyond / (1 - confidence)).toBeCloseTo(1, 7);
        },
      ),
    );
  });

  it.each([
    [0, 5],
    [1, 5],
    [Number.NaN, 5],
    [0.95, 0],
    [0.95, Number.NaN],
  ])('refuses a confidence of %d with %d degrees', (confidence, degrees) => {
    expect(() => criticalT(confidence, degrees)).toThrow(RangeError);
  });
});
