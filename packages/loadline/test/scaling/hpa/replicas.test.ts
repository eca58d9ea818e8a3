import { decideHpa, type HpaObservation, type HpaPod, type HpaSamples } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import {
  atOnce,
  cpu,
  external,
  hpa,
  minuteMs,
  noHistory,
  nowMs,
  perPod,
  pod,
  pods,
  samples,
  seen,
  total,
} from './stage.ts';

/**
 * What Kubernetes documents of its controller, worked out by hand. `source` says where it is written: `algorithm` is
 * the section "Algorithm details" of the page Horizontal Pod Autoscaling; `readiness` is "Pod readiness and autoscaling
 * metrics" there, `metrics` "Scaling on custom metrics" and "multiple metrics", `tolerance` its "Tolerance";
 * `calculator` and `controller` are the comments in the controller's replica_calculator.go and horizontal.go (1.34
 * where no later version is named), where the page is silent.
 */
interface Case {
  readonly says: string;
  readonly source: string;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly seen: HpaObservation;
  readonly replicas: number;
}

const cpuOf = (
  values: readonly number[],
  target: number,
  all: readonly HpaPod[] = pods(values.length),
): Pick<Case, 'spec' | 'seen'> => ({
  spec: { metrics: [cpu(target)], ...atOnce },
  seen: seen(all, { 'resource cpu': samples(values) }),
});

const young: Partial<HpaPod> = {
  startedMs: nowMs - minuteMs,
  ready: { status: 'False', sinceMs: nowMs - minuteMs },
};

const utilization: readonly Case[] = [
  { says: 'doubles at twice the target', source: 'algorithm', ...cpuOf([1000, 1000], 50), replicas: 4 },
  { says: 'halves at half the target', source: 'algorithm', ...cpuOf([250, 250, 250, 250], 50), replicas: 2 },
  { says: 'rounds up', source: 'algorithm', ...cpuOf([700, 700, 700], 60), replicas: 4 },
  { says: 'stays within a tenth above', source: 'tolerance', ...cpuOf([550, 550, 550], 50), replicas: 3 },
  { says: 'goes just beyond a tenth above', source: 'tolerance', ...cpuOf([560, 560, 560], 50), replicas: 4 },
  {
    says: 'stays within a tenth below',
    source: 'tolerance',
    ...cpuOf([450, 450, 450, 450, 450, 450, 450, 450, 450, 450], 50),
    replicas: 10,
  },
  {
    says: 'goes just beyond a tenth below',
    source: 'tolerance',
    ...cpuOf(Array(10).fill(440), 50),
    replicas: 9,
  },
  // 55.9 % is 55 %, which is within a tenth of 50 %.
  {
    says: 'truncates the utilization before it divides',
    source: 'calculator',
    ...cpuOf([559, 559], 50),
    replicas: 2,
  },
  // 89.9 % is 89 %: 0.89 / 0.5 × 10 is 17.8, and not 17.98.
  {
    says: 'truncates also where it decides the number',
    source: 'calculator',
    ...cpuOf(Array(100).fill(899), 50),
    replicas: 178,
  },
  {
    says: 'takes the mean of what is used over the mean of what is requested',
    source: 'algorithm',
    ...cpuOf([900, 100], 50),
    replicas: 2,
  },
  {
    says: 'weighs pods by what they request',
    source: 'calculator',
    spec: { metrics: [cpu(50)], ...atOnce },
    // 1,200 of 4,000 is 30 %.
    seen: seen([pod('pod-0', { requests: { cpu: 3000 } }), pod('pod-1')], {
      'resource cpu': samples([300, 900]),
    }),
    replicas: 2,
  },
];

