import { endless } from '../hpa/arithmetic.ts';
import { decideHpa, type HpaDecision } from '../hpa/decide-hpa.ts';
import type { HpaObservation, HpaPod, HpaSamples } from '../hpa/observation.ts';
import { metricKey } from '../hpa/observation.ts';
import type { HpaMetric, HpaSpec } from '../hpa/spec.ts';
import { hpaMetricOf } from '../policy/hpa-metric.ts';
import { showMetric } from '../policy/metric.ts';
import { type Observation, type SeenInstance, see } from '../strategies/observation.ts';
import type { Proposal } from '../strategies/strategy.ts';
import { assess } from './assess.ts';
import type { Bound, Decision } from './decision.ts';
import { explain } from './explain.ts';
import { settleBeforehand, withHold } from './settle.ts';
import type { Standing } from './standing.ts';

/** Decides as Kubernetes' own controller would, were the group's instances its pods. Pure. */
export function decideByHpa(standing: Standing, hpa: HpaSpec, seen: Observation): Decision {
  const { configuration, history, recommendations } = standing;
  const { group, version, policy } = configuration;
  const from = seen.wanted;
  const isByHand = standing.manual !== undefined && seen.atMs < standing.manual.untilMs;
  const beforehand = isByHand || policy.mode === 'paused' ? settleBeforehand(standing, seen) : undefined;
  const steps = history.map(({ atMs, from: before, to }) => ({ atMs, from: before, to }));
  const found = decideHpa(hpa, observationOf(hpa, seen, policy.staleAfterMs), { recommendations, steps });
  const { to, bound } =
    beforehand ?? withHold({ to: found.replicas, bound: boundOf(found, hpa, seen) }, from, standing.hold);
  const proposals = found.metrics.map((each) => proposalOf(each, seen, policy.staleAfterMs));
  const decision = {
    group,
    atMs: seen.atMs,
    policyVersion: version,
    action: to > from ? 'scale out' : to < from ? 'scale in' : 'hold',
    from,
    to,
    recommended: found.recommended,
    proposals,
    bound,
  } as const;
  const assessed = { ...decision, ...assess(decision, policy.staleAfterMs) };
  return { ...assessed, reason: explain(assessed, seen.unmet) };
}

/** Each instance as the pod that it would be: with its share of a processor and of memory as what it requests. */
function observationOf({ metrics }: HpaSpec, seen: Observation, staleAfterMs: number): HpaObservation {
  const pods = podsOf(seen);
  return {
    atMs: seen.atMs,
    specReplicas: seen.wanted,
    statusReplicas: seen.ready + seen.starting,
    pods,
    metrics: Object.fromEntries(
      metrics.map((metric) => [metricKey(metric), samplesOf(metric, seen, { pods, staleAfterMs })]),
    ),
  };
}

function podsOf(seen: Observation): readonly HpaPod[] {
  return seen.instances === undefined ? averagePods(seen) : seen.instances.map(podOf);
}

const requests = { cpu: 1000, memory: 1000 };

function podOf({ id, state, sinceMs, startedMs }: SeenInstance): HpaPod {
  return {
    name: id,
    // One that waits for its next start after a crash is Running too, as a pod whose container is in back-off.
    phase: 'Running',
    isDeleted: state === 'draining',
    ready: { status: state === 'ready' ? 'True' : 'False', sinceMs },
    startedMs,
    requests,
  };
}

/** Where nobody tells them apart, each that is ready is an old and average one. */
function averagePods({ ready, starting, atMs }: Observation): readonly HpaPod[] {
  return Array.from({ length: ready + starting }, (_, index) => {
    const isReady = index < ready;
    const startedMs = isReady ? 0 : atMs;
    return {
      name: `${index}`,
      phase: 'Running' as const,
      isDeleted: false,
      ready: { status: isReady ? ('True' as const) : ('False' as const), sinceMs: startedMs },
      startedMs,
      requests,
    };
  });
}

interface Looking {
  readonly pods: readonly HpaPod[];
  readonly staleAfterMs: number;
}

