import fc from 'fast-check';
import { type Decision, decide, type Observation, type ScalingPolicy } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { configuration, direction, seen, target } from '../policies.ts';

function decideBy(
  rules: ScalingPolicy['rules'],
  observation: Observation,
  further: Partial<ScalingPolicy> = {},
): Decision {
  const policy = { replicas: { min: 1, max: 100 }, scaleIn: direction({}), rules, ...further };
  return decide(
    { configuration: configuration(policy), manual: undefined, history: [], recommendations: [] },
    observation,
  );
}

describe('a target of a metric of each instance', () => {
  const rules = [target('cpuRatio', 0.5)];

  it.each([
    [0.8, 4, 7],
    [0.56, 4, 5],
    [0.55, 4, 4],
    [0.45, 4, 4],
    [0.44, 10, 9],
    [0.1, 10, 2],
    [0.5, 4, 4],
  ])('makes of %d at %d instances %d', (cpuRatio, wanted, to) => {
    expect(decideBy(rules, seen({ cpuRatio }, { wanted })).to).toBe(to);
  });

  it('explains itself, and says what would have changed it', () => {
    expect(decideBy(rules, seen({ cpuRatio: 0.8 }))).toMatchObject({
      reason: 'Scale out api from 4 to 7: cpuRatio is 80 %, above its target of 50 %.',
      otherwise: 'It would have stayed at 4 with cpuRatio at most 55 %.',
    });
    expect(decideBy(rules, seen({ cpuRatio: 0.52 }))).toMatchObject({
      reason: 'Hold api at 4: cpuRatio is 52 %, near its target of 50 %.',
      otherwise: 'More with cpuRatio above 55 %; fewer with cpuRatio below 37.5 %.',
    });
  });

  it('would have changed it at the very limits that it names', () => {
    const of = (cpuRatio: number, wanted: number): number =>
      decideBy(rules, seen({ cpuRatio }, { wanted })).to;
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 50 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (wanted, cpuRatio) => {
          const [proposal] = decideBy(rules, seen({ cpuRatio }, { wanted })).proposals;
          const [above, below] = [
            proposal?.scaleOutAbove ?? Number.NaN,
            proposal?.scaleInBelow ?? Number.NaN,
          ];
          expect([of(above * 1.001, wanted) > wanted, of(above * 0.999, wanted) <= wanted]).toEqual([
            true,
            true,
          ]);
          expect([of(below * 0.999, wanted) < wanted, of(below * 1.001, wanted) >= wanted]).toEqual([
            true,
            true,
          ]);
        },
      ),
    );
    expect(decideBy(rules, seen({ cpuRatio: 0.1 }, { wanted: 1 })).otherwise).toBe(
      'More with cpuRatio above 55 %.',
    );
  });

  it('says that much is free, where one fewer would still be too few', () => {
    expect(decideBy(rules, seen({ cpuRatio: 0.4 })).reason).toBe(
      'Hold api at 4: cpuRatio is 40 %, below its target of 50 %, which takes 4 all the same.',
    );
  });

  it('does not ask twice for those that are on their way', () => {
    expect(decideBy(rules, seen({ cpuRatio: 1 }, { wanted: 8, ready: 4, starting: 4 })).to).toBe(8);
    expect(decideBy(rules, seen({ cpuRatio: 1 }, { wanted: 6, ready: 4, starting: 2 })).to).toBe(8);
  });

  it('does not take who has just become ready for as busy as those that were measured, nor for idle', () => {
    const measuredMs = seen({}).atMs;
    const [long, just] = [measuredMs - 60_000, measuredMs - 400];
    const of = (value: number, readySinceMs: readonly number[]): number =>
      decideBy(rules, {
        ...seen({}, { wanted: 5, readySinceMs }),
        readings: { cpuRatio: { value, atMs: measuredMs, overMs: 1000, count: 3 } },
      }).to;
    expect(of(0.8, [long, long, long, just, just])).toBe(5);
    expect(of(0.95, [long, long, long, just, just])).toBe(6);
    expect(of(0.8, [long, long, long, long, long])).toBe(8);
    // Of a group that has only begun, all that is measured is of those who have just come.
    expect(of(0.8, [just, just, just, just, just])).toBe(5);
    // Three at 40 % would fit on three; with the two that nobody has seen yet, it may take four.
    expect(of(0.4, [long, long, long, just, just])).toBe(of(0.4, [long, long, long, long, long]));
  });

  it('says who will share a load that is too much for those that were measured', () => {
    const { reason } = decideBy(rules, seen({ cpuRatio: 0.9 }, { wanted: 8, ready: 4, starting: 4 }));
    expect(reason).toBe(
      'Hold api at 8: cpuRatio is 90 %, above its target of 50 %, which 8 will share once all of them are busy.',
    );
  });

  it('says the limits that hold while some are starting', () => {
    const [proposal] = decideBy(rules, seen({ cpuRatio: 1 }, { wanted: 8, ready: 4, starting: 4 })).proposals;
    expect(proposal?.scaleOutAbove).toBeCloseTo(1.1);
    expect(proposal?.scaleInBelow).toBeCloseTo(0.875);
  });

  it('tolerates as much as it is told, in each direction', () => {
    const calm = [target('cpuRatio', 0.5, { scaleOutTolerance: 0.4, scaleInTolerance: 0 })];
    expect(decideBy(calm, seen({ cpuRatio: 0.69 })).to).toBe(4);
    expect(decideBy(calm, seen({ cpuRatio: 0.71 })).to).toBe(6);
    expect(decideBy(calm, seen({ cpuRatio: 0.49 }, { wanted: 100 })).to).toBe(98);
  });

  it('is not bound by the step of thresholds', () => {
    expect(
      decideBy(rules, seen({ cpuRatio: 1 }, { wanted: 30 }), { scaleOut: direction({ step: 2 }) }).to,
    ).toBe(60);
  });
});