const incomplete: readonly Case[] = [
  // 2 × 100 % of 3 are 66 %: 66 / 50 × 3 is 3.96.
  {
    says: 'takes a missing pod for idle on the way up',
    source: 'algorithm',
    ...cpuOf([1000, 1000], 50, pods(3)),
    replicas: 4,
  },
  // 10 % and 10 % and a full one are 40 % of 50 %.
  {
    says: 'takes a missing pod for full on the way down',
    source: 'algorithm',
    ...cpuOf([100, 100], 50, pods(3)),
    replicas: 3,
  },
  {
    says: 'goes down all the same where the rest is idle enough',
    source: 'algorithm',
    ...cpuOf([100, 100, 100, 100], 80, pods(5)),
    replicas: 2,
  },
  // 120 % of its request is what a target above 100 % takes a missing one for: (10 + 10 + 120) / 3 = 46 % of 120 %.
  {
    says: 'takes a missing pod for the target where that is above all it requests',
    source: 'calculator',
    ...cpuOf([100, 100], 120, pods(3)),
    replicas: 2,
  },
  // Up by the measured ones (1.2), down with the missing (0.8): nothing is done.
  {
    says: 'stays where the missing turn the direction',
    source: 'algorithm',
    ...cpuOf([600, 600], 50, pods(3)),
    replicas: 3,
  },
  {
    says: 'takes an unready pod for idle on the way up',
    source: 'readiness',
    ...cpuOf([1000, 1000, 1000], 50, [...pods(2), pod('pod-2', young)]),
    replicas: 4,
  },
  {
    says: 'stays where the unready bring it within the tolerance',
    source: 'readiness',
    // 60 % of ten would be twelve; 600 of eleven are 54 %.
    ...cpuOf(Array(11).fill(600), 50, [...pods(10), pod('pod-10', young)]),
    replicas: 11,
  },
  {
    says: 'leaves an unready pod out on the way down',
    source: 'readiness',
    ...cpuOf([200, 200, 900], 50, [...pods(2), pod('pod-2', young)]),
    replicas: 1,
  },
  {
    says: 'counts a pending pod as unready, measured or not',
    source: 'calculator',
    ...cpuOf([1000, 1000], 50, [
      ...pods(2),
      pod('pod-2', { phase: 'Pending', ready: undefined, startedMs: undefined }),
    ]),
    replicas: 4,
  },
  {
    says: 'leaves out who is on the way out',
    source: 'algorithm',
    ...cpuOf([1000, 1000, 1000], 50, [...pods(2), pod('pod-2', { isDeleted: true })]),
    replicas: 4,
  },
  {
    says: 'leaves out who has failed',
    source: 'algorithm',
    ...cpuOf([1000, 1000, 1000], 50, [...pods(2), pod('pod-2', { phase: 'Failed' })]),
    replicas: 4,
  },
  // As one that is missing it would be full: 20 % and 20 % and 100 % are 46 % of 50 %.
  {
    says: 'leaves out who has come to its end',
    source: 'calculator, after 1.37',
    ...cpuOf([200, 200], 50, [...pods(2), pod('pod-2', { phase: 'Succeeded' })]),
    replicas: 1,
  },
  {
    says: 'does not believe what was measured before a young pod was ready for a whole window',
    source: 'readiness',
    spec: { metrics: [cpu(50)], ...atOnce },
    // 3 pods at 66 %, of which the young one counts for 0: as many as 4, not 6.
    seen: seen(
      [
        ...pods(2),
        pod('pod-2', { startedMs: nowMs - 2 * minuteMs, ready: { status: 'True', sinceMs: nowMs - 30_000 } }),
      ],
      {
        'resource cpu': samples([1000, 1000, 1000], { windowMs: 60_000 }),
      },
    ),
    replicas: 4,
  },
  {
    says: 'believes a young pod that has been ready for a window',
    source: 'readiness',
    ...cpuOf([1000, 1000, 1000], 50, [
      ...pods(2),
      pod('pod-2', { startedMs: nowMs - 2 * minuteMs, ready: { status: 'True', sinceMs: nowMs - minuteMs } }),
    ]),
    replicas: 6,
  },
  {
    says: 'counts a pod that became unready long after its start',
    source: 'readiness',
    ...cpuOf([1000, 1000, 1000], 50, [
      ...pods(2),
      pod('pod-2', { ready: { status: 'False', sinceMs: nowMs - minuteMs } }),
    ]),
    replicas: 6,
  },
  {
    says: 'does not count an old pod that was never ready',
    source: 'readiness',
    ...cpuOf([1000, 1000, 1000], 50, [
      ...pods(2),
      pod('pod-2', {
        startedMs: nowMs - 60 * minuteMs,
        ready: { status: 'False', sinceMs: nowMs - 60 * minuteMs + 29_000 },
      }),
    ]),
    replicas: 4,
  },
  {
    says: 'takes both the missing and the unready for idle on the way up',
    source: 'readiness',
    // 2 of 5 at 100 %: 40 %, below a target of 60 %, which would be down.
    ...cpuOf([1000, 1000], 60, [...pods(2), ...pods(1, young, 2), ...pods(2, {}, 3)]),
    replicas: 5,
  },
  {
    says: 'stays where more pods than the group has would turn the direction',
    source: 'calculator',
    spec: { metrics: [cpu(50)], ...atOnce },
    // 120 % of the target over 8 pods that are there would be 10, but the group is told to have 12.
    seen: seen(pods(8), { 'resource cpu': samples([...Array(7).fill(700)]) }, { specReplicas: 12 }),
    replicas: 12,
  },
];

