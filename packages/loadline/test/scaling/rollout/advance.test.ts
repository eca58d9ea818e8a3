import fc from 'fast-check';
import { createHistogram } from 'loadline/metrics';
import { parseRolloutPlan, type RolloutPlan, type RolloutState } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { advance, type RolloutLook } from '../../../src/scaling/rollout/advance.ts';
import { startRollout, stepOf } from '../../../src/scaling/rollout/state.ts';
import type { BuildSpan } from '../../../src/scaling/rollout/traffic-seen.ts';

function planOf(written: unknown): RolloutPlan {
  const parsed = parseRolloutPlan(written);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

const plans = [
  planOf({
    canary: {
      steps: [
        { share: 0.1, watch: '5s', requests: 100 },
        { share: 0.5, watch: '5s', requests: 100 },
      ],
      keep: '5s',
    },
    settle: '2s',
    whenInconclusive: 'go on',
    pauseAtMost: '1m',
    prepareAtMost: '1m',
  }),
  planOf({ blueGreen: { verify: '3s', keep: '5s' }, settle: '1s', prepareAtMost: '1m' }),
];

function span(requests: number, errors = 0): BuildSpan {
  const latency = createHistogram();
  latency.recordMany(20_000, requests);
  return { whole: { requests, errors, latency }, endpoints: new Map() };
}

const capacity = fc.constantFrom<RolloutLook['capacity']>(
  { kind: 'ready' },
  { kind: 'ready' },
  { kind: 'ready' },
  { kind: 'coming', because: '1 of 2 are up' },
);
const fitness = fc.constantFrom<RolloutLook['fitness']>(
  { kind: 'fit' },
  { kind: 'fit' },
  { kind: 'fit' },
  { kind: 'partly fit', because: '1 of 2 are up' },
);
const traffic = fc.constantFrom<RolloutLook['traffic']['kind'] | 'nothing'>(
  'seen',
  'seen',
  'seen',
  'blind',
  'nothing',
);
/** One look in a hundred or so shows that everything is wrong. */
const isBad = fc.nat({ max: 150 }).map((drawn) => drawn === 0);
const looks = fc.array(
  fc.record({ capacity, fitness, traffic, isBad, isTaken: fc.nat({ max: 9 }).map((n) => n > 0) }),
  {
    minLength: 20,
    maxLength: 150,
  },
);

function lookAt(
  atMs: number,
  drawn: { traffic: string; isBad: boolean } & Pick<RolloutLook, 'capacity' | 'fitness'>,
): RolloutLook {
  const candidate = drawn.traffic === 'nothing' ? span(0) : span(50, drawn.isBad ? 50 : 0);
  const seen = { baseline: span(200), candidate };
  return {
    atMs,
    capacity: drawn.capacity,
    fitness: drawn.fitness,
    traffic:
      drawn.traffic === 'blind'
        ? { kind: 'blind', because: 'nobody answers' }
        : {
            kind: 'seen',
            spanMs: 1000,
            span: seen,
            recent: seen,
            closed: [],
            usual: { errorRatio: 0, latencyP95: 20_000 },
          },
  };
}

describe('advance()', () => {
  it('keeps its promises, whatever is seen', () => {
    fc.assert(
      fc.property(fc.constantFrom(...plans), looks, (plan, drawn) => {
        const order = { id: 'r1', group: 'api', baseline: '1.0', candidate: '1.1', plan, startedBy: 'ada' };
        let state: RolloutState = startRollout(order, 0);
        for (const [index, each] of drawn.entries()) {
          const look = lookAt(1000 * index, each);
          const next = advance(state, look);
          check(state, next, look, each);
          state =
            next.share === state.share && next.isShareTaken ? next : { ...next, isShareTaken: each.isTaken };
        }
      }),
      { numRuns: 300 },
    );
  });
});

function check(
  before: RolloutState,
  after: RolloutState,
  look: RolloutLook,
  { isBad, traffic }: { isBad: boolean; traffic: string },
): void {
  const isBack = ['rolling back', 'rolled back'].includes(before.phase);
  if (after.share > before.share) {
    // More only on what is ready, found fit, taken up and seen.
    expect(look.capacity.kind).toBe('ready');
    expect(look.fitness.kind).toBe('fit');
    expect(look.traffic.kind).toBe('seen');
    expect(before.isShareTaken).toBe(true);
    expect(isBack).toBe(false);
    expect(after.share).toBe(stepOf(after).share);
  }
  expect([0, ...after.plan.steps.map(({ share }) => share)]).toContain(after.share);
  expect(after.step - before.step === 0 || after.step - before.step === 1).toBe(true);
  if (after.step > before.step) {
    const { watchMs, requestsMin } = stepOf(before);
    const passed = {
      ms: 1000 + before.seenMs - (before.share === 0 ? 0 : before.plan.settleMs),
      requests: 50 + before.requests,
    };
    expect(passed.ms).toBeGreaterThanOrEqual(watchMs);
    expect(passed.requests).toBeGreaterThanOrEqual(requestsMin);
  }
  if (after.phase === 'promoted') expect(after.share).toBe(1);
  if (after.phase === 'rolled back') expect(after.share).toBe(0);
  if (isBack) expect(['rolling back', 'rolled back']).toContain(after.phase);
  const hadTraffic = before.share > 0 && ['preparing', 'watching', 'paused'].includes(before.phase);
  if (isBad && traffic === 'seen' && hadTraffic)
    expect(after).toMatchObject({ phase: 'rolling back', share: 0 });
  // What is not seen is not counted.
  if (traffic === 'blind')
    expect([after.seenMs, after.requests]).toEqual(
      after.share > before.share ? [0, 0] : [before.seenMs, before.requests],
    );
}
