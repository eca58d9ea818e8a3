import { createRandom, normal, type Random } from 'loadline/base';
import { ceilingOf, latencyMsAt } from 'loadline/capacity';
import { describe, expect, it } from 'vitest';
import { expectedRuns } from '../../../src/load/limit/limit-search.ts';
import { meetsP99, rateOfP99, searchOf } from './searches.ts';

const seeds = Array.from({ length: 100 }, (_, seed) => seed);

/** A machine that is a little quicker or slower in every run, by this standard deviation. */
const noisy = (random: Random, deviation: number): number => Math.exp(normal(random, 0, deviation));

interface Hits {
  /** Searches whose limit lies within 5 % of the truth. */
  readonly near: number;
  /** Searches whose interval holds the truth. */
  readonly covered: number;
  readonly runsMedian: number;
  readonly runsMost: number;
  /** Seeds that were neither found nor near, to be looked at. */
  readonly missed: readonly number[];
}

/** Searches a hundred times, with limits over a wide range, a target of each seed's own. */
function searchAll(
  target: (truth: number, random: Random) => (ratePerSecond: number) => boolean,
  truthOf: (random: Random) => number = (random) => 100 * Math.exp(3 * random()),
): Hits {
  const results = seeds.map((seed) => {
    const random = createRandom(seed);
    const truth = truthOf(random);
    const { end, runs } = searchOf(target(truth, random));
    const limit = end.limit;
    const isNear =
      end.status === 'found' && limit !== undefined && Math.abs(limit.ratePerSecond / truth - 1) <= 0.05;
    const isCovered =
      limit !== undefined && limit.interval.fromPerSecond <= truth && truth <= limit.interval.toPerSecond;
    return { seed, isNear, isCovered, runs: runs.length };
  });
  const runs = results.map((result) => result.runs).toSorted((a, b) => a - b);
  return {
    near: results.filter((result) => result.isNear).length,
    covered: results.filter((result) => result.isCovered).length,
    runsMedian: runs[50] as number,
    runsMost: runs[99] as number,
    missed: results.filter((result) => !result.isNear).map((result) => result.seed),
  };
}

describe('a search for the limit, a hundred times', () => {
  it('finds it on a quiet machine, in as many runs as it said', () => {
    const hits = searchAll((truth) => (rate) => rate < truth);
    expect(hits).toMatchObject({ near: 100, covered: 100, missed: [] });
    expect(hits.runsMost).toBeLessThanOrEqual(
      expectedRuns({ fromRate: 50, toRate: 5000, precision: 0.05, confirmRuns: 3 }).usual,
    );
  });

  it('finds it on a machine whose runs differ by 15 %, within 5 % in 95 of 100', () => {
    // With a deviation of 5 %, two runs of three differ by more than 5 % and one in thirty by more than 15 %.
    const hits = searchAll((truth, random) => (rate) => rate < truth * noisy(random, 0.05));
    expect(hits.near).toBeGreaterThanOrEqual(95);
    expect(hits.covered).toBeGreaterThanOrEqual(90);
  });

  it('finds it where one run in thirty fails for no reason', () => {
    const hits = searchAll(
      (truth, random) => (rate) => rate < truth * noisy(random, 0.01) && random() > 0.03,
    );
    expect(hits.near).toBeGreaterThanOrEqual(95);
  });

  it('finds it at a cliff, where throughput collapses past its peak', () => {
    // Up to its peak the law answers within three times of what one alone takes; past it nothing comes back in time.
    const law = { ratePerSecondAlone: 100, contention: 0.02, coherency: 0.001 };
    const hits = searchAll((truth, random) => (rate) => {
      const offered = ((rate / truth) * ceilingOf(law)) / noisy(random, 0.02);
      return (latencyMsAt(law, offered) ?? Number.POSITIVE_INFINITY) < 100;
    });
    expect(hits.near).toBeGreaterThanOrEqual(95);
    expect(hits.covered).toBeGreaterThanOrEqual(90);
  });

  it('finds it on a slow decay, where latency creeps over its threshold', () => {
    // From 75 ms with no load to 150 ms at the limit: 3 % of noise in the latency are 6 % of the rate.
    const hits = searchAll((truth, random) => (rate) => 75 * (1 + rate / truth) * noisy(random, 0.03) < 150);
    expect(hits.near).toBeGreaterThanOrEqual(95);
    expect(hits.covered).toBeGreaterThanOrEqual(90);
  });

  it("finds where the p99 of an M/M/4 queue crosses 100 ms, as Erlang's formula says", () => {
    const queue = { servers: 4, serviceMs: 10 };
    const truth = rateOfP99(queue, 100);
    const hits = searchAll(
      (_, random) => (ratePerSecond) =>
        meetsP99(queue, { ratePerSecond, durationMs: 30_000, limitMs: 100 }, random),
      () => truth,
    );
    expect(hits.near).toBeGreaterThanOrEqual(95);
    // Twenty million arrivals: seconds, also on a machine that has other things to do.
  }, 60_000);
});

