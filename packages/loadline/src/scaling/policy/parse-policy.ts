import { type Field, type ObjectField, type Parsed, parse } from '../../base/index.ts';
import { isHpaObject, readHpa } from '../hpa/parse-hpa.ts';
import { readPolicyCalendar } from './parse-calendar.ts';
import { readDirection, readReplicas } from './parse-direction.ts';
import { readRules } from './parse-rules.ts';
import { type CostLimit, policyDefaults, type ScalingPolicy } from './policy.ts';
import { policyKeys } from './policy-keys.ts';

/**
 * Reads a policy as people write it, and tells everything that is wrong with it at once: also what could be
 * read but cannot work, such as a minimum above the maximum, or limits that would make it flap. An
 * `autoscaling/v2` HorizontalPodAutoscaler is a policy as well, and then decides as Kubernetes' own controller does.
 *
 * @example
 * parseScalingPolicy({
 *   replicas: { min: 2, max: 20 },
 *   scaleOut: { step: 2 },
 *   scaleIn: { step: 1, cooldown: '10m' },
 *   metrics: { cpuRatio: { scaleOutAbove: 0.7, scaleOutCooldown: '5m' } },
 * });
 */
export function parseScalingPolicy(input: unknown): Parsed<ScalingPolicy> {
  return parse(input, (root) => (isHpaObject(root.value) ? readHpaPolicy(root) : readPolicy(root)));
}

const dayMs = 86_400_000;

function readPolicy(root: Field): ScalingPolicy {
  const written = root.object(policyKeys.policy);
  checkFormat(written.optional('format'));
  const replicas = readReplicas(written.required('replicas'));
  const scaleOut = readDirection(written.optional('scaleOut'), 'scaleOut', replicas);
  const scaleIn = readDirection(written.optional('scaleIn'), 'scaleIn', replicas);
  const calendar = written.optional('calendar');
  const { floors, freezes } = calendar === undefined ? noDays : readPolicyCalendar(calendar, replicas);
  return {
    format: policyDefaults.format,
    mode: written.optional('mode')?.oneOf(['active', 'dry run', 'paused']) ?? policyDefaults.mode,
    intervalMs: written.optional('interval')?.duration({ above: 99, atMost: 3_600_000 }),
    replicas,
    scaleOut: scaleOut.direction,
    scaleIn: scaleIn.direction,
    rules: readRules(written, {
      floors,
      scaleInShare: scaleIn.below,
      scaleOutTolerance: scaleOut.tolerance,
      scaleInTolerance: scaleIn.tolerance,
    }),
    staleAfterMs:
      written.optional('staleAfter')?.duration({ above: 0, atMost: dayMs }) ?? policyDefaults.staleAfterMs,
    freezes,
    cost: readCost(written.optional('cost'), replicas.min),
    hpa: undefined,
  };
}

const noDays = { floors: [], freezes: policyDefaults.freezes } as const;

/** 1 is a part of 2: whatever was right in it is right still. */
function checkFormat(field: Field | undefined): void {
  if (field === undefined) return;
  const format = field.number({ atLeast: 1, whole: true });
  if (format > policyDefaults.format)
    field.problem(`must be at most ${policyDefaults.format}, the newest that is known here, got ${format}`);
}

function readHpaPolicy(root: Field): ScalingPolicy {
  const hpa = readHpa(root);
  const { minReplicas, maxReplicas } = hpa;
  return {
    ...policyDefaults,
    replicas: { min: minReplicas, max: maxReplicas },
    scaleOut: directionOfHpa,
    scaleIn: directionOfHpa,
    rules: [],
    hpa,
  };
}

/** What bounds its steps stands in the object itself. */
const directionOfHpa = { step: 1, cooldownMs: 0, stabilizationMs: 0, limits: [], select: 'max' } as const;

type CostKey = (typeof policyKeys.cost)[number];

function readCost(field: Field | undefined, min: number): CostLimit {
  if (field === undefined) return policyDefaults.cost;
  const cost = field.object(policyKeys.cost);
  const read = (key: CostKey): number | undefined => cost.optional(key)?.number({ above: 0 });
  const limits = {
    pricePerInstanceHour: read('pricePerInstanceHour'),
    perHourMax: read('perHourMax'),
    instanceHoursPerDayMax: read('instanceHoursPerDayMax'),
  };
  checkCost(cost, limits, min);
  return limits;
}

function checkCost(cost: ObjectField<CostKey>, limits: CostLimit, min: number): void {
  const { pricePerInstanceHour, perHourMax, instanceHoursPerDayMax } = limits;
  if (perHourMax !== undefined && pricePerInstanceHour === undefined)
    cost.required('perHourMax').problem('needs pricePerInstanceHour beside it');
  if (
    perHourMax !== undefined &&
    pricePerInstanceHour !== undefined &&
    min * pricePerInstanceHour > perHourMax
  )
    cost
      .required('perHourMax')
      .problem(`must pay for the minimum, ${min} at ${pricePerInstanceHour}, got ${perHourMax}`);
  if (instanceHoursPerDayMax !== undefined && min * 24 > instanceHoursPerDayMax)
    cost
      .required('instanceHoursPerDayMax')
      .problem(`must be at least ${min * 24}, what the minimum uses in a day, got ${instanceHoursPerDayMax}`);
}
