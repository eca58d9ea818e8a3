import { createHistogram } from 'loadline/metrics';
import type { Counted, InstanceTotals } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { fillBlocks, noBlocks } from '../../../src/scaling/rollout/evidence.ts';
import { parseRolloutPlan } from '../../../src/scaling/rollout/parse-plan.ts';
import type { RolloutJudge, RolloutPlan } from '../../../src/scaling/rollout/plan.ts';
import { growthOf, mergeSpans, type TrafficSpan } from '../../../src/scaling/rollout/traffic-seen.ts';
import { TrafficWatch } from '../../../src/scaling/rollout/traffic-watch.ts';

function counted(requests: number, errors = 0): Counted {
  const latency = createHistogram();
  latency.recordMany(1000, requests);
  return { requests, errors, latency };
}

function totals(instance: string, endpoints: Readonly<Record<string, Counted>>): InstanceTotals {
  return { instance, endpoints: new Map(Object.entries(endpoints)) };
}

const none = { baseline: [], candidate: [] };

function planOf(written: unknown): RolloutPlan {
  const parsed = parseRolloutPlan(written);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

describe('TrafficWatch', () => {
  it('loses nothing of an instance that looks have missed, and takes who was missed for long for a new one', () => {
    const watch = new TrafficWatch(planOf({ blueGreen: {} }));
    const errorsAt = (atMs: number, candidate: readonly InstanceTotals[]): number | undefined => {
      const look = watch.look({ ...none, candidate }, atMs, true);
      return look.kind === 'seen' ? look.span.candidate.whole.errors : undefined;
    };
    const other = totals('b', {});
    expect(errorsAt(0, [totals('a', { '/x': counted(10) }), other])).toBeUndefined();
    expect(errorsAt(1000, [other])).toBe(0);
    expect(errorsAt(2000, [other])).toBe(0);
    expect(errorsAt(3000, [totals('a', { '/x': counted(40, 30) }), other])).toBe(30);
    for (let atMs = 4000; atMs <= 70_000; atMs += 1000) errorsAt(atMs, [other]);
    expect(errorsAt(71_000, [totals('a', { '/x': counted(90, 80) }), other])).toBe(0);
    expect(errorsAt(72_000, [totals('a', { '/x': counted(95, 85) }), other])).toBe(5);
  });
});

describe('growthOf()', () => {
  it('is what was answered since, over all instances, by endpoint and as a whole', () => {
    const before = {
      ...none,
      candidate: [totals('a', { '/x': counted(10, 1) }), totals('b', { '/x': counted(5) })],
    };
    const now = {
      ...none,
      candidate: [totals('a', { '/x': counted(30, 4), '/y': counted(2) }), totals('b', { '/x': counted(6) })],
    };
    const { span } = growthOf(before, now);
    expect(span.candidate.whole).toMatchObject({ requests: 23, errors: 3, latency: { count: 23 } });
    expect(span.candidate.endpoints.get('/x')).toMatchObject({ requests: 21, errors: 3 });
    expect(span.baseline.whole.requests).toBe(0);
  });

  it('lets an instance count from when it was first seen, and until it is gone', () => {
    const before = { ...none, candidate: [totals('a', { '/x': counted(10) })] };
    const now = { ...none, candidate: [totals('b', { '/x': counted(1000) })] };
    expect(growthOf(before, now).span.candidate.whole.requests).toBe(0);
  });

  it('leaves out and counts what has begun anew', () => {
    const before = { ...none, baseline: [totals('a', { '/x': counted(10) })] };
    const now = { ...none, baseline: [totals('a', { '/x': counted(3) })] };
    expect(growthOf(before, now)).toMatchObject({
      restarted: 1,
      span: { baseline: { whole: { requests: 0 } } },
    });
  });

  it('keeps no more than a hundred endpoints apart', () => {
    const many = Object.fromEntries(Array.from({ length: 250 }, (_, id) => [`/user/${id}`, counted(2)]));
    const { span } = growthOf(
      { ...none, baseline: [totals('a', {})] },
      { ...none, baseline: [totals('a', many)] },
    );
    expect(span.baseline.endpoints.size).toBe(101);
    expect(span.baseline.endpoints.get('(other)')?.requests).toBe(300);
    expect(span.baseline.whole.requests).toBe(500);
  });
});

describe('fillBlocks()', () => {
  const judge: RolloutJudge = {
    margin: 0.05,
    errorMargin: 0.001,
    confidence: 0.98,
    blockMs: 5000,
    blockRequests: 100,
  };
  const span = (baseline: number, candidate: number): TrafficSpan =>
    growthOf(
      { baseline: [totals('a', {})], candidate: [totals('b', {})] },
      {
        baseline: [totals('a', { '/x': counted(baseline), '/y': counted(1) })],
        candidate: [totals('b', { '/x': counted(candidate), '/y': counted(1) })],
      },
    ).span;

  it('closes a block that is long enough and has enough of both builds', () => {
    const first = fillBlocks(noBlocks, { span: span(400, 150), spanMs: 4000 }, judge);
    expect(first.closed).toEqual([]);
    const second = fillBlocks(first.open, { span: span(400, 150), spanMs: 1000 }, judge);
    expect(second.closed.map(({ endpoint, candidate }) => [endpoint, candidate.requests])).toEqual([
      [undefined, 302],
      ['/x', 300],
    ]);
    expect(second.open.get('/y')).toMatchObject({ ageMs: 5000, candidate: { requests: 2 } });
  });

  it('waits for the build that has less', () => {
    const { open, closed } = fillBlocks(noBlocks, { span: span(4000, 50), spanMs: 60_000 }, judge);
    expect(closed).toEqual([]);
    expect(fillBlocks(open, { span: span(4000, 50), spanMs: 60_000 }, judge).closed).toHaveLength(2);
  });
});

describe('mergeSpans()', () => {
  it('of none is nothing', () => {
    expect(mergeSpans([]).candidate.whole.requests).toBe(0);
  });
});
