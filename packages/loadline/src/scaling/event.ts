import { askersOf, type Decision, isForced, type ScalingStep } from './decide/decision.ts';
import type { StepOutcome } from './group-round.ts';
import type { ScalingEvent, ScalingTrigger } from './memory.ts';

/** What a decision that was taken means to later ones. */
export function stepOf(decision: Decision): ScalingStep {
  const { atMs, from, to } = decision;
  const askers = askersOf(decision).map(({ kind, metric }) => `${kind} ${metric}` as const);
  return { atMs, from, to, askers };
}

/** What is remembered of a step, whether it could be taken or not. */
export function eventOf(decision: Decision, outcome: StepOutcome): ScalingEvent {
  const { group, atMs, from, to, reason } = decision;
  return {
    group,
    atMs,
    action: to > from ? 'scale_up' : 'scale_down',
    previousCapacity: from,
    newCapacity: to,
    trigger: triggerOf(decision),
    outcome: outcome.kind,
    reason: outcome.kind === 'accepted' ? reason : `${reason} Not done: ${outcome.because}.`,
    decision,
  };
}

function triggerOf(decision: Decision): ScalingTrigger {
  const { bound, from, to, proposals } = decision;
  if (isForced(decision) && bound !== undefined) {
    return { metric: bound.kind as 'manual' | 'minimum' | 'maximum', value: from, threshold: to };
  }
  const asked = askersOf(decision);
  const isUp = to > from;
  // By an autoscaler's window a step may be one that was asked for before, and that nobody asks for now.
  const candidates = (asked.length === 0 ? proposals : asked).map(
    ({ metric, seen = Number.NaN, scaleOutAbove = Number.NaN, scaleInBelow = Number.NaN }) => {
      const threshold = isUp ? scaleOutAbove : scaleInBelow;
      return { metric, value: seen, threshold, past: isUp ? seen / threshold : -seen / threshold };
    },
  );
  const { metric, value, threshold } = candidates.reduce((most, each) =>
    // Whoever knows no number is the loudest only among themselves.
    each.past > most.past || Number.isNaN(most.past) ? each : most,
  );
  return { metric, value, threshold };
}
