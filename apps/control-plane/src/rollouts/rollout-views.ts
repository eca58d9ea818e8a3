import {
  isRolloutUnderWay,
  type RolloutEffect,
  type RolloutState,
  type RolloutStatus,
} from 'loadline/scaling';
import { type RolloutView, timeOf } from '../contract/index.ts';

type EffectView = NonNullable<RolloutView['effects']>[number];

/** A rollout as a list has it. Pure. */
export function rolloutViewOf({ state, judgement, troubles }: RolloutStatus): RolloutView {
  const { id, group: service, baseline, candidate, phase, share, step, plan, requests, seenMs } = state;
  const isJudged = isRolloutUnderWay(state) && share > 0;
  return {
    ...{ id, service, baseline, candidate, phase, share, requests, seenMs },
    phaseSince: timeOf(state.phaseAtMs),
    step: step + 1,
    steps: plan.steps.map((each) => ({ share: each.share, watchMs: each.watchMs })),
    ...(state.pausedBy === undefined ? {} : { pausedBy: state.pausedBy }),
    startedAt: timeOf(state.startedAtMs),
    startedBy: state.startedBy,
    reason: state.reason,
    ...(isJudged ? { verdict: judgement.verdict, effects: judgement.effects.map(effectViewOf) } : {}),
    ...(Object.keys(troubles).length === 0 ? {} : { troubles: { ...troubles } }),
  };
}

/** With every turn that it took. Pure. */
export function wholeRolloutViewOf(status: RolloutStatus): RolloutView {
  return {
    ...rolloutViewOf(status),
    log: status.state.log.map(({ atMs, phase, share, reason, effects = [] }) => ({
      at: timeOf(atMs),
      ...{ phase, share, reason },
      ...(effects.length === 0 ? {} : { effects: effects.map(effectViewOf) }),
    })),
  };
}

/** A turn as it is told to who follows. Pure. */
export function rolloutTurnOf({
  id,
  group: service,
  baseline,
  candidate,
  phase,
  share,
  reason,
  phaseAtMs,
}: RolloutState): Readonly<Record<string, string | number>> {
  return { id, service, baseline, candidate, phase, share, at: timeOf(phaseAtMs), reason };
}

/** What is not known yet has no numbers that JSON could say. */
function effectViewOf({ endpoint, metric, verdict, change, low, high, blocks }: RolloutEffect): EffectView {
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...{ metric, verdict, blocks },
    ...Object.fromEntries(
      Object.entries({ change, low, high }).filter(([, value]) => Number.isFinite(value)),
    ),
  };
}
