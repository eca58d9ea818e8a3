import fc from 'fast-check';
import { parseRolloutPlan } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';

function problemsOf(input: unknown): string[] {
  const parsed = parseRolloutPlan(input);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path.join('.')} ${message}`);
}

describe('parseRolloutPlan()', () => {
  it('completes a canary, which ends with all of the traffic', () => {
    const parsed = parseRolloutPlan({
      canary: { steps: [{ share: 0.05 }, { share: 0.25, watch: '1m', requests: 50 }] },
    });
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        kind: 'canary',
        steps: [
          { share: 0.05, capacity: 0.05, watchMs: 300_000, watchMsMax: 1_800_000, requestsMin: 500 },
          { share: 0.25, capacity: 0.25, watchMs: 60_000, watchMsMax: 360_000, requestsMin: 50 },
          { share: 1, capacity: 1, watchMs: 300_000 },
        ],
        judge: { margin: 0.05, errorMargin: 0.001, confidence: 0.98 },
        whenInconclusive: 'pause',
      },
    });
  });

  it('completes blue and green: all instances first, then all of the traffic', () => {
    expect(parseRolloutPlan({ blueGreen: {} })).toMatchObject({
      ok: true,
      value: {
        kind: 'blue-green',
        steps: [
          { share: 0, capacity: 1 },
          { share: 1, capacity: 1, watchMs: 600_000 },
        ],
      },
    });
  });

  it('may name a flag that has to let it start', () => {
    expect(parseRolloutPlan({ blueGreen: {}, flag: 'checkout.v2' })).toMatchObject({
      ok: true,
      value: { flag: 'checkout.v2' },
    });
    for (const flag of ['-checkout', 'check out', 'c'.repeat(101)])
      expect(problemsOf({ blueGreen: {}, flag })).toEqual([expect.stringMatching(/^flag must be the name/)]);
  });

  it('tells everything that is wrong at once', () => {
    const problems = problemsOf({
      canary: { steps: [{ share: 0.5 }, { share: 0.2, watch: '5m', watchAtMost: '1m' }, { share: 5 }, {}] },
      guard: { latencyTimes: 1, errorRatio: 0 },
      judge: { confidence: 1 },
      whenInconclusive: 'promote',
      settel: '5s',
    });
    expect(problems).toEqual([
      expect.stringContaining('settel is not known; did you mean settle?'),
      expect.stringContaining('canary.steps.1.watchAtMost must be at least watch'),
      expect.stringContaining('canary.steps.2.share must be a number above 0 and at most 0.99, got 5'),
      expect.stringContaining('canary.steps.3.share must be a number above 0'),
      expect.stringContaining('canary.steps.1.share must be above the step before, got 0.2 after 0.5'),
      expect.stringContaining('judge.confidence'),
      expect.stringContaining('guard.errorRatio'),
      expect.stringContaining('guard.latencyTimes'),
      expect.stringContaining('whenInconclusive must be one of pause, go on, roll back'),
    ]);
  });

  it.each([[{}], [{ canary: { steps: [{ share: 0.1 }] }, blueGreen: {} }]])(
    'wants one kind, in %j',
    (input) => {
      expect(problemsOf(input).join()).toContain('must have one of canary and blueGreen, and not both');
    },
  );

  it('takes anything, and gives a plan that can work or says why not', () => {
    const step = fc.record(
      { share: fc.double({ noNaN: true }), watch: fc.constantFrom('1s', '5m', '', 5) },
      { requiredKeys: [] },
    );
    const written = fc.oneof(
      fc.jsonValue(),
      fc.record({
        canary: fc.oneof(fc.jsonValue(), fc.record({ steps: fc.array(fc.oneof(step, fc.jsonValue())) })),
      }),
      fc.record({
        canary: fc.record({
          steps: fc.array(fc.record({ share: fc.constantFrom(0.1, 0.2, 0.5, 0.9, 1) }), { maxLength: 3 }),
        }),
      }),
    );
    fc.assert(
      fc.property(written, (input) => {
        const parsed = parseRolloutPlan(input);
        if (!parsed.ok) {
          expect(parsed.problems.length).toBeGreaterThan(0);
          return;
        }
        const { steps } = parsed.value;
        expect(steps.at(-1)?.share).toBe(1);
        for (const [index, { share, capacity, watchMs, watchMsMax }] of steps.entries()) {
          expect(share).toBeGreaterThan(steps[index - 1]?.share ?? -1);
          expect(capacity).toBeGreaterThanOrEqual(share);
          expect(watchMsMax).toBeGreaterThanOrEqual(watchMs);
        }
      }),
    );
  });
});
