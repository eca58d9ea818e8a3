import fc from 'fast-check';
import { type Partition, type PartitionPolicy, planPartitions } from 'loadline/postgres';
import { describe, expect, it } from 'vitest';

const dayMs = 24 * 60 * 60 * 1000;
const noon = Date.UTC(2026, 10, 29, 12);

describe('planPartitions()', () => {
  it('makes the days of the past that may be written to, of today and ahead', () => {
    const { create, drop } = planPartitions([], days({ aheadMs: 2 * dayMs, behindMs: dayMs }));
    expect(create.map(({ suffix }) => suffix)).toEqual(['20261128', '20261129', '20261130', '20261201']);
    expect(drop).toEqual([]);
  });

  it('makes months of their true length', () => {
    const { create } = planPartitions([], { ...days({ aheadMs: 80 * dayMs }), unit: 'month' });
    expect(create.map(({ suffix }) => suffix)).toEqual(['202611', '202612', '202701', '202702']);
    expect(create.map(({ fromMs, toMs }) => (toMs - fromMs) / dayMs)).toEqual([30, 31, 31, 28]);
  });

  it('drops what has ended before all that is kept, the oldest first', () => {
    const existing = [day('2026-11-20'), day('2026-11-19'), day('2026-11-23'), day('2026-11-22')];
    const { drop } = planPartitions(existing, days({ keepMs: 6.5 * dayMs }));
    expect(drop.map(({ name }) => name)).toEqual(['2026-11-19', '2026-11-20', '2026-11-22']);
  });

  it('makes nothing that it would have to drop', () => {
    const { create } = planPartitions([], days({ behindMs: 30 * dayMs, keepMs: dayMs }));
    expect(create.map(({ suffix }) => suffix)).toEqual(['20261128', '20261129']);
  });

  it('leaves what is there as it is cut', () => {
    const november = { name: 'm', fromMs: Date.UTC(2026, 10), toMs: Date.UTC(2026, 11), isDetached: false };
    const { create } = planPartitions([november], days({ aheadMs: 2 * dayMs }));
    expect(create.map(({ suffix }) => suffix)).toEqual(['20261201']);
  });

  it('ends what was left half detached', () => {
    const half = { ...day('2026-11-29'), isDetached: true };
    expect(planPartitions([half], days({})).drop).toEqual([half]);
  });

  it('leaves no gap, and has nothing left to do once it is done', () => {
    const span = fc.integer({ min: 0, max: 60 * dayMs });
    const policy = fc.record({
      unit: fc.constantFrom('day' as const, 'month' as const),
      aheadMs: span,
      behindMs: span,
      keepMs: fc.integer({ min: dayMs, max: 90 * dayMs }),
      nowMs: fc.integer({ min: 0, max: 2 * noon }),
    });
    fc.assert(
      fc.property(policy, (asked) => {
        const { create } = planPartitions([], asked);
        for (const [at, { fromMs }] of create.entries())
          if (at > 0) expect(fromMs).toBe(create[at - 1]?.toMs);
        expect(create.some(({ fromMs, toMs }) => fromMs <= asked.nowMs && asked.nowMs < toMs)).toBe(true);
        const made = create.map((each): Partition => ({ ...each, name: each.suffix, isDetached: false }));
        expect(planPartitions(made, asked)).toEqual({ create: [], drop: [] });
      }),
    );
  });
});

function days(policy: Partial<PartitionPolicy>): PartitionPolicy & { nowMs: number } {
  return { unit: 'day', aheadMs: 0, behindMs: 0, nowMs: noon, ...policy };
}

function day(date: string): Partition {
  const fromMs = Date.parse(date);
  return { name: date, fromMs, toMs: fromMs + dayMs, isDetached: false };
}
