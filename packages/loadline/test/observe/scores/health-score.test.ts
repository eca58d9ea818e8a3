import fc from 'fast-check';
import { type HealthReadings, healthScales, healthScore } from 'loadline/observe';
import { describe, expect, it } from 'vitest';

const perfect: Required<HealthReadings> = {
  latencyMsP95: 80,
  errorRatio: 0,
  saturationRatio: 0.4,
  databaseMsP95: 8,
  cacheHitRatio: 0.93,
  satisfiedRatio: 0.97,
};

describe('healthScore()', () => {
  it('is 100 where everything is within its target, and 0 where everything is beyond its alarm', () => {
    expect(healthScore(perfect)).toMatchObject({ score: 100, missing: [], heldDownBy: undefined });
    const worst = Object.fromEntries(Object.entries(healthScales).map(([part, { bad }]) => [part, bad]));
    expect(healthScore(worst).score).toBe(0);
  });

  it('weighs the parts: half a cache costs 5 of 100', () => {
    const cacheHitRatio = (healthScales.cacheHitRatio.good + healthScales.cacheHitRatio.bad) / 2;
    expect(healthScore({ ...perfect, cacheHitRatio }).score).toBeCloseTo(95, 10);
  });

  it('is held down by what users feel at once, and says by what', () => {
    expect(healthScore({ ...perfect, errorRatio: 0.5 })).toMatchObject({
      score: 20,
      heldDownBy: 'errorRatio',
    });
    expect(healthScore({ ...perfect, cacheHitRatio: 0 })).toMatchObject({ score: 90, heldDownBy: undefined });
  });

  it('leaves out what is missing, and names it', () => {
    expect(healthScore({ latencyMsP95: 100, errorRatio: Number.NaN })).toEqual({
      score: 100,
      parts: [{ part: 'latencyMsP95', value: 100, score: 100 }],
      missing: ['errorRatio', 'saturationRatio', 'databaseMsP95', 'cacheHitRatio', 'satisfiedRatio'],
      heldDownBy: undefined,
    });
    expect(healthScore({})).toMatchObject({ score: undefined, parts: [] });
  });

  it('never rises where a part gets worse', () => {
    const share = fc.double({ min: -0.5, max: 1.5, noNaN: true });
    const parts = Object.keys(healthScales) as (keyof HealthReadings)[];
    fc.assert(
      fc.property(
        fc.array(share, { minLength: 6, maxLength: 6 }),
        fc.constantFrom(...parts),
        share,
        (all, worse, by) => {
          const at = (part: keyof HealthReadings, to: number): number => {
            const { good, bad } = healthScales[part];
            return good + (bad - good) * to;
          };
          const before = Object.fromEntries(
            parts.map((part, index) => [part, at(part, all[index] as number)]),
          );
          const to = Math.max(all[parts.indexOf(worse)] as number, by);
          const after = { ...before, [worse]: at(worse, to) };
          const [higher, lower] = [healthScore(before).score as number, healthScore(after).score as number];
          expect(lower).toBeLessThanOrEqual(higher + 1e-9);
          expect(lower >= 0 && higher <= 100).toBe(true);
        },
      ),
    );
  });
});
