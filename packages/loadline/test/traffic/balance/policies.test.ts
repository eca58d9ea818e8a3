import fc from 'fast-check';
import { createRandom, exponential } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { type Candidate, newCandidate } from '../../../src/traffic/balance/candidate.ts';
import { type BalancePolicy, balancePolicies, pickerOf } from '../../../src/traffic/balance/policy.ts';
import { observeLatency, peakLatency } from '../../../src/traffic/balance/two-choices.ts';

const asked = { key: '192.0.2.1', nowMs: 0, random: createRandom(1) };

function candidates(...weights: number[]): Candidate[] {
  return weights.map((weight, at) => newCandidate(`i${at}`, weight));
}

/** How many each got, of a simulated fleet: requests come at random times and are busy for a random while. */
function simulate(
  policy: BalancePolicy,
  fleet: readonly Candidate[],
  requests: number,
  seed: number,
): number[] {
  const random = createRandom(seed);
  const pick = pickerOf(policy);
  const ends: { readonly atMs: number; readonly candidate: Candidate; readonly latencyMs: number }[] = [];
  const got = new Map(fleet.map((candidate) => [candidate, 0]));
  let nowMs = 0;
  for (let request = 0; request < requests; request++) {
    // As busy as a fleet is that has some to spare: each has three requests on the way, on average.
    nowMs += exponential(random, 10 / fleet.length / 3);
    while ((ends[0]?.atMs ?? Number.POSITIVE_INFINITY) <= nowMs) {
      const { candidate, latencyMs, atMs } = ends.shift() as (typeof ends)[number];
      candidate.inFlight--;
      observeLatency(candidate, latencyMs, atMs);
    }
    const key = `198.51.${Math.floor(random() * 256)}.${Math.floor(random() * 256)}`;
    const candidate = pick(fleet, { key, nowMs, random });
    got.set(candidate, (got.get(candidate) ?? 0) + 1);
    candidate.inFlight++;
    const latencyMs = exponential(random, 10);
    const end = { atMs: nowMs + latencyMs, candidate, latencyMs };
    const at = ends.findIndex(({ atMs }) => atMs > end.atMs);
    ends.splice(at < 0 ? ends.length : at, 0, end);
  }
  return fleet.map((candidate) => got.get(candidate) as number);
}

/** Coefficient of variation. */
function variationOf(counts: readonly number[]): number {
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length;
  return Math.sqrt(variance) / mean;
}

describe('every policy', () => {
  // The hash spreads addresses, not requests: here nearly each request has one of 65,536 to itself.
  it.each(balancePolicies.flatMap((policy) => [3, 8].map((count) => [policy, count] as const)))(
    '%s spreads 4,000 requests each over %i equal ones with a variation below 0.05',
    (policy, count) => {
      const fleet = candidates(...Array(count).fill(1));
      expect(variationOf(simulate(policy, fleet, 4000 * count, 11))).toBeLessThan(0.05);
    },
  );

  it.each(balancePolicies)('%s chooses one of those that it is given, and needs no second one', (policy) => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.1, max: 256, noNaN: true }), { minLength: 1, maxLength: 20 }),
        fc.string(),
        (weights, key) => {
          const fleet = candidates(...weights);
          for (const candidate of fleet) candidate.inFlight = Math.floor(candidate.weight);
          expect(fleet).toContain(pickerOf(policy)(fleet, { ...asked, key }));
        },
      ),
    );
  });

  it.each(balancePolicies)('%s gives who weighs twice as much about twice as much', (policy) => {
    const [light = 0, heavy = 0] = simulate(policy, candidates(1, 2), 12_000, 5);
    expect(heavy / light).toBeGreaterThan(1.5);
    expect(heavy / light).toBeLessThan(2.5);
  });

  it.each(['round robin', 'least connections', 'two choices'] as const)(
    '%s gives who has little weight its share also while nobody is busy',
    (policy) => {
      const fleet = candidates(256, 256, 27);
      const random = createRandom(3);
      const picked = Array.from({ length: 5390 }, () => pickerOf(policy)(fleet, { ...asked, random }));
      const small = picked.filter((each) => each === fleet[2]).length;
      expect(small / picked.length).toBeGreaterThan(0.04);
      expect(small / picked.length).toBeLessThan(0.06);
    },
  );
});

