import type { Field } from '../../base/index.ts';
import {
  type DirectionPolicy,
  directionDefaults,
  type RateLimit,
  replicasMaxOfAll,
  type ScalingPolicy,
} from './policy.ts';
import { policyKeys } from './policy-keys.ts';

/** A direction, and what is written beside it for the rules that do not say it themselves. */
export interface WrittenDirection {
  readonly direction: DirectionPolicy;
  /** Of the limit up, where a metric's own is not written. */
  readonly below: number;
  readonly tolerance: number;
}

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const scaleInShare = 0.6;
const toleranceDefault = 0.1;
const scaleInCooldownMs = 300_000;
const limitsMax = 10;

type DirectionKey = (typeof policyKeys.scaleIn)[number];

/** How fast a group may grow, or shrink, as it is written. */
export function readDirection(
  field: Field | undefined,
  which: 'scaleOut' | 'scaleIn',
  replicas: ScalingPolicy['replicas'],
): WrittenDirection {
  const cooldownMs = which === 'scaleIn' ? scaleInCooldownMs : 0;
  const defaults = { ...directionDefaults, cooldownMs };
  if (field === undefined) return { direction: defaults, below: scaleInShare, tolerance: toleranceDefault };
  const written = field.object<DirectionKey>(policyKeys[which]);
  const stabilizationMs = written.optional('stabilization')?.duration({ atMost: hourMs });
  const limits = written.optional('limits');
  const read = limits?.array(readLimit) ?? [];
  if (read.length > limitsMax) limits?.problem(`must be at most ${limitsMax}, got ${read.length}`);
  return {
    direction: {
      step: readStep(written.optional('step'), replicas),
      cooldownMs: written.optional('cooldown')?.duration({ atMost: dayMs }) ?? cooldownMs,
      stabilizationMs: stabilizationMs ?? 0,
      limits: read,
      select: written.optional('select')?.oneOf(['max', 'min', 'disabled']) ?? 'max',
    },
    below: written.optional('below')?.number({ above: 0, atMost: 1 }) ?? scaleInShare,
    tolerance:
      written.optional('tolerance')?.number({ atLeast: 0, atMost: tolerancesMax[which] }) ?? toleranceDefault,
  };
}

/** Downwards, a tolerance of 1 would never be left: nothing is below nothing. */
const tolerancesMax = { scaleOut: 10, scaleIn: 0.99 } as const;

export function readReplicas(field: Field): ScalingPolicy['replicas'] {
  const replicas = field.object(policyKeys.replicas);
  const limits = { atLeast: 1, atMost: replicasMaxOfAll, whole: true };
  const min = replicas.required('min').number(limits);
  const max = replicas.required('max').number(limits);
  if (min > max) {
    replicas.required('min').problem(`must be at most max, got ${min} above ${max}`);
  }
  return { min, max };
}

/** A step beyond the whole span is a mistake in a digit: no decision could ever take it. */
function readStep(field: Field | undefined, { min, max }: ScalingPolicy['replicas']): number {
  if (field === undefined) return directionDefaults.step;
  const step = field.number({ atLeast: 1, whole: true });
  if (max > min && step > max - min)
    field.problem(`must be at most ${max - min}, all that lies between min and max, got ${step}`);
  return step;
}

/** `{ instances: 4, within: 15s }` or `{ percent: 50, within: 1m }`. */
function readLimit(field: Field): RateLimit {
  const limit = field.object(policyKeys.limit);
  const periodMs = limit.required('within').duration({ above: 0, atMost: hourMs });
  const instances = limit.optional('instances');
  const percent = limit.optional('percent');
  if ((instances === undefined) === (percent === undefined))
    field.problem('must have just one of instances and percent');
  if (percent !== undefined)
    return { kind: 'percent', value: percent.number({ above: 0, atMost: 10_000 }), periodMs };
  return { kind: 'instances', value: instances?.number({ atLeast: 1, whole: true }) ?? 1, periodMs };
}