const values: readonly Case[] = [
  {
    says: 'divides a raw average, truncated to thousandths',
    source: 'metrics',
    spec: { metrics: [perPod('rate', '10')], ...atOnce },
    seen: seen(pods(3), { 'pods rate': samples([20_000, 20_000, 20_001]) }),
    replicas: 6,
  },
  {
    says: 'does not care whether pods are ready where it is not their CPU',
    source: 'readiness',
    spec: { metrics: [perPod('rate', '10')], ...atOnce },
    seen: seen([...pods(2), pod('pod-2', young)], { 'pods rate': samples([20_000, 20_000, 20_000]) }),
    replicas: 6,
  },
  {
    says: 'takes a missing pod for one at the target on the way down',
    source: 'calculator',
    spec: { metrics: [perPod('rate', '10')], ...atOnce },
    // (1 + 1 + 10) / 3 = 4 of 10.
    seen: seen(pods(3), { 'pods rate': samples([1000, 1000]) }),
    replicas: 2,
  },
  {
    says: 'takes memory in bytes',
    source: 'algorithm',
    spec: {
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '512Mi' } },
        },
      ],
      ...atOnce,
    },
    seen: seen(pods(2), { 'resource memory': samples([2 ** 30 * 1000, 2 ** 30 * 1000]) }),
    replicas: 4,
  },
  {
    says: 'takes the CPU of one container alone',
    source: 'metrics',
    spec: {
      metrics: [
        {
          type: 'ContainerResource',
          containerResource: {
            name: 'cpu',
            container: 'app',
            target: { type: 'Utilization', averageUtilization: 50 },
          },
        },
      ],
      ...atOnce,
    },
    seen: seen(pods(2, { requests: { cpu: 1000, 'app/cpu': 200 } }), {
      'resource app/cpu': samples([200, 200]),
    }),
    replicas: 4,
  },
  {
    says: 'multiplies the ready pods by a value over its target',
    source: 'metrics',
    spec: { metrics: [external('queue', { type: 'Value', value: '100' })], ...atOnce },
    seen: seen([...pods(3), pod('pod-3', { ready: { status: 'False', sinceMs: nowMs } })], {
      'external queue': total(200_000),
    }),
    replicas: 6,
  },
  {
    says: 'adds up the series of an external metric',
    source: 'metrics',
    spec: { metrics: [external('queue', { type: 'AverageValue', averageValue: '30' })], ...atOnce },
    seen: seen(pods(2), { 'external queue': total(100_000, 50_000) }),
    replicas: 5,
  },
  {
    says: 'keeps to what the status says within the tolerance of an average',
    source: 'calculator',
    spec: { metrics: [external('queue', { type: 'AverageValue', averageValue: '30' })], ...atOnce },
    seen: seen(pods(4), { 'external queue': total(125_000) }),
    replicas: 4,
  },
  {
    says: 'looks at an object',
    source: 'metrics',
    spec: {
      metrics: [
        {
          type: 'Object',
          object: {
            describedObject: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'main' },
            metric: { name: 'rate' },
            target: { type: 'Value', value: '2k' },
          },
        },
      ],
      ...atOnce,
    },
    seen: seen(pods(3), { 'object Ingress/main rate': total(5_000_000) }),
    replicas: 8,
  },
  {
    says: 'wakes from nothing by as many as the value is times its target',
    source: 'calculator',
    spec: { minReplicas: 0, metrics: [external('queue', { type: 'Value', value: '10' })] },
    seen: seen([], { 'external queue': total(25_000) }),
    replicas: 3,
  },
  {
    says: 'goes to nothing where nothing waits, and may',
    source: 'calculator',
    spec: {
      minReplicas: 0,
      metrics: [external('queue', { type: 'AverageValue', averageValue: '10' })],
      ...atOnce,
    },
    seen: seen(pods(2), { 'external queue': total(0) }),
    replicas: 0,
  },
  {
    says: 'stays at nothing where it was put there by somebody else',
    source: 'controller',
    spec: { minReplicas: 1, metrics: [external('queue', { type: 'Value', value: '10' })] },
    seen: seen([], { 'external queue': total(25_000) }),
    replicas: 0,
  },
  {
    says: 'stays at nothing where it was put there by somebody else, also where nothing is its minimum, as far as it is told',
    source: 'controller, 1.37',
    spec: { minReplicas: 0, metrics: [external('queue', { type: 'Value', value: '10' })] },
    seen: seen([], { 'external queue': total(25_000) }, { isScaledToZero: false }),
    replicas: 0,
  },
  {
    says: 'wakes up to a minimum that was raised after it had gone to nothing itself',
    source: 'controller, 1.37',
    spec: { minReplicas: 3, metrics: [external('queue', { type: 'Value', value: '10' })] },
    seen: seen([], { 'external queue': total(5_000) }, { isScaledToZero: true }),
    replicas: 3,
  },
];

