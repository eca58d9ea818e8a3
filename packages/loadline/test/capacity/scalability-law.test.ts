import fc from 'fast-check';
import {
  ceilingOf,
  latencyMsAt,
  latencyMsWith,
  peakOf,
  type ScalabilityLaw,
  throughputAt,
} from 'loadline/capacity';
import { describe, expect, it } from 'vitest';

const law: ScalabilityLaw = { ratePerSecondAlone: 100, contention: 0.03, coherency: 0.0005 };

const anyLaw: fc.Arbitrary<ScalabilityLaw> = fc.record({
  ratePerSecondAlone: fc.double({ min: 1, max: 1e5, noNaN: true }),
  contention: fc.double({ min: 0, max: 0.9, noNaN: true }),
  coherency: fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 0.1, noNaN: true })),
});

describe('the scalability law', () => {
  it('is what one alone does, at one', () => {
    expect(throughputAt(law, 1)).toBe(100);
    expect(latencyMsWith(law, 1)).toBe(10);
  });

  it('grows in proportion without contention and coherency', () => {
    const straight = { ratePerSecondAlone: 100, contention: 0, coherency: 0 };
    expect(throughputAt(straight, 37)).toBeCloseTo(3700, 9);
    expect([peakOf(straight), ceilingOf(straight)]).toEqual([undefined, Number.POSITIVE_INFINITY]);
  });

  it("levels off at Amdahl's λ/σ without coherency", () => {
    const amdahl = { ratePerSecondAlone: 100, contention: 0.05, coherency: 0 };
    expect(ceilingOf(amdahl)).toBe(2000);
    expect(throughputAt(amdahl, 1e6)).toBeCloseTo(2000, 0);
    expect(peakOf(amdahl)).toBeUndefined();
  });

  it('peaks at √((1 − σ) / κ): 44 at once, 1,360/s', () => {
    const peak = peakOf(law);
    expect(peak?.concurrency).toBeCloseTo(Math.sqrt(0.97 / 0.0005), 9);
    expect(peak?.ratePerSecond).toBeCloseTo(1359.7, 1);
    for (const other of [40, 43, 45, 50]) {
      expect(throughputAt(law, other)).toBeLessThan(peak?.ratePerSecond as number);
    }
  });

  it("keeps Little's law: what is under way is the rate times the time that it takes", () => {
    fc.assert(
      fc.property(anyLaw, fc.double({ min: 0.01, max: 500, noNaN: true }), (any, concurrency) => {
        const product = (throughputAt(any, concurrency) * latencyMsWith(any, concurrency)) / 1000;
        expect(product / concurrency).toBeCloseTo(1, 9);
      }),
    );
  });

  it('tells at a rate the latency of the concurrency that makes this rate', () => {
    fc.assert(
      fc.property(anyLaw, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (any, share) => {
        const concurrency = share * Math.min(1000, peakOf(any)?.concurrency ?? 1000);
        const found = latencyMsAt(any, throughputAt(any, concurrency)) as number;
        expect(found / latencyMsWith(any, concurrency)).toBeCloseTo(1, 4);
      }),
    );
  });

  it('has no latency for more than it can do, and at no load that of an empty service', () => {
    expect(latencyMsAt(law, 1361)).toBeUndefined();
    expect(latencyMsAt(law, 1359)).toBeGreaterThan(latencyMsAt(law, 1300) as number);
    expect(latencyMsAt(law, 0)).toBeCloseTo(latencyMsAt(law, 1e-6) as number, 6);
  });
  it('has no latency for a rate where more under way never get more done', () => {
    for (const coherency of [0, 0.01, 2]) {
      const full = { ratePerSecondAlone: 100, contention: 1, coherency };
      expect([latencyMsAt(full, 50), latencyMsAt(full, 100)]).toEqual([undefined, undefined]);
    }
  });
});
