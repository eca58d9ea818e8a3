import {
  type DecisionSpan,
  type Fleet,
  type Observed,
  type Proposal,
  type RestartProgress,
  type Round,
  type ScalingStatus,
  writeScalingPolicy,
} from 'loadline/scaling';
import type { ScalingEvent as StoredEvent } from 'loadline/store';
import { type ScalingDecision, type ScalingEvent, type ScalingGroup, timeOf } from '../contract/index.ts';
import type { ProxyView } from './proxy-view.ts';

/** A group as the API shows it. Pure. */
export function groupViewOf(
  { configuration, manual, last, counts }: ScalingStatus,
  seen: Observed,
  proxies: readonly ProxyView[] | undefined,
): ScalingGroup {
  const { group, version, policy, changedBy, changedAtMs } = configuration;
  return {
    group,
    version,
    policy: writeScalingPolicy(policy),
    changedBy,
    changedAt: timeOf(changedAtMs),
    ...(manual === undefined ? {} : { manual: manualOf(manual) }),
    ...(seen.kind === 'seen' ? { fleet: fleetOf(seen) } : { unseen: seen.because }),
    ...(proxies === undefined ? {} : { proxies: proxies.map(({ ...view }) => view) }),
    ...(last === undefined ? {} : { last: roundOf(last) }),
    counts: { ...counts },
  };
}

/** A step that was taken or tried. Pure. */
export function eventViewOf(event: StoredEvent): ScalingEvent {
  const { id, atMs, previousCapacity, newCapacity, reason = '', actor = 'scaler' } = event;
  const { outcome } = (event.detail ?? {}) as { readonly outcome?: ScalingEvent['outcome'] };
  const numbers = { value: event.triggerValue, threshold: event.thresholdValue };
  return {
    id,
    at: timeOf(atMs),
    group: event.scalingGroup,
    action: event.scalingAction,
    previousCapacity,
    newCapacity,
    // JSON has no NaN.
    trigger: {
      metric: event.triggerMetric,
      ...Object.fromEntries(Object.entries(numbers).filter(([, value]) => Number.isFinite(value))),
    },
    ...(outcome === undefined ? {} : { outcome }),
    actor,
    reason,
  };
}

function manualOf({
  replicas,
  untilMs,
  setBy,
  setAtMs,
  reason,
}: NonNullable<ScalingStatus['manual']>): NonNullable<ScalingGroup['manual']> {
  return { replicas, until: timeOf(untilMs), setBy, setAt: timeOf(setAtMs), reason };
}

function fleetOf({
  wanted,
  ready,
  starting,
  stopping,
  instances,
  quota,
  restart,
}: Fleet): NonNullable<ScalingGroup['fleet']> {
  return {
    wanted,
    ready,
    starting,
    stopping,
    instances: instances.map(({ id, state, url, sinceMs, restarts, remark }) => ({
      id,
      state,
      ...(url === undefined ? {} : { url }),
      since: timeOf(sinceMs),
      restarts,
      ...(remark === undefined ? {} : { remark }),
    })),
    ...(quota === undefined ? {} : { quota }),
    ...(restart === undefined ? {} : { restart: restartOf(restart) }),
  };
}

function restartOf(restart: RestartProgress): NonNullable<NonNullable<ScalingGroup['fleet']>['restart']> {
  const { state, startedAtMs, of, replaced } = restart;
  return {
    ...{ state, startedAt: timeOf(startedAtMs), of, replaced },
    ...('endedAtMs' in restart ? { endedAt: timeOf(restart.endedAtMs) } : {}),
    ...('because' in restart ? { because: restart.because } : {}),
  };
}

function roundOf(round: Round): NonNullable<ScalingGroup['last']> {
  const at = timeOf(round.atMs);
  if (round.kind === 'unseen') return { at, action: 'unseen', reason: round.because };
  const { decision, outcome, unread } = round;
  const problem = outcome !== undefined && 'because' in outcome ? outcome.because : unread;
  return {
    at,
    action: decision.action,
    from: decision.from,
    to: decision.to,
    reason: decision.reason,
    ...(outcome === undefined ? {} : { outcome: outcome.kind }),
    ...(problem === undefined ? {} : { problem }),
    ...(decision.recommended === undefined ? {} : { recommended: decision.recommended }),
    sure: decision.sure,
    ...(decision.otherwise === '' ? {} : { otherwise: decision.otherwise }),
    proposals: decision.proposals.map(proposalOf),
  };
}

/** What was decided for a while, and why. Pure. */
export function decisionViewOf(span: DecisionSpan): ScalingDecision {
  const { decision, fromMs, untilMs, count, outcome, problem } = span;
  const time = { from: timeOf(fromMs), until: timeOf(untilMs), count };
  if (decision === undefined) return { ...time, action: 'unseen', reason: problem ?? '' };
  const { action, from, to, recommended, bound, reason, otherwise, sure, policyVersion, proposals } =
    decision;
  return {
    ...time,
    action,
    before: from,
    after: to,
    ...(recommended === undefined ? {} : { recommended }),
    ...(bound === undefined ? {} : { bound: bound.kind }),
    reason,
    ...(otherwise === '' ? {} : { otherwise }),
    sure,
    ...(outcome === undefined ? {} : { outcome }),
    ...(problem === undefined ? {} : { problem }),
    policyVersion,
    proposals: proposals.map(proposalOf),
    seen: Object.fromEntries(
      Object.entries(span.seen).map(([metric, [least, most]]) => [metric, [least, most]]),
    ),
  };
}

/** What is not known is left out: JSON has no word for it. */
function proposalOf(proposal: Proposal): NonNullable<ScalingRound['proposals']>[number] {
  const { metric, kind, says, wants, because, ageMs, ...numbers } = proposal;
  const { seen, count, scaleOutAbove, scaleInBelow } = numbers;
  const known = Object.entries({ seen, count, scaleOutAbove, scaleInBelow, ageMs });
  return {
    metric,
    kind,
    says,
    wants,
    because,
    ...Object.fromEntries(known.filter(([, value]) => value !== undefined)),
  };
}

type ScalingRound = NonNullable<ScalingGroup['last']>;
