import { formatDuration } from '../../base/index.ts';
import type { HpaBehavior, HpaDirection, HpaRatePolicy } from '../hpa/spec.ts';
import type { DirectionPolicy, ScalingPolicy } from '../policy/policy.ts';
import type { ScalingRule } from '../policy/rule.ts';

/** How fast an autoscaler may act, and what the policy says of it that it cannot. */
export interface HpaPace {
  readonly behavior: HpaBehavior;
  readonly notes: readonly string[];
}

/** Limits of the API server. */
const periodSecondsMax = 1800;
const windowSecondsMax = 3600;
/** How often the controller looks: nothing shorter means anything there. */
const syncSeconds = 15;

type Way = 'scaleOut' | 'scaleIn';

/**
 * The pace of a policy in the words of an autoscaler. Pure. A cooldown becomes a limit: one step in that time; steps of
 * thresholds are limits as well, since there every metric is a target and could ask for all at once.
 */
export function hpaPaceOf(policy: ScalingPolicy): HpaPace {
  const up = directionOf(policy, 'scaleOut');
  const down = directionOf(policy, 'scaleIn');
  return {
    behavior: { scaleUp: up.direction, scaleDown: down.direction },
    notes: [...up.notes, ...down.notes],
  };
}

function directionOf(policy: ScalingPolicy, way: Way): { direction: HpaDirection; notes: readonly string[] } {
  const notes: string[] = [];
  const { limits, select, stabilizationMs } = policy[way];
  const seconds = (ms: number, most: number, what: string): number => {
    const needed = Math.max(0, Math.ceil(ms / 1000));
    if (needed > most)
      notes.push(
        `${way}: ${what} of ${formatDuration(ms)} is more than Kubernetes takes; it is ${formatDuration(most * 1000)} there.`,
      );
    return Math.min(most, needed);
  };
  const whole = (value: number): number => {
    const rounded = Math.max(1, Math.round(value));
    if (rounded !== value)
      notes.push(
        `${way}: ${value} % is no whole number from 1, as Kubernetes takes it; it is ${rounded} % there.`,
      );
    return rounded;
  };
  const asLimits = limits.map(
    ({ kind, value, periodMs }): HpaRatePolicy => ({
      type: kind === 'percent' ? 'Percent' : 'Pods',
      value: whole(value),
      periodSeconds: Math.max(1, seconds(periodMs, periodSecondsMax, 'a period')),
    }),
  );
  const step = stepOf(policy, way);
  const steps: readonly HpaRatePolicy[] =
    step === undefined
      ? []
      : [
          {
            type: 'Pods',
            value: step.value,
            periodSeconds: seconds(step.periodMs, periodSecondsMax, 'a cooldown'),
          },
        ];
  if (steps.length > 0 && limits.length > 0 && select === 'max')
    notes.push(
      `${way}: steps and limits hold together here; there the least of both has been taken for all.`,
    );
  const policies = [...steps, ...asLimits];
  return {
    direction: {
      stabilizationSeconds: seconds(stabilizationMs, windowSecondsMax, 'a window'),
      select: select === 'disabled' ? 'Disabled' : steps.length > 0 || select === 'min' ? 'Min' : 'Max',
      policies: policies.length > 0 ? policies : unlimited,
      tolerance: toleranceOf(policy.rules, way),
    },
    notes,
  };
}

/** As much as there can be, at every look: what is here where nothing is said, and not what is there. */
const unlimited: readonly HpaRatePolicy[] = [
  { type: 'Percent', value: 100, periodSeconds: syncSeconds },
  { type: 'Pods', value: 10_000, periodSeconds: syncSeconds },
];

function stepOf(
  policy: ScalingPolicy,
  way: Way,
): { readonly value: number; readonly periodMs: number } | undefined {
  const direction: DirectionPolicy = policy[way];
  const ruled = policy.rules.filter((rule) => rule.kind !== 'calendar');
  const own = ruled.map((rule) => (way === 'scaleOut' ? rule.scaleOutCooldownMs : rule.scaleInCooldownMs));
  // Up, any rule may go ahead, so the shortest counts; down all have to agree, so it is the longest.
  const ofRules = way === 'scaleOut' ? Math.min(...own) : Math.max(...own);
  const periodMs = Math.max(direction.cooldownMs, Number.isFinite(ofRules) ? ofRules : 0);
  const hasThreshold = policy.rules.some(({ kind }) => kind === 'threshold');
  if (!hasThreshold) return periodMs > 0 ? { value: policy.replicas.max, periodMs } : undefined;
  return { value: direction.step, periodMs: Math.max(syncSeconds * 1000, periodMs) };
}

/** Only where all that go by a target agree on another than Kubernetes has. */
function toleranceOf(rules: readonly ScalingRule[], way: Way): number | undefined {
  const targets = rules.filter((rule) => rule.kind === 'target');
  const wanted = new Set(
    targets.map((rule) => (way === 'scaleOut' ? rule.scaleOutTolerance : rule.scaleInTolerance)),
  );
  const [only] = wanted;
  return wanted.size === 1 && only !== 0.1 ? only : undefined;
}
