import type { ScalingRule, ScalingStep } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { cooldownEnds } from '../../../src/scaling/decide/cooldown.ts';
import { minuteMs, noonMs, rule } from '../policies.ts';

const cpu = rule('cpuRatio', 0.7);
const memory = rule('memoryRatio', 0.8);
const forecast: ScalingRule = {
  ...{ kind: 'forecast', metric: 'cpuRatio', of: 'per replica', merge: 'mean', whenMissing: 'ignore' },
  ...{ scaleOutCooldownMs: 0, scaleInCooldownMs: 0, target: 1, sizing: undefined, quantile: 0.9 },
  ...{ leadMs: undefined, marginMs: 0 },
};
const rules = [cpu, memory, forecast];
const free = Number.NEGATIVE_INFINITY;

/** A step up, so many minutes after noon. */
function up(minute: number, ...askers: ScalingStep['askers']): ScalingStep {
  return { atMs: noonMs + minute * minuteMs, from: 4, to: 5, askers };
}

/** When they may ask again, in minutes after noon. */
function endsAt(minute: number, history: readonly ScalingStep[]): readonly number[] {
  return cooldownEnds(rules, history, noonMs + minute * minuteMs).map((endMs) => (endMs - noonMs) / minuteMs);
}

describe('the cooldowns of rules', () => {
  it('begin with the step that a rule asked for, and leave others free', () => {
    expect(endsAt(1, [up(0, 'threshold cpuRatio')])).toEqual([5, free, free]);
    expect(endsAt(5, [up(0, 'threshold cpuRatio')])).toEqual([free, free, free]);
  });

  it('begin anew with a step that another threshold took, where both asked: one overload shows in several metrics', () => {
    const history = [up(0, 'threshold cpuRatio'), up(1, 'threshold cpuRatio', 'threshold memoryRatio')];
    expect(endsAt(2, history)).toEqual([6, 6, free]);
  });

  it('are not made longer by what a forecast adds, however often', () => {
    const both = ['threshold cpuRatio', 'forecast cpuRatio'] as const;
    expect(endsAt(4, [up(0, ...both), up(1, ...both), up(2, ...both), up(3, ...both)])).toEqual([5, free, 3]);
    // Of its own, after them, it counts again.
    expect(endsAt(6, [up(0, ...both), up(4, ...both), up(5, ...both)])).toEqual([10, free, 5]);
  });

  it('are not touched by steps down, or by hand', () => {
    const down = { ...up(0, 'threshold cpuRatio'), from: 5, to: 4 };
    expect(endsAt(1, [down, up(0)])).toEqual([free, free, free]);
  });
});