const lost: HpaSamples = { of: 'nobody', because: 'the metrics API is away' };

const several: readonly Case[] = [
  {
    says: 'takes the highest of several metrics',
    source: 'metrics',
    spec: { metrics: [cpu(50), perPod('rate', '10')], ...atOnce },
    seen: seen(pods(2), { 'resource cpu': samples([600, 600]), 'pods rate': samples([25_000, 25_000]) }),
    replicas: 5,
  },
  {
    says: 'goes up by the one that can be had',
    source: 'metrics',
    spec: { metrics: [cpu(50), perPod('rate', '10')], ...atOnce },
    seen: seen(pods(2), { 'resource cpu': lost, 'pods rate': samples([25_000, 25_000]) }),
    replicas: 5,
  },
  {
    says: 'does not go down while another cannot be had',
    source: 'metrics',
    spec: { metrics: [cpu(50), perPod('rate', '10')], ...atOnce },
    seen: seen(pods(4), { 'resource cpu': samples([100, 100, 100, 100]), 'pods rate': lost }),
    replicas: 4,
  },
  {
    says: 'does nothing where no metric can be had',
    source: 'metrics',
    spec: { metrics: [cpu(50)], ...atOnce },
    seen: seen(pods(4), {}),
    replicas: 4,
  },
  {
    says: 'does nothing where a pod does not say what it requests',
    source: 'algorithm',
    ...cpuOf([1000, 1000], 50, [pod('pod-0'), pod('pod-1', { requests: {} })]),
    replicas: 2,
  },
  {
    says: 'does nothing where only unready pods are measured',
    source: 'calculator',
    ...cpuOf([1000, 1000], 50, pods(2, young)),
    replicas: 2,
  },
  {
    says: 'is brought back to its maximum whatever its metrics say',
    source: 'controller',
    spec: { maxReplicas: 3, metrics: [cpu(50)] },
    seen: seen(pods(5), {}),
    replicas: 3,
  },
  {
    says: 'is brought to its minimum whatever its metrics say',
    source: 'controller',
    spec: { minReplicas: 4, metrics: [cpu(50)] },
    seen: seen(pods(2), {}),
    replicas: 4,
  },
  {
    says: 'tolerates more in one direction than in the other where it is told to',
    source: 'tolerance',
    spec: {
      metrics: [cpu(50)],
      behavior: { ...atOnce.behavior, scaleUp: { ...atOnce.behavior.scaleUp, tolerance: '0.3' } },
    },
    seen: seen(pods(4), { 'resource cpu': samples([640, 640, 640, 640]) }),
    replicas: 4,
  },
  {
    says: 'tolerates nothing downwards where it is told to',
    source: 'tolerance',
    spec: { metrics: [cpu(50)], behavior: { scaleDown: { stabilizationWindowSeconds: 0, tolerance: 0 } } },
    seen: seen(pods(50), { 'resource cpu': samples(Array(50).fill(490)) }),
    replicas: 49,
  },
];

