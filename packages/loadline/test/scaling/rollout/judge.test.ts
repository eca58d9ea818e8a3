import { createRandom, normal, type Random } from 'loadline/base';
import { createHistogram } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';
import {
  type Block,
  type Evidence,
  medianUnbiasedQuantile,
  withBlock,
} from '../../../src/scaling/rollout/evidence.ts';
import { type Judgement, judgeEvidence } from '../../../src/scaling/rollout/judge.ts';
import type { RolloutJudge } from '../../../src/scaling/rollout/plan.ts';
import type { Counted } from '../../../src/scaling/rollout/traffic-seen.ts';
import { drawLatencyUs, good, type Manner } from './stage.ts';

const judge: RolloutJudge = {
  margin: 0.05,
  errorMargin: 0.001,
  confidence: 0.98,
  blockMs: 5000,
  blockRequests: 100,
};
const steps = 4;

function counted(random: Random, requests: number, manner: Manner, slowness = 1): Counted {
  const latency = createHistogram();
  let errors = 0;
  for (let each = 0; each < requests; each++) {
    latency.record(drawLatencyUs(random, manner) * slowness);
    if (random() < manner.errorRatio) errors++;
  }
  return { requests, errors, latency };
}

/** Blocks of which a third is the candidate's; what slows down the machines slows down both, and slowly changes. */
function* blocks(
  random: Random,
  candidate: Manner,
  endpoints: readonly (string | undefined)[],
): Generator<Block> {
  let drift = 0;
  for (;;) {
    drift = 0.8 * drift + normal(random, 0, 0.1);
    for (const endpoint of endpoints) {
      yield {
        endpoint,
        baseline: counted(random, 200, good, Math.exp(drift)),
        candidate: counted(random, 100, candidate, Math.exp(drift)),
      };
    }
  }
}

interface Looked {
  readonly judgement: Judgement;
  readonly looks: number;
}

/** Looks after every block, until it is found worse or there were so many blocks of each endpoint. */
function lookUntil(
  random: Random,
  candidate: Manner,
  { blocksMax, endpoints = [undefined] }: { blocksMax: number; endpoints?: readonly (string | undefined)[] },
): Looked {
  let evidence: Evidence = [];
  let looks = 0;
  for (const block of blocks(random, candidate, endpoints)) {
    evidence = withBlock(evidence, block);
    looks++;
    const judgement = judgeEvidence(evidence, judge, steps);
    if (judgement.verdict === 'worse' || looks === blocksMax * endpoints.length) return { judgement, looks };
  }
  throw new Error('Blocks never end.');
}

describe('judgeEvidence()', () => {
  it('calls a build that is compared with itself worse in less than 5 of 100 rollouts, however often it looks', () => {
    const outcomes = Array.from({ length: 100 }, (_, seed) =>
      lookUntil(createRandom(seed), good, { blocksMax: 30, endpoints: [undefined, '/cart', '/food'] }),
    );
    expect(outcomes.filter(({ judgement }) => judgement.verdict === 'worse').length).toBeLessThanOrEqual(2);
  });

  it('finds a tenth more latency in every one of thirty rollouts', () => {
    const outcomes = Array.from({ length: 30 }, (_, seed) =>
      lookUntil(createRandom(seed), { ...good, latencyMs: good.latencyMs * 1.1 }, { blocksMax: 60 }),
    );
    expect(outcomes.map(({ judgement }) => judgement.verdict)).toEqual(outcomes.map(() => 'worse'));
  });

  it('finds errors that a hundredth of the requests meets', () => {
    const { judgement } = lookUntil(createRandom('errors'), { ...good, errorRatio: 0.01 }, { blocksMax: 60 });
    expect(judgement.effects[0]).toMatchObject({ metric: 'errors', verdict: 'worse' });
    expect(judgement.effects[0]?.change).toBeCloseTo(0.0095, 2);
  });

  it('finds the endpoint that is worse, also where it is a rare one', () => {
    let evidence: Evidence = [];
    const random = createRandom('rare');
    const slow = { ...good, latencyMs: good.latencyMs * 2 };
    for (let block = 0; block < 12; block++) {
      const whole = { baseline: counted(random, 8000, good), candidate: counted(random, 3000, good) };
      evidence = withBlock(evidence, { endpoint: undefined, ...whole });
      const rare = { baseline: counted(random, 200, good), candidate: counted(random, 100, slow) };
      evidence = withBlock(evidence, { endpoint: '/rare', ...rare });
    }
    const { verdict, effects } = judgeEvidence(evidence, judge, steps);
    expect(verdict).toBe('worse');
    expect(effects.filter((each) => each.verdict === 'worse').map(({ endpoint }) => endpoint)).toContain(
      '/rare',
    );
  });

  it('lets a rare endpoint of which nothing can be said keep nothing back', () => {
    let evidence: Evidence = [];
    const random = createRandom('few');
    for (let block = 0; block < 25; block++) {
      const whole = { baseline: counted(random, 8000, good), candidate: counted(random, 3000, good) };
      evidence = withBlock(evidence, { endpoint: undefined, ...whole });
      if (block % 8 > 0) continue;
      const rare = { baseline: counted(random, 100, good), candidate: counted(random, 100, good) };
      evidence = withBlock(evidence, { endpoint: '/rare', ...rare });
    }
    const { verdict, effects } = judgeEvidence(evidence, judge, steps);
    expect(verdict).toBe('same');
    expect(effects.find(({ endpoint }) => endpoint === '/rare')).toMatchObject({
      verdict: 'inconclusive',
      isMinor: true,
    });
  });

  it('calls a build that is much quicker better', () => {
    const quick = { latencyMs: good.latencyMs / 2, errorRatio: 0.0005 };
    const { judgement } = lookUntil(createRandom('quick'), quick, { blocksMax: 40 });
    expect(judgement.effects.find(({ metric }) => metric === 'latency p95')).toMatchObject({
      verdict: 'better',
    });
  });

  it('says nothing of nothing', () => {
    expect(judgeEvidence([], judge, steps)).toEqual({ verdict: 'inconclusive', effects: [] });
  });
});

describe('medianUnbiasedQuantile()', () => {
  it('is as often too high as too low, for few values as for many', () => {
    const random = createRandom('quantile');
    for (const count of [20, 100, 300]) {
      let above = 0;
      for (let round = 0; round < 400; round++) {
        const histogram = createHistogram();
        for (let each = 0; each < count; each++) histogram.record(1e6 * Math.exp(5 * random()));
        if (medianUnbiasedQuantile(histogram, 0.95) > 1e6 * Math.exp(5 * 0.95)) above++;
      }
      // Four standard errors of a half; the nearest rank of 20 lies above in a fourth.
      expect(above / 400).toBeGreaterThan(0.4);
      expect(above / 400).toBeLessThan(0.6);
    }
  });

  it('is the value itself where there is but one', () => {
    const histogram = createHistogram();
    histogram.record(7);
    expect(medianUnbiasedQuantile(histogram, 0.95)).toBe(7);
  });
});