describe('round robin', () => {
  it('takes turns, and mixes those of higher weight in smoothly', () => {
    const fleet = candidates(5, 1, 1);
    const order = Array.from({ length: 7 }, () => pickerOf('round robin')(fleet, asked).id);
    expect(order).toEqual(['i0', 'i0', 'i1', 'i0', 'i2', 'i0', 'i0']);
  });

  it('gives, of whole weights, each just its weight in every round', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }), (weights) => {
        const fleet = candidates(...weights);
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        for (let round = 0; round < 3; round++) {
          const picked = Array.from({ length: total }, () => pickerOf('round robin')(fleet, asked));
          expect(fleet.map((each) => picked.filter((one) => one === each).length)).toEqual(weights);
        }
      }),
    );
  });
});

describe('least connections', () => {
  it('takes who has least to do for its weight', () => {
    const fleet = candidates(1, 1, 4);
    const [first, second, third] = fleet as [Candidate, Candidate, Candidate];
    [first.inFlight, second.inFlight, third.inFlight] = [2, 1, 9];
    expect(pickerOf('least connections')(fleet, asked)).toBe(second);
    third.inFlight = 3;
    expect(pickerOf('least connections')(fleet, asked)).toBe(third);
  });
});

describe('address hash', () => {
  const keys = Array.from({ length: 4000 }, (_, at) => `10.0.${at >> 8}.${at & 255}`);
  const placed = (fleet: readonly Candidate[]): string[] =>
    keys.map((key) => pickerOf('address hash')(fleet, { ...asked, key }).id);

  it('sends a key to the same one, in whatever order they are listed', () => {
    const fleet = candidates(1, 1, 1, 1);
    expect(placed(fleet)).toEqual(placed(fleet.toReversed()));
  });

  it('moves, when one joins, only what that one gets, which is its share', () => {
    const fleet = candidates(...Array(10).fill(1));
    const before = placed(fleet.slice(0, 9));
    const after = placed(fleet);
    const moved = after.filter((id, at) => id !== before[at]);
    expect(new Set(moved)).toEqual(new Set(['i9']));
    expect(moved.length / keys.length).toBeGreaterThan(0.08);
    expect(moved.length / keys.length).toBeLessThan(0.12);
  });

  it('spreads 40,000 keys over ten with less than 5 % of variation', () => {
    const fleet = candidates(...Array(10).fill(1));
    const counts = new Map<string, number>();
    for (let at = 0; at < 40_000; at++) {
      const { id } = pickerOf('address hash')(fleet, { ...asked, key: `10.1.${at >> 8}.${at & 255}` });
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    expect(variationOf([...counts.values()])).toBeLessThan(0.05);
  });
});

describe('two choices', () => {
  it('sends less to one that is slow, and most to the others', () => {
    const fleet = candidates(1, 1, 1, 1);
    (fleet[0] as Candidate).latencyMs = 500;
    const random = createRandom(3);
    const picked = Array.from(
      { length: 1000 },
      () => pickerOf('two choices')(fleet, { ...asked, random }).id,
    );
    expect(picked.filter((id) => id === 'i0')).toEqual([]);
  });

  it('tries the slow one again after a while', () => {
    const [slow, quick] = candidates(1, 1) as [Candidate, Candidate];
    [slow.latencyMs, quick.latencyMs] = [50, 10];
    quick.inFlight = 1;
    const pickAt = (nowMs: number): Candidate => {
      quick.latencyAtMs = nowMs;
      return pickerOf('two choices')([slow, quick], { ...asked, nowMs });
    };
    expect(pickAt(0)).toBe(quick);
    expect(pickAt(60_000)).toBe(slow);
  });

  it('believes a peak at once, and forgets it slowly', () => {
    expect(peakLatency({ latencyMs: 10, latencyAtMs: 0 }, 200, 1)).toBe(200);
    const afterASecond = peakLatency({ latencyMs: 200, latencyAtMs: 0 }, 10, 1000);
    expect(afterASecond).toBeGreaterThan(100);
    expect(peakLatency({ latencyMs: 200, latencyAtMs: 0 }, 10, 100_000)).toBeLessThan(11);
  });
});