describe('decideHpa() of one look, as Kubernetes documents it', () => {
  it.each([...utilization, ...incomplete, ...values, ...several])(
    '$says ($source)',
    ({ spec, seen: look, replicas }) => {
      expect(decideHpa(hpa(spec), look, noHistory).replicas).toBe(replicas);
    },
  );

  it('uses 80 % of the CPU where no metric is written', () => {
    expect(
      decideHpa(hpa({}), seen(pods(2), { 'resource cpu': samples([1000, 1000]) }), noHistory).replicas,
    ).toBe(3);
  });

  it.each([
    ['FailedGetResourceMetric', [cpu(50)]],
    ['FailedGetPodsMetric', [perPod('rate', '10'), cpu(50)]],
    ['FailedGetExternalMetric', [external('queue', { type: 'Value', value: '1' })]],
  ])('says %s of a metric that cannot be had', (reason, metrics) => {
    const decision = decideHpa(hpa({ metrics }), seen(pods(2), {}), noHistory);
    expect(decision.conditions.scalingActive).toEqual({ status: false, reason });
    expect(decision.recommended).toBeUndefined();
  });

  it('knows by its steps that it went to nothing itself, and comes back although nothing asks for it', () => {
    const spec = hpa({
      minReplicas: 2,
      metrics: [external('queue', { type: 'Value', value: '10' })],
      ...atOnce,
    });
    const look = seen([], { 'external queue': total(0) });
    const steps = [{ atMs: nowMs - 60 * minuteMs, from: 4, to: 0 }];
    const decision = decideHpa(spec, look, { recommendations: [], steps });
    expect(decision).toMatchObject({
      replicas: 2,
      reason: 'Current number of replicas below Spec.MinReplicas',
    });
    expect(decision.conditions.ableToScale.reason).toBe('SucceededRescale');
    expect(decideHpa(spec, look, noHistory).replicas).toBe(0);
  });

  it('says of an average that nothing runs for that it is nothing', () => {
    const spec = hpa({
      minReplicas: 0,
      metrics: [external('queue', { type: 'AverageValue', averageValue: '10' })],
    });
    const decision = decideHpa(spec, seen([], { 'external queue': total(25_000) }), noHistory);
    expect(decision.metrics[0]?.found).toEqual({ replicas: 3, current: 0 });
  });

  it('counts thousandths of bytes exactly where a double would not', () => {
    // 0.04 thousandths less than 56 %, which a double rounds away.
    const all = pods(1, { requests: { memory: 4_503_599_627_370_484 } });
    const decision = decideHpa(
      hpa({
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 50 } },
          },
        ],
        ...atOnce,
      }),
      seen(all, { 'resource memory': samples([2_522_015_791_327_471]) }),
      noHistory,
    );
    expect(decision.metrics[0]?.found).toEqual({ replicas: 1, current: 55 });
  });
});
