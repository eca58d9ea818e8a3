import type { HpaMetric } from '../hpa/spec.ts';
import type { WantedMetric } from './metric.ts';

/**
 * Which metric of ours stands for one of an autoscaler; undefined where none can: of an instance we know its share of a
 * processor and of memory, not how much of them that is, and nothing of its containers. A selector is not looked at.
 */
export function hpaMetricOf(metric: HpaMetric): WantedMetric | undefined {
  switch (metric.type) {
    case 'Resource': {
      if (metric.target.type !== 'Utilization') return undefined;
      if (metric.resource === 'cpu') return { metric: 'cpuRatio', of: 'per replica', merge: 'mean' };
      return metric.resource === 'memory'
        ? { metric: 'memoryRatio', of: 'per replica', merge: 'mean' }
        : undefined;
    }
    case 'ContainerResource':
      return undefined;
    case 'Pods':
      return { metric: `custom:${metric.metric.name}`, of: 'per replica', merge: 'mean' };
    case 'Object':
    case 'External':
      return { metric: `custom:${metric.metric.name}`, of: 'of the group', merge: 'sum' };
  }
}
