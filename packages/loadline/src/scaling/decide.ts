import type { Bound, Decision, Observation, Proposal, ScalingStep } from './decision.ts';
import { explain } from './explain.ts';
import type { ManualScaling, ScalingConfiguration, ScalingPolicy, ThresholdRule } from './policy.ts';
import { propose } from './propose.ts';

/** What a decision stands on, beside what was seen. */
export interface Standing {
  readonly configuration: ScalingConfiguration;
  /** What somebody has set by hand; ignored once its time is over. */
  readonly manual: ManualScaling | undefined;
  /** Steps that were taken, oldest first; those older than every cooldown do not matter. */
  readonly history: readonly ScalingStep[];
}

/**
 * Chooses how many instances to want next. Pure: the same values give the same decision, and it reads no clock.
 *
 * In this order: the limits of the policy hold always; what was set by hand holds until its time is over; any rule
 * may ask for more; fewer are taken only when every rule agrees, nothing is still starting or stopping, and the
 * load would still fit afterwards. Whoever cannot see takes nothing away.
 */
export function decide({ configuration, manual, history }: Standing, seen: Observation): Decision {
  const { group, version, policy } = configuration;
  const proposals = policy.rules.map((rule) => propose(rule, seen, policy.staleAfterMs));
  const choice = choose({ policy, manual, history, seen, proposals });
  const from = seen.wanted;
  const action = choice.to > from ? 'scale out' : choice.to < from ? 'scale in' : 'hold';
  const decision = {
    group,
    atMs: seen.atMs,
    policyVersion: version,
    action,
    from,
    proposals,
    ...choice,
  } as const;
  return { ...decision, reason: explain(decision) };
}

interface Question {
  readonly policy: ScalingPolicy;
  readonly manual: ManualScaling | undefined;
  readonly history: readonly ScalingStep[];
  readonly seen: Observation;
  readonly proposals: readonly Proposal[];
}

interface Choice {
  readonly to: number;
  readonly bound: Bound | undefined;
}

function choose(question: Question): Choice {
  const { policy, manual, seen, proposals } = question;
  const { min, max } = policy.replicas;
  if (manual !== undefined && seen.atMs < manual.untilMs) {
    const replicas = Math.min(max, Math.max(min, manual.replicas));
    return { to: replicas, bound: { kind: 'manual', replicas, untilMs: manual.untilMs } };
  }
  if (seen.wanted < min) return { to: min, bound: { kind: 'minimum', replicas: min } };
  if (seen.wanted > max) return { to: max, bound: { kind: 'maximum', replicas: max } };
  if (proposals.some(({ says }) => says === 'more')) return chooseMore(question);
  const missing = proposals.filter(({ says }) => says === 'nothing').map(({ metric }) => metric);
  if (missing.length > 0) return { to: seen.wanted, bound: { kind: 'blind', missing } };
  if (proposals.every(({ says }) => says === 'fewer')) return chooseFewer(question);
  return { to: seen.wanted, bound: undefined };
}

function chooseMore({ policy, history, seen, proposals }: Question): Choice {
  const { wanted, atMs } = seen;
  const { max } = policy.replicas;
  if (wanted === max) return { to: max, bound: { kind: 'maximum', replicas: max } };
  const asking = policy.rules.filter((_, index) => proposals[index]?.says === 'more');
  const untilMs = Math.min(...asking.map((rule) => outCooldownEnd(rule, history)));
  if (atMs < untilMs) return { to: wanted, bound: { kind: 'cooldown', untilMs } };
  const to = wanted + policy.scaleOut.step;
  return to > max ? { to: max, bound: { kind: 'maximum', replicas: max } } : { to, bound: undefined };
}

function chooseFewer({ policy, history, seen, proposals }: Question): Choice {
  const { wanted, starting, stopping, atMs } = seen;
  const { min } = policy.replicas;
  if (wanted === min) return { to: min, bound: { kind: 'minimum', replicas: min } };
  if (starting > 0 || stopping > 0) return { to: wanted, bound: { kind: 'settling', starting, stopping } };
  const untilMs = Math.max(...policy.rules.map((rule) => inCooldownEnd(rule, policy, history)));
  if (atMs < untilMs) return { to: wanted, bound: { kind: 'cooldown', untilMs } };
  const step = Math.max(min, wanted - policy.scaleIn.step);
  const tightest = tightestOf(proposals);
  const to = Math.max(step, fewestFor(tightest, wanted));
  if (to > step) {
    const projected = (tightest.seen as number) * (wanted / step);
    return { to: Math.min(to, wanted), bound: { kind: 'would not fit', metric: tightest.metric, projected } };
  }
  const isCut = step > wanted - policy.scaleIn.step;
  return { to, bound: isCut ? { kind: 'minimum', replicas: min } : undefined };
}

/** When a rule may ask for more again: its cooldown counts from the last step up that it asked for itself. */
function outCooldownEnd(rule: ThresholdRule, history: readonly ScalingStep[]): number {
  const last = history.findLast(({ from, to, metrics }) => to > from && metrics.includes(rule.metric));
  return last === undefined ? Number.NEGATIVE_INFINITY : last.atMs + rule.scaleOutCooldownMs;
}

/** After a step up, too: what was just added has to show what it does before it is taken away. */
function inCooldownEnd(
  { scaleInCooldownMs }: ThresholdRule,
  { scaleIn }: ScalingPolicy,
  history: readonly ScalingStep[],
): number {
  const last = history.at(-1);
  if (last === undefined) return Number.NEGATIVE_INFINITY;
  return last.atMs + Math.max(scaleIn.cooldownMs, scaleInCooldownMs);
}

/** The metric that is nearest to its limit; in a question where every rule has seen something. */
function tightestOf(proposals: readonly Proposal[]): Proposal {
  const load = ({ seen, scaleOutAbove }: Proposal): number => (seen as number) / scaleOutAbove;
  return proposals.reduce((tightest, each) => (load(each) > load(tightest) ? each : tightest));
}

/**
 * The fewest instances that keep a metric within its limit, where those that stay take over the share of those that
 * go: each value then grows by from/to. For a queue or a response time that is the least that it would grow by.
 */
function fewestFor({ seen, scaleOutAbove }: Proposal, wanted: number): number {
  // A hair less, so that a load that fits exactly is not turned away by the last bit of a division.
  return Math.ceil(((seen as number) * wanted) / scaleOutAbove - 1e-9);
}
