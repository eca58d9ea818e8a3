import { parseScalingPolicy, type ScalingPolicy } from 'loadline/scaling';
import { type CurvePoint, type SimulatedService, simulate, type Trace } from 'loadline/scaling/simulate';
import type { JudgedCase } from './judgement-traces.ts';

/** One way to scale, more or less generous. */
export interface Contender {
  readonly name: string;
  /** From generous to thrifty. */
  readonly settings: readonly number[];
  policyOf(judged: JudgedCase, setting: number): ScalingPolicy;
}

const replicas = { min: 1, max: 1000 };

/** From thrifty to generous: what part of the forecast is provided for, and when that is nearly all, how much more. */
const generosity = [
  { quantile: 0.5, headroom: 0 },
  { quantile: 0.8, headroom: 0 },
  { quantile: 0.95, headroom: 0 },
  { quantile: 0.98, headroom: 0 },
  { quantile: 0.98, headroom: 0.12 },
  { quantile: 0.98, headroom: 0.3 },
  { quantile: 0.98, headroom: 0.6 },
] as const;

/** Ours: sized by queueing for what is seen and what is foreseen. */
export const ours: Contender = {
  name: 'sizing and forecast',
  settings: [...generosity.keys()],
  policyOf: ({ serviceMs, serviceVariation, slots, targetMsP95 }, setting) => {
    const { quantile, headroom } = generosity[setting] ?? generosity[0];
    return parsed({
      replicas,
      sizing: {
        latency: inWords(targetMsP95),
        service: inWords(serviceMs),
        serviceVariability: serviceVariation,
        concurrency: slots,
        headroom,
        scaleInTolerance: 0,
      },
      forecast: { ratePerSecond: { quantile, margin: '30s' } },
      scaleIn: { stabilization: '2m', cooldown: '0s' },
    });
  },
};

/** The standard autoscaler with its defaults, by the share of the CPU; the setting is its target. */
export const autoscalerByCpu: Contender = {
  name: 'Kubernetes, CPU',
  settings: [40, 50, 60, 70, 80, 85, 90],
  policyOf: (_, percent) =>
    autoscaler({
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } },
    }),
};

/** The same by requests a second of each instance, which do not end at 100 %; the setting is the share of what it can do. */
export const autoscalerByRate: Contender = {
  name: 'Kubernetes, requests',
  settings: autoscalerByCpu.settings,
  policyOf: ({ serviceMs, slots }, percent) =>
    autoscaler({
      type: 'Pods',
      pods: {
        metric: { name: 'requests_per_second' },
        target: {
          type: 'AverageValue',
          averageValue: `${Math.round((percent / 100) * ((1000 * slots) / serviceMs) * 1000)}m`,
        },
      },
    }),
};

function autoscaler(metric: object): ScalingPolicy {
  return parsed({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'service' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'service' },
      minReplicas: replicas.min,
      maxReplicas: replicas.max,
      metrics: [metric],
    },
  });
}

function parsed(written: unknown): ScalingPolicy {
  const policy = parseScalingPolicy(written);
  if (policy.ok) return policy.value;
  throw new Error(JSON.stringify(policy.problems));
}

/** The service of a case, as a simulation takes it. */
export function serviceOf(judged: JudgedCase): SimulatedService {
  return {
    serviceMs: judged.serviceMs,
    serviceVariability: judged.serviceVariation,
    arrivalVariability: 1,
    concurrency: judged.slots,
    startMs: judged.startMs,
    target: { quantile: 0.95, latencyMs: judged.targetMsP95 },
    timeoutMs: 30_000,
  };
}

/** What a contender makes of a case, with each of its settings. */
export function curveOf(
  contender: Contender,
  judged: JudgedCase,
): readonly (CurvePoint & { readonly setting: number })[] {
  const { trace, judgedFrom } = judged;
  const service = serviceOf(judged);
  const history = partOf(trace, 0, judgedFrom);
  const rest = partOf(trace, judgedFrom, trace.ratesPerSecond.length);
  return contender.settings.map((setting) => {
    const policy = contender.policyOf(judged, setting);
    const { instanceHours, violatedRatio } = simulate(policy, { trace: rest, history, service });
    return { setting, instanceHours, violatedRatio };
  });
}

function partOf(trace: Trace, from: number, to: number): Trace {
  return {
    ...trace,
    startMs: trace.startMs + from * trace.stepMs,
    ratesPerSecond: trace.ratesPerSecond.subarray(from, to),
  };
}

function inWords(durationMs: number): string {
  return `${durationMs.toFixed(3)}ms`;
}
