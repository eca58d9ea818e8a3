import { writeQuantity } from './quantity.ts';
import type { HpaDirection, HpaMetric, HpaMetricName, HpaSpec } from './spec.ts';

type Written = Readonly<Record<string, unknown>>;

/** The object that `readHpa` reads as the same. */
export function writeHpa({
  name,
  namespace,
  scaleTarget,
  minReplicas,
  maxReplicas,
  metrics,
  behavior,
}: HpaSpec): Written {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace },
    spec: {
      scaleTargetRef: scaleTarget,
      minReplicas,
      maxReplicas,
      metrics: metrics.map(writeMetric),
      ...(behavior === undefined
        ? {}
        : {
            behavior: {
              scaleUp: writeDirection(behavior.scaleUp),
              scaleDown: writeDirection(behavior.scaleDown),
            },
          }),
    },
  };
}

function writeMetric(metric: HpaMetric): Written {
  const target = writeTarget(metric.target);
  switch (metric.type) {
    case 'Resource':
      return { type: metric.type, resource: { name: metric.resource, target } };
    case 'ContainerResource':
      return {
        type: metric.type,
        containerResource: { name: metric.resource, container: metric.container, target },
      };
    case 'Pods':
      return { type: metric.type, pods: { metric: writeName(metric.metric), target } };
    case 'Object': {
      const [kind, name] = metric.object.split('/');
      return {
        type: metric.type,
        object: { describedObject: { kind, name }, metric: writeName(metric.metric), target },
      };
    }
    case 'External':
      return { type: metric.type, external: { metric: writeName(metric.metric), target } };
  }
}

function writeTarget(target: HpaMetric['target']): Written {
  switch (target.type) {
    case 'Utilization':
      return { type: target.type, averageUtilization: target.percent };
    case 'AverageValue':
      return { type: target.type, averageValue: writeQuantity(target.milli) };
    case 'Value':
      return { type: target.type, value: writeQuantity(target.milli) };
  }
}

function writeName({ name, selector }: HpaMetricName): Written {
  return selector === '' ? { name } : { name, selector: JSON.parse(selector) };
}

function writeDirection({ stabilizationSeconds, select, policies, tolerance }: HpaDirection): Written {
  return {
    ...(stabilizationSeconds === undefined ? {} : { stabilizationWindowSeconds: stabilizationSeconds }),
    selectPolicy: select,
    policies,
    ...(tolerance === undefined ? {} : { tolerance: String(tolerance) }),
  };
}
