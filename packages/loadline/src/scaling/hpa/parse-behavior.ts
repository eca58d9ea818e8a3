import type { Field } from '../../base/index.ts';
import { parseShare } from './quantity.ts';
import type { HpaBehavior, HpaDirection, HpaRatePolicy } from './spec.ts';
import { written } from './written.ts';

/** `spec.behavior` with the API server's defaults; a direction that is not written has them all. */
export function readBehavior(field: Field | undefined): HpaBehavior | undefined {
  if (field === undefined) return undefined;
  const behavior = field.object(['scaleUp', 'scaleDown']);
  return {
    scaleUp: readDirection(written(behavior, 'scaleUp'), upDefaults),
    scaleDown: readDirection(written(behavior, 'scaleDown'), downDefaults),
  };
}

/** At once, by four or by as many again within 15 s, whichever is more. */
const upDefaults: HpaDirection = {
  stabilizationSeconds: 0,
  select: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
  tolerance: undefined,
};

/** After the controller's own window, down to the minimum within 15 s. */
const downDefaults: HpaDirection = {
  stabilizationSeconds: undefined,
  select: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
  tolerance: undefined,
};

function readDirection(field: Field | undefined, defaults: HpaDirection): HpaDirection {
  if (field === undefined) return defaults;
  const rules = field.object(['stabilizationWindowSeconds', 'selectPolicy', 'policies', 'tolerance']);
  const policies = written(rules, 'policies')?.array(readPolicy, { nonEmpty: true });
  const tolerance = written(rules, 'tolerance');
  return {
    stabilizationSeconds:
      written(rules, 'stabilizationWindowSeconds')?.number({ atLeast: 0, atMost: 3600, whole: true }) ??
      defaults.stabilizationSeconds,
    select: written(rules, 'selectPolicy')?.oneOf(['Max', 'Min', 'Disabled']) ?? defaults.select,
    policies: policies ?? defaults.policies,
    tolerance: tolerance === undefined ? defaults.tolerance : readTolerance(tolerance),
  };
}

const int32Max = 2 ** 31 - 1;

function readPolicy(field: Field): HpaRatePolicy {
  const policy = field.object(['type', 'value', 'periodSeconds']);
  return {
    type: policy.required('type').oneOf(['Pods', 'Percent']),
    value: policy.required('value').number({ atLeast: 1, atMost: int32Max, whole: true }),
    periodSeconds: policy.required('periodSeconds').number({ atLeast: 1, atMost: 1800, whole: true }),
  };
}

/** A quantity, as in `50m` for five hundredths. */
function readTolerance(field: Field): number {
  const tolerance = parseShare(field.value);
  if (tolerance !== undefined) return tolerance;
  field.problem(
    `must be a quantity from 0, like 0.05 or 50m, got ${JSON.stringify(field.value) ?? 'nothing'}`,
  );
  return 0;
}