function samplesOf(metric: HpaMetric, seen: Observation, { pods, staleAfterMs }: Looking): HpaSamples {
  const wanted = hpaMetricOf(metric);
  if (wanted === undefined) return { of: 'nobody', because: 'no instance measures it' };
  if (wanted.of === 'of the group') {
    const sight = see(wanted.metric, seen, staleAfterMs);
    return 'flaw' in sight
      ? { of: 'nobody', because: sight.flaw }
      : { of: 'object', milli: [milliOf(sight.value)] };
  }
  const average = seen.instances === undefined ? seen.readings[wanted.metric] : undefined;
  if (average !== undefined && 'because' in average) {
    const sight = see(wanted.metric, seen, staleAfterMs);
    if ('flaw' in sight) return { of: 'nobody', because: sight.flaw };
  }
  const byPod: Record<string, { milli: number; atMs: number; windowMs: number }> = {};
  const instances = new Map(seen.instances?.map((each) => [each.id, each]));
  for (const { name, ready } of pods) {
    const readings = seen.instances === undefined ? seen.readings : (instances.get(name)?.readings ?? {});
    // An average is of those that are ready.
    if (seen.instances === undefined && ready?.status !== 'True') continue;
    const sight = see(wanted.metric, { readings, atMs: seen.atMs }, staleAfterMs);
    if ('value' in sight)
      byPod[name] = {
        milli: milliOf(sight.value),
        atMs: seen.atMs - sight.ageMs,
        windowMs: sight.overMs ?? 0,
      };
  }
  return { of: 'pods', byPod };
}

/** Truncated, as the controller's averages are; but not by the last bit of a multiplication. */
function milliOf(value: number): number {
  // The controller's numbers have no room for more.
  return Math.min(endless, Math.floor(value * 1000 + 1e-6));
}

function proposalOf(
  { metric, found }: HpaDecision['metrics'][number],
  seen: Observation,
  staleAfterMs: number,
): Proposal {
  const wanted = hpaMetricOf(metric);
  const name = wanted?.metric ?? (`custom:${metricKey(metric)}` as const);
  const sight = see(name, seen, staleAfterMs);
  const rule = {
    metric: name,
    kind: 'hpa',
    isFloor: false,
    scaleOutAbove: undefined,
    scaleInBelow: undefined,
    ageMs: 'value' in sight ? sight.ageMs : undefined,
    count: 'value' in sight ? sight.count : undefined,
  } as const;
  if ('because' in found) {
    return { ...rule, says: 'nothing', wants: seen.wanted, seen: undefined, because: found.because };
  }
  const { replicas, current } = found;
  const says = replicas > seen.wanted ? 'more' : replicas < seen.wanted ? 'fewer' : 'stay';
  const unit = metric.target.type === 'Utilization' ? 100 : 1000;
  // With nothing running, the controller calls an average nothing; what waits is told whole.
  const isEmpty = seen.ready + seen.starting === 0;
  const value = isEmpty && 'value' in sight ? sight.value : current / unit;
  const target =
    metric.target.type === 'Utilization' ? metric.target.percent / 100 : metric.target.milli / 1000;
  const shown = [value, target].map((each) => showMetric(name, each));
  return {
    ...rule,
    says,
    wants: replicas,
    seen: value,
    because: `is ${shown[0]} of a target of ${shown[1]}, for ${replicas}`,
  };
}

/** What the controller calls a condition, as what bound the decision. */
function boundOf(
  found: HpaDecision,
  { minReplicas, maxReplicas, behavior }: HpaSpec,
  seen: Observation,
): Bound | undefined {
  const { scalingLimited, scalingActive } = found.conditions;
  if (scalingActive?.reason === 'ScalingDisabled') return { kind: 'paused' };
  if (seen.wanted < minReplicas) return { kind: 'minimum', replicas: minReplicas };
  if (seen.wanted > maxReplicas) return { kind: 'maximum', replicas: maxReplicas };
  if (scalingActive?.status === false) {
    const missing = found.metrics.flatMap((each) =>
      'because' in each.found
        ? [hpaMetricOf(each.metric)?.metric ?? (`custom:${metricKey(each.metric)}` as const)]
        : [],
    );
    return { kind: 'blind', missing };
  }
  if (scalingLimited?.status === true)
    return limitBound(scalingLimited.reason, found, { minReplicas, maxReplicas, behavior });
  if (found.isStabilized === undefined) return undefined;
  const { scaleUp, scaleDown } = behavior ?? {};
  const seconds =
    found.isStabilized === 'up'
      ? (scaleUp?.stabilizationSeconds ?? 0)
      : (scaleDown?.stabilizationSeconds ?? 300);
  return { kind: 'stabilizing', windowMs: seconds * 1000, replicas: found.replicas };
}

function limitBound(
  limit: string,
  { replicas }: HpaDecision,
  { minReplicas, maxReplicas, behavior }: Pick<HpaSpec, 'minReplicas' | 'maxReplicas' | 'behavior'>,
): Bound {
  if (limit === 'TooManyReplicas') return { kind: 'maximum', replicas: maxReplicas };
  if (limit === 'TooFewReplicas') return { kind: 'minimum', replicas: minReplicas };
  const direction = limit === 'ScaleUpLimit' ? 'scale out' : 'scale in';
  const rules = limit === 'ScaleUpLimit' ? behavior?.scaleUp : behavior?.scaleDown;
  if (rules?.select === 'Disabled') return { kind: 'disabled', direction };
  return { kind: 'limited', direction, replicas };
}
