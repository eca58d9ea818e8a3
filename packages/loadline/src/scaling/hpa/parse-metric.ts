import type { Field } from '../../base/index.ts';
import { readPathName } from './parse-name.ts';
import { parseQuantity } from './quantity.ts';
import type {
  HpaAverageTarget,
  HpaMetric,
  HpaMetricName,
  HpaResourceTarget,
  HpaValueTarget,
} from './spec.ts';
import { written } from './written.ts';

const sources = {
  Resource: 'resource',
  ContainerResource: 'containerResource',
  Pods: 'pods',
  Object: 'object',
  External: 'external',
} as const;

/** One entry of `spec.metrics`. */
export function readMetric(field: Field): HpaMetric {
  const entry = field.object(['type', ...Object.values(sources)]);
  const type = entry.required('type').oneOf(Object.keys(sources) as (keyof typeof sources)[]);
  for (const [other, key] of Object.entries(sources))
    if (other !== type) written(entry, key)?.problem(`must not be beside type ${type}`);
  const source = entry.required(sources[type]);
  switch (type) {
    case 'Resource': {
      const { name, target } = of(source, ['name', 'target']);
      return { type, resource: name.string(), target: readResourceTarget(target) };
    }
    case 'ContainerResource': {
      const { name, container, target } = of(source, ['name', 'container', 'target']);
      return {
        type,
        resource: name.string(),
        container: container.string(),
        target: readResourceTarget(target),
      };
    }
    case 'Pods': {
      const { metric, target } = of(source, ['metric', 'target']);
      return {
        type,
        metric: readName(metric),
        target: readTarget(target, ['AverageValue']) as HpaAverageTarget,
      };
    }
    case 'Object': {
      const { metric, target, describedObject } = of(source, ['metric', 'target', 'describedObject']);
      return {
        type,
        metric: readName(metric),
        object: readObject(describedObject),
        target: readTarget(target, ['Value', 'AverageValue']),
      };
    }
    case 'External': {
      const { metric, target } = of(source, ['metric', 'target']);
      return { type, metric: readName(metric), target: readTarget(target, ['Value', 'AverageValue']) };
    }
  }
}

function of<const Key extends string>(field: Field, keys: readonly Key[]): Readonly<Record<Key, Field>> {
  const object = field.object(keys);
  return Object.fromEntries(keys.map((key) => [key, object.required(key)])) as Record<Key, Field>;
}

const int32Max = 2 ** 31 - 1;
const targetKeys = ['type', 'averageUtilization', 'averageValue', 'value'] as const;

function readResourceTarget(field: Field): HpaResourceTarget {
  const target = field.object(targetKeys);
  const type = target.required('type').oneOf(['Utilization', 'AverageValue']);
  if (type === 'AverageValue') return readTarget(field, ['AverageValue']) as HpaAverageTarget;
  for (const key of ['averageValue', 'value'] as const)
    written(target, key)?.problem('must not be beside type Utilization');
  return {
    type,
    percent: target.required('averageUtilization').number({ atLeast: 1, atMost: int32Max, whole: true }),
  };
}

function readTarget(
  field: Field,
  types: readonly ('Value' | 'AverageValue')[],
): HpaAverageTarget | HpaValueTarget {
  const target = field.object(targetKeys);
  const type = target.required('type').oneOf(types);
  const key = type === 'Value' ? 'value' : 'averageValue';
  for (const other of ['averageUtilization', 'averageValue', 'value'] as const)
    if (other !== key) written(target, other)?.problem(`must not be beside type ${type}`);
  return { type, milli: readQuantity(target.required(key)) };
}

function readQuantity(field: Field): number {
  const milli = parseQuantity(field.value);
  if (milli !== undefined && milli > 0) return milli;
  field.problem(
    `must be a quantity above 0, like 500m, 100 or 1Gi, got ${JSON.stringify(field.value) ?? 'nothing'}`,
  );
  return 1;
}

function readObject(field: Field): string {
  const object = field.object(['apiVersion', 'kind', 'name']);
  written(object, 'apiVersion')?.string({ nonEmpty: false });
  return `${readPathName(object.required('kind'))}/${readPathName(object.required('name'))}`;
}

function readName(field: Field): HpaMetricName {
  const metric = field.object(['name', 'selector']);
  return {
    name: readPathName(metric.required('name')),
    selector: readSelector(written(metric, 'selector')),
  };
}

const selectorKeys = ['matchLabels', 'matchExpressions'] as const;
const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

function readSelector(field: Field | undefined): string {
  if (field === undefined) return '';
  const selector = field.object(selectorKeys);
  const labels = written(selector, 'matchLabels')?.record((value) => value.string({ nonEmpty: false }));
  const expressions = written(selector, 'matchExpressions')?.array((expression) => {
    const requirement = expression.object(['key', 'operator', 'values']);
    return {
      key: requirement.required('key').string(),
      operator: requirement.required('operator').oneOf(operators),
      values: written(requirement, 'values')?.array((value) => value.string({ nonEmpty: false })) ?? [],
    };
  });
  const inOrder = {
    ...(labels === undefined || labels.size === 0
      ? {}
      : { matchLabels: Object.fromEntries([...labels].sort(([a], [b]) => (a < b ? -1 : 1))) }),
    ...(expressions === undefined || expressions.length === 0 ? {} : { matchExpressions: expressions }),
  };
  return Object.keys(inOrder).length === 0 ? '' : JSON.stringify(inOrder);
}
