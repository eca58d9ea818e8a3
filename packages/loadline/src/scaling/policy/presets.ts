import { formatPath } from '../../base/index.ts';
import { parseScalingPolicy } from './parse-policy.ts';
import type { ScalingPolicy } from './policy.ts';

/**
 * Policies under a name; each is complete, to be used as it is or as the base of one's own. The first four sets have
 * the numbers of the documents that they are named after; what a document leaves open is said beside it.
 */
export const scalingPresets: {
  readonly foodshare: {
    readonly bot_instances: ScalingPolicy;
    readonly api_servers: ScalingPolicy;
    readonly database_read_replicas: ScalingPolicy;
  };
  readonly wedding: { readonly app_servers: ScalingPolicy };
  readonly guide: {
    readonly api_service: ScalingPolicy;
    readonly scaling_metrics: ScalingPolicy;
    readonly horizontal_pod_autoscaler: ScalingPolicy;
  };
  readonly queue: { readonly workers: ScalingPolicy };
  readonly fast: { readonly service: ScalingPolicy };
} = {
  foodshare: {
    bot_instances: foodshareGroup({ min: 2, max: 20 }, 2, '10m'),
    api_servers: foodshareGroup({ min: 1, max: 10 }, 1, '15m'),
    database_read_replicas: foodshareGroup({ min: 1, max: 5 }, 1, '30m'),
  },
  wedding: {
    app_servers: read({
      replicas: { min: 3, max: 50 },
      // One cooldown for both directions, one threshold for processor and memory: the document has no number for them.
      scaleOut: { cooldown: '5m' },
      scaleIn: { cooldown: '5m' },
      metrics: {
        cpuRatio: { scaleOutAbove: 0.7, scaleOutCooldown: 0 },
        memoryRatio: { scaleOutAbove: 0.7, scaleOutCooldown: 0 },
        latencyMsP95: { scaleOutAbove: 1000, scaleOutCooldown: 0 },
      },
      // Weddings are on Saturdays, most of all in June: then nothing is taken away.
      calendar: {
        events: [{ name: 'Saturdays in June', every: 'saturday', in: 'june' }],
        freezes: { 'Saturdays in June': 'scale in' },
      },
    }),
  },
  guide: {
    api_service: read({
      replicas: { min: 3, max: 20 },
      scaleOut: { stabilization: '60s', limits: [{ percent: 50, within: '60s' }] },
      scaleIn: { cooldown: '0s', stabilization: '5m', limits: [{ percent: 25, within: '60s' }] },
      metrics: { cpuRatio: { target: 0.7 }, memoryRatio: { target: 0.8 } },
    }),
    // Its thresholds, which it wants to be exceeded for five minutes, and its p95. For response times it names no five minutes.
    scaling_metrics: read({
      replicas: { min: 3, max: 20 },
      scaleOut: { stabilization: '5m', limits: [{ percent: 50, within: '60s' }] },
      scaleIn: { cooldown: '0s', stabilization: '5m', limits: [{ percent: 25, within: '60s' }] },
      metrics: {
        cpuRatio: { scaleOutAbove: 0.7, scaleOutCooldown: 0 },
        memoryRatio: { scaleOutAbove: 0.8, scaleOutCooldown: 0 },
        latencyMsP95: { scaleOutAbove: 200, scaleOutCooldown: 0 },
      },
    }),
    horizontal_pod_autoscaler: read({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'api-service' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api-service' },
        minReplicas: 3,
        maxReplicas: 20,
        metrics: [utilization('cpu', 70), utilization('memory', 80)],
        behavior: {
          scaleUp: {
            stabilizationWindowSeconds: 60,
            policies: [{ type: 'Percent', value: 50, periodSeconds: 60 }],
          },
          scaleDown: {
            stabilizationWindowSeconds: 300,
            policies: [{ type: 'Percent', value: 25, periodSeconds: 60 }],
          },
        },
      },
    }),
  },
  queue: {
    // For each worker as many as wait where the food-sharing platform adds one, and nobody waits for a minute.
    workers: read({
      replicas: { min: 1, max: 20 },
      scaleIn: { stabilization: '5m' },
      metrics: {
        queueDepth: { target: 100, per: 'replica' },
        queueAgeMs: { scaleOutAbove: 60_000, scaleOutCooldown: '1m', whenMissing: 'ignore' },
      },
    }),
  },
  fast: {
    // For services that are ready within seconds: looks every second, and asks for more without waiting.
    service: read({
      interval: '1s',
      replicas: { min: 2, max: 16 },
      scaleIn: { cooldown: '60s', stabilization: '60s' },
      staleAfter: '15s',
      metrics: {
        cpuRatio: { target: 0.6 },
        eventLoopRatio: { target: 0.6, whenMissing: 'ignore' },
      },
    }),
  },
};

/** The same by the name that stands instead of a policy: `foodshare/api_servers`. */
export const namedScalingPresets: ReadonlyMap<string, ScalingPolicy> = new Map(
  Object.entries(scalingPresets).flatMap(([set, groups]) =>
    Object.entries(groups).map(([group, policy]) => [`${set}/${group}`, policy] as const),
  ),
);

/** A food-sharing platform's five metrics; below six tenths of a threshold, each agrees to fewer. */
function foodshareGroup(replicas: ScalingPolicy['replicas'], step: number, cooldown: string): ScalingPolicy {
  return read({
    replicas,
    scaleOut: { step },
    scaleIn: { step: 1, cooldown, below: 0.6 },
    metrics: {
      cpuRatio: { scaleOutAbove: 0.7, scaleOutCooldown: '300s' },
      memoryRatio: { scaleOutAbove: 0.8, scaleOutCooldown: '300s' },
      latencyMsP95: { scaleOutAbove: 2000, scaleOutCooldown: '180s' },
      connections: { scaleOutAbove: 1000, scaleOutCooldown: '240s' },
      queueDepth: { scaleOutAbove: 100, scaleOutCooldown: '120s' },
    },
  });
}

function utilization(name: string, averageUtilization: number): object {
  return { type: 'Resource', resource: { name, target: { type: 'Utilization', averageUtilization } } };
}

function read(written: object): ScalingPolicy {
  const parsed = parseScalingPolicy(written);
  if (parsed.ok) return parsed.value;
  const told = parsed.problems.map(({ path, message }) => `${formatPath(path)} ${message}`);
  throw new Error(`a preset cannot work: ${told.join('; ')}`);
}