describe('a search for the limit', () => {
  it('climbs, searches, confirms, and refutes a rate just above', () => {
    const { end, runs } = searchOf((rate) => rate < 730);
    expect(runs.map((run) => run.purpose).filter((purpose, at, all) => purpose !== all[at - 1])).toEqual([
      'climb',
      'search',
      'confirm',
      'refute',
    ]);
    expect(runs.slice(0, 5).map((run) => run.ratePerSecond)).toEqual([50, 100, 200, 400, 800]);
    const { confirmed, refuted } = end;
    expect([end.status, confirmed?.runs, refuted?.runs]).toEqual(['found', 3, 2]);
    expect(confirmed?.ratePerSecond).toBeGreaterThan(730 * 0.94);
    expect(confirmed?.ratePerSecond).toBeLessThan(730);
    expect(refuted?.ratePerSecond).toBeLessThan(730 * 1.06);
    expect(refuted?.ratePerSecond).toBeGreaterThan(730);
    expect(end.statement).toMatch(
      /^The limit is 7\d\d\/s \(7\d\d\/s to 7\d\d\/s, 90 % sure\)\. The objectives were met in 3 of 3 runs at \d+\/s, and missed in 2 of 2 at 7\d\d\/s\.$/,
    );
  });

  it('says the same run until it is told how that one ended', () => {
    const { runs } = searchOf((rate) => rate < 300, { confirmRuns: 1, precision: 0.2 });
    expect(runs.length).toBeLessThan(16);
  });

  it('never asks for more than double of what was met, nor for more than is allowed', () => {
    for (const seed of seeds) {
      const random = createRandom(seed);
      let met = 25;
      const { runs } = searchOf(
        (rate) => {
          expect(rate).toBeLessThanOrEqual(2 * met * 1.0001);
          const isMet = rate < 700 * noisy(random, 0.3);
          if (isMet) met = Math.max(met, rate);
          return isMet;
        },
        { toRate: 900 },
      );
      for (const run of runs) {
        expect(run.ratePerSecond).toBeGreaterThanOrEqual(50);
        expect(run.ratePerSecond).toBeLessThanOrEqual(900);
      }
    }
  });

  it('climbs no quicker after a hiccup, when it believes that the limit may be anywhere', () => {
    let met = 50;
    const { end } = searchOf((rate, run) => {
      expect(rate).toBeLessThanOrEqual(2 * met);
      const isMet = run > 0 && rate < 3000;
      if (isMet) met = Math.max(met, rate);
      return isMet;
    });
    expect(end.status).toBe('found');
  });

  it('confirms anew, and higher, when the rate that it meant to refute is met', () => {
    // The target gets a tenth quicker as soon as a rate has been confirmed.
    const first = searchOf((rate) => rate < 400).runs.findIndex((run) => run.purpose === 'refute');
    const { end, runs } = searchOf((rate, run) => rate < (run < first ? 400 : 440));
    expect(runs[first]).toMatchObject({ purpose: 'refute', outcome: 'met' });
    expect(end.status).toBe('found');
    expect(end.confirmed?.ratePerSecond).toBeGreaterThan(395);
    expect(end.refuted?.ratePerSecond).toBeGreaterThan(440);
  });

  it('ends within its runs, whatever comes', () => {
    for (const seed of seeds) {
      const random = createRandom(`chaos ${seed}`);
      const { runs } = searchOf(() => (random() < 0.2 ? 'invalid' : random() < 0.5), { runsMax: 30 });
      expect(runs.length).toBeLessThanOrEqual(30);
    }
  });

  it('gives the lowest rate a second chance, and ends below it', () => {
    const { end, runs } = searchOf(() => false);
    expect([end.status, runs.length, end.limit, end.highestMet]).toEqual(['below', 2, undefined, undefined]);
    expect(end.statement).toBe(
      'The target missed the objectives at 50/s, the lowest rate. Begin lower, or look at why.',
    );
    expect(searchOf((rate, run) => rate < 300 && run > 0).end.status).toBe('found');
  });

  it('ends above the highest rate that it may try, after having confirmed that', () => {
    const { end, runs } = searchOf(() => true, { toRate: 1000 });
    expect([end.status, end.highestMet]).toEqual(['above', 1000]);
    expect(runs.filter((run) => run.ratePerSecond === 1000)).toHaveLength(3);
    expect(end.statement).toBe(
      'The limit is at least 1,000/s: the target met the objectives at 1,000/s, the highest rate allowed. Allow more.',
    );
  });

  it('repeats an invalid run, and counts it as nothing', () => {
    let turn = 0;
    const { end, runs } = searchOf((rate) => (turn++ % 3 === 1 ? 'invalid' : rate < 730), { runsMax: 60 });
    expect(end.status).toBe('found');
    for (const [at, run] of runs.entries()) {
      if (run.outcome === 'invalid') expect(runs[at + 1]?.ratePerSecond).toBe(run.ratePerSecond);
    }
  });

  it('says "at least" where the generator is the bottleneck before the target', () => {
    const { end, runs } = searchOf((rate) => (rate > 620 ? 'invalid' : true));
    expect(end.status).toBe('generator');
    expect(end.highestMet).toBeGreaterThan(560);
    expect(end.statement).toMatch(/^The limit is at least [56]\d\d\/s: the generator was the bottleneck\./);
    // Three times, and once more in the end, when what else held up the generator could be over.
    expect(runs.filter((run) => run.ratePerSecond === 800).map((run) => run.outcome)).toHaveLength(3);
    expect(runs.slice(-3).map((run) => run.outcome)).toEqual(['invalid', 'invalid', 'invalid']);
  });

  it('says that nothing is known where the generator is the bottleneck from the start', () => {
    const { end, runs } = searchOf(() => 'invalid');
    expect([end.status, runs.length]).toEqual(['generator', 6]);
    expect(end.statement).toMatch(/^Nothing is known of the limit: the generator was the bottleneck\./);
  });

  it('goes on where the generator was only held up for a while', () => {
    const { end, runs } = searchOf((rate, run) => (run > 5 && run < 10 ? 'invalid' : rate < 730));
    expect(runs.filter((run) => run.outcome === 'invalid')).toHaveLength(4);
    expect(end.status).toBe('found');
    expect(Math.abs((end.limit?.ratePerSecond ?? 0) / 730 - 1)).toBeLessThan(0.05);
  });

  it('finds a limit below the rate that the generator can make', () => {
    const { end } = searchOf((rate) => (rate > 780 ? 'invalid' : rate < 500));
    expect(end.status).toBe('found');
    expect(Math.abs((end.limit?.ratePerSecond ?? 0) / 500 - 1)).toBeLessThan(0.05);
  });

  it('says so where more load was carried better than less', () => {
    // Slow at first, quick from 700/s on, where it keeps itself warm; a lucky run at first gets the climb past that.
    const { end } = searchOf((rate, run) => (run < 5 ? rate !== 400 : rate > 700 && rate < 1500));
    expect(end.status).toBe('contradictory');
    expect(end.limit).toBeUndefined();
    expect(end.statement).toMatch(/^There is no one limit\. The target met the objectives at \d+\/s and /);
  });

  it('says so where the target did not recover from having been overloaded', () => {
    let isBroken = false;
    const { end } = searchOf((rate) => {
      if (rate > 730) isBroken = true;
      return !isBroken;
    });
    expect(end.status).toBe('contradictory');
    expect(end.statement).toMatch(
      /at 400\/s and later missed them at .*: it has become slower, or did not recover/,
    );
  });

  it('says what it knows when its runs are used up', () => {
    const { end } = searchOf((rate) => rate < 730, { runsMax: 10 });
    expect(end.status).toBe('unsettled');
    expect(end.statement).toMatch(
      /^The 10 runs were used up before a limit was confirmed\. It may be \d+\/s \(/,
    );
    expect(searchOf(() => true, { runsMax: 3 }).end.statement).toContain('It met the objectives at 200/s.');
  });

  it.each([
    [0.01, 100, 800],
    [0.2, 1, 1000],
    [0.05, 300, 300],
  ])('of precision %d works from %d/s to %d/s', (precision, fromRate, toRate) => {
    const truth = (fromRate * toRate) ** 0.5 * 1.01;
    const { end } = searchOf((rate) => rate < truth, { precision, fromRate, toRate });
    if (fromRate === toRate) expect(end.status).toBe('above');
    else expect(Math.abs((end.limit?.ratePerSecond ?? 0) / truth - 1)).toBeLessThan(precision);
  });
});
