import { nameOf, type ScalingRule } from '../policy/rule.ts';
import type { ScalingStep } from './decision.ts';

/**
 * When each rule may ask for more again. Pure.
 *
 * A rule waits after a step up that it asked for itself. While it waits, a step that another one took because of what it saw, a
 * threshold or a target, answers this rule too where it asked as well: several metrics tell of one overload, and are not to
 * add for it one by one. What was only added beforehand, by a forecast, sizing or the calendar, answers nobody else:
 * otherwise a forecast that adds one after the other would keep a threshold waiting for ever.
 *
 * @param history steps that were taken, oldest first.
 * @returns by the place of the rule, in milliseconds since the epoch; `-Infinity` where it does not wait.
 */
export function cooldownEnds(
  rules: readonly ScalingRule[],
  history: readonly ScalingStep[],
  atMs: number,
): readonly number[] {
  const waits = rules.map(
    (rule): Wait => ({
      seesLoad: rule.kind === 'threshold' || rule.kind === 'target',
      cooldownMs: rule.kind === 'calendar' ? 0 : rule.scaleOutCooldownMs,
      endMs: Number.NEGATIVE_INFINITY,
    }),
  );
  const byAsker = new Map(rules.map((rule, at) => [`${rule.kind} ${nameOf(rule)}`, waits[at] as Wait]));
  const longestMs = Math.max(0, ...waits.map(({ cooldownMs }) => cooldownMs));
  for (let at = firstThatCounts(history, longestMs, atMs); at < history.length; at++) {
    const { from, to, askers, atMs: stepMs } = history[at] as ScalingStep;
    if (to <= from) continue;
    let isAnswer = false;
    for (const asker of askers) {
      const wait = byAsker.get(asker);
      if (wait?.seesLoad && wait.endMs <= stepMs) isAnswer = true;
    }
    for (const asker of askers) {
      const wait = byAsker.get(asker);
      if (wait !== undefined && (wait.endMs <= stepMs || (isAnswer && wait.seesLoad)))
        wait.endMs = stepMs + wait.cooldownMs;
    }
  }
  return waits.map(({ endMs }) => endMs);
}

/** How long one rule waits. */
interface Wait {
  readonly seesLoad: boolean;
  readonly cooldownMs: number;
  endMs: number;
}

/** The place of the first step before which nobody can have waited any more. */
function firstThatCounts(history: readonly ScalingStep[], longestMs: number, atMs: number): number {
  let first = history.length;
  for (let nextMs = atMs; first > 0; first--) {
    const before = history[first - 1] as ScalingStep;
    if (before.atMs + longestMs <= nextMs) break;
    nextMs = before.atMs;
  }
  return first;
}