describe('a target of a metric of the group', () => {
  it('keeps the whole near a value', () => {
    const rules = [target('latencyMsP95', 200)];
    expect(decideBy(rules, seen({ latencyMsP95: 500 }, { wanted: 4, ready: 2, starting: 2 })).to).toBe(10);
  });

  it('may be what one instance is to carry', () => {
    const rules = [target('queueDepth', 30, { isPerReplica: true })];
    expect(decideBy(rules, seen({ queueDepth: 290 }, { wanted: 2 }))).toMatchObject({
      to: 10,
      reason: 'Scale out api from 2 to 10: queueDepth is 290, above its target of 30 an instance.',
      otherwise: 'It would have stayed at 2 with queueDepth at most 66.',
    });
    expect(decideBy(rules, seen({ queueDepth: 0 }, { wanted: 5 })).to).toBe(1);
  });
});

describe('a target, whatever is seen', () => {
  it('wants what brings the load to it, and no instance more', () => {
    const anyCase = fc.record({
      cpuRatio: fc.double({ min: 0, max: 2, noNaN: true }),
      value: fc.double({ min: 0.05, max: 1, noNaN: true }),
      wanted: fc.integer({ min: 1, max: 90 }),
    });
    fc.assert(
      fc.property(anyCase, ({ cpuRatio, value, wanted }) => {
        const decision = decideBy([target('cpuRatio', value)], seen({ cpuRatio }, { wanted }));
        const loadWith = (replicas: number): number => (cpuRatio * wanted) / replicas;
        if (decision.to === wanted || decision.to === 100 || decision.to === 1) return;
        expect(loadWith(decision.to)).toBeLessThanOrEqual(value * (1 + 1e-6));
        expect(loadWith(decision.to - 1)).toBeGreaterThan(value * (1 - 1e-6));
      }),
    );
  });
});
