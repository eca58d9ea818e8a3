import fc from 'fast-check';
import { Deployment } from 'kubernetes-models/apps/v1';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import {
  exportDeployment,
  exportHpa,
  exportKeda,
  exportPdb,
  parseScalingPolicy,
  type ScalingPolicy,
  scalingPresets,
  writeManifests,
} from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { leavesOf, schemaProblem, unknownFields } from '../../kubernetes/published-schema.ts';

function policyOf(written: unknown): ScalingPolicy {
  const parsed = parseScalingPolicy(written);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

/** The design guide's autoscaler: 3 to 20 by CPU and memory, half as many more in a minute, a quarter fewer after five. */
const guide = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'api-service', namespace: 'default' },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api-service' },
    minReplicas: 3,
    maxReplicas: 20,
    metrics: [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } },
      },
      {
        type: 'Resource',
        resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 80 } },
      },
    ],
    behavior: {
      scaleUp: {
        stabilizationWindowSeconds: 60,
        selectPolicy: 'Max',
        policies: [{ type: 'Percent', value: 50, periodSeconds: 60 }],
      },
      scaleDown: {
        stabilizationWindowSeconds: 300,
        selectPolicy: 'Max',
        policies: [{ type: 'Percent', value: 25, periodSeconds: 60 }],
      },
    },
  },
};

/** The same numbers as a policy of ours. */
const ours = policyOf({
  replicas: { min: 3, max: 20 },
  scaleOut: { stabilization: '1m', limits: [{ percent: 50, within: '1m' }] },
  scaleIn: { stabilization: '5m', cooldown: '0s', limits: [{ percent: 25, within: '1m' }] },
  metrics: {
    cpuRatio: { target: 0.7, scaleOutCooldown: '0s' },
    memoryRatio: { target: 0.8, scaleOutCooldown: '0s' },
  },
});

const named = (policy: ScalingPolicy) => ({ policy, name: 'api-service' });
const specOf = ({ object }: { readonly object: Readonly<Record<string, unknown>> }) => object.spec;

describe('exportHpa()', () => {
  it('gives back the autoscaler that a policy is made of', () => {
    const { object, notes } = exportHpa(named(policyOf(guide)));
    expect([object.spec, notes]).toEqual([guide.spec, []]);
  });

  it('makes the same of a policy with the same numbers', () => {
    expect(specOf(exportHpa(named(ours)))).toEqual(guide.spec);
  });

  it('takes thresholds for targets, and their steps and cooldowns for limits', () => {
    const { object, notes } = exportHpa(named(scalingPresets.foodshare.bot_instances));
    expect(object.spec).toMatchObject({
      minReplicas: 2,
      maxReplicas: 20,
      metrics: [
        { resource: { name: 'cpu', target: { averageUtilization: 70 } } },
        { resource: { name: 'memory', target: { averageUtilization: 80 } } },
        {
          external: { metric: { name: 'loadline_latency_ms_p95' }, target: { type: 'Value', value: '2000' } },
        },
        { pods: { metric: { name: 'loadline_connections' }, target: { averageValue: '1000' } } },
        { external: { metric: { name: 'loadline_queue_depth' }, target: { type: 'Value', value: '100' } } },
      ],
      behavior: {
        scaleUp: { policies: [{ type: 'Pods', value: 2, periodSeconds: 120 }] },
        scaleDown: { policies: [{ type: 'Pods', value: 1, periodSeconds: 600 }] },
      },
    });
    expect(notes.filter((note) => /it takes an adapter/.test(note))).toHaveLength(3);
    expect(notes.join('\n')).toContain('that fewer are enough below 42 % cannot be said');
  });

  it('takes a step at each look of the controller where there is no cooldown', () => {
    const cpuRatio = { scaleOutAbove: 0.7, scaleOutCooldown: '0s' };
    const written = { replicas: { min: 1, max: 9 }, scaleOut: { step: 3 }, metrics: { cpuRatio } };
    expect(exportHpa(named(policyOf(written))).object.spec).toMatchObject({
      behavior: { scaleUp: { policies: [{ type: 'Pods', value: 3, periodSeconds: 15 }] } },
    });
  });

  it('writes whole numbers from 1, and says where they are others', () => {
    const written = {
      replicas: { min: 1, max: 9 },
      scaleIn: {
        limits: [
          { percent: 12.5, within: '1m' },
          { percent: 0.2, within: '1m' },
        ],
      },
      metrics: { cpuRatio: { target: 0.004 }, 'custom:share': { target: 0.0001 } },
    };
    const { object, notes } = exportHpa(named(policyOf(written)));
    expect(schemaProblem(HorizontalPodAutoscaler, object)).toBeUndefined();
    expect(object.spec).toMatchObject({
      metrics: [
        { resource: { target: { averageUtilization: 1 } } },
        { external: { target: { value: '1m' } } },
      ],
      behavior: {
        scaleDown: {
          policies: expect.arrayContaining([
            { type: 'Percent', value: 13, periodSeconds: 60 },
            { type: 'Percent', value: 1, periodSeconds: 60 },
          ]),
        },
      },
    });
    expect(notes.filter((note) => note.includes('no whole number'))).toHaveLength(2);
  });

  it('says of everything else that it is lost', () => {
    const policy = policyOf({
      mode: 'dry run',
      replicas: { min: 2, max: 40 },
      metrics: { cpuRatio: { target: 0.6, whenMissing: 'assume high' } },
      sizing: { latency: '200ms', service: '20ms' },
      cost: { pricePerInstanceHour: 2, perHourMax: 20, instanceHoursPerDayMax: 300 },
      scaleIn: { cooldown: '3h' },
    });
    const { object, notes } = exportHpa(named(policy));
    const said = notes.join('\n');
    expect(object.spec).toMatchObject({ maxReplicas: 10 });
    for (const part of [
      'ratePerSecond by sizing: an autoscaler of Kubernetes knows no such rule',
      'cpuRatio: missing values mean `assume high` here',
      'The policy is set to `dry run`',
      'The maximum is 10 instead of 40: 20 an hour pays for no more',
      'A limit of 300 instance hours a day cannot be said',
      'scaleIn: a cooldown of 3 h is more than Kubernetes takes; it is 30 m there',
    ])
      expect(said).toContain(part);
  });

  it('makes, of whatever can be a policy, what the published schema takes and we can read again', () => {
    const duration = fc.integer({ min: 0, max: 7000 }).map((seconds) => `${seconds}s`);
    const metric = fc.constantFrom('cpuRatio', 'memoryRatio', 'eventLoopRatio');
    const rule = fc.record({
      target: fc.double({ min: 0.05, max: 1, noNaN: true }),
      scaleOutCooldown: duration,
    });
    const direction = fc.record({
      cooldown: duration,
      stabilization: fc.integer({ min: 0, max: 3600 }).map((s) => `${s}s`),
    });
    fc.assert(
      fc.property(
        fc.dictionary(metric, rule, { minKeys: 1 }),
        direction,
        direction,
        (metrics, scaleOut, scaleIn) => {
          const policy = policyOf({ replicas: { min: 1, max: 9 }, metrics, scaleOut, scaleIn });
          const { object } = exportHpa(named(policy));
          expect(schemaProblem(HorizontalPodAutoscaler, object)).toBeUndefined();
          expect(policyOf(object).hpa).toBeDefined();
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe.each([
  ['hpa', exportHpa(named(ours)).object, HorizontalPodAutoscaler],
  [
    'hpa of thresholds',
    exportHpa(named(scalingPresets.foodshare.api_servers)).object,
    HorizontalPodAutoscaler,
  ],
  ['pdb', exportPdb(named(ours)).object, PodDisruptionBudget],
  ['deployment', exportDeployment({ ...named(ours), image: 'shop:1' }).object, Deployment],
] as const)('what is exported as %s', (_, object, Kind) => {
  it('is right by the published schema, and has no field that it does not know', () => {
    expect(schemaProblem(Kind, object)).toBeUndefined();
    expect(leavesOf(object).length).toBeGreaterThan(6);
    expect(unknownFields(Kind, object)).toEqual([]);
  });
});

describe('exportKeda()', () => {
  it('asks our scaler, and makes its autoscaler do as it is told', () => {
    const { object, notes } = exportKeda({
      ...named(ours),
      scalerAddress: 'loadline:9090',
      namespace: 'shop',
    });
    expect(object).toMatchObject({
      apiVersion: 'keda.sh/v1alpha1',
      kind: 'ScaledObject',
      metadata: { name: 'api-service', namespace: 'shop' },
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'api-service' },
        minReplicaCount: 3,
        maxReplicaCount: 20,
        triggers: [
          {
            type: 'external-push',
            metricType: 'AverageValue',
            metadata: { scalerAddress: 'loadline:9090', group: 'api-service' },
          },
        ],
      },
    });
    expect(notes.join(' ')).toContain('leaves a difference of up to a tenth alone');
    // The part that is Kubernetes' own is held against its schema.
    const { behavior } = (object as never as Keda).spec.advanced.horizontalPodAutoscalerConfig;
    const spec = { ...guide.spec, behavior };
    expect(schemaProblem(HorizontalPodAutoscaler, { ...guide, spec })).toBeUndefined();
  });
});

interface Keda {
  readonly spec: {
    readonly advanced: { readonly horizontalPodAutoscalerConfig: { readonly behavior: object } };
  };
}

describe('exportPdb()', () => {
  it('warns where there may be only one', () => {
    expect(exportPdb(named(ours)).notes).toEqual([]);
    expect(exportPdb(named(scalingPresets.foodshare.api_servers)).notes[0]).toContain('The minimum is 1');
  });
});

describe('exportDeployment()', () => {
  it("has no replicas, which are the scaler's, and the guide's health checks", () => {
    const { object } = exportDeployment({ ...named(ours), image: 'shop:1', port: 3000, cpu: '1' });
    const [container] = (object as never as Deployed).spec.template.spec.containers;
    expect(object.spec).not.toHaveProperty('replicas');
    expect(container).toMatchObject({
      image: 'shop:1',
      ports: [{ containerPort: 3000 }],
      readinessProbe: { periodSeconds: 10, timeoutSeconds: 5, successThreshold: 2, failureThreshold: 3 },
      resources: { requests: { cpu: '1', memory: '512Mi' } },
    });
  });
});

interface Deployed {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly unknown[] } } };
}

describe('writeManifests()', () => {
  it('writes each object with its notes before it, and nothing of a note as if it were one', () => {
    const exported = [exportHpa(named(ours)), { object: { kind: 'Nasty' }, notes: ['one\nkind: Secret'] }];
    const text = writeManifests(exported);
    const documents = parseAllDocuments(text).map((document) => document.toJS());
    expect(documents).toEqual(exported.map(({ object }) => object));
    expect(text).toMatch(/^# .+\n(?:# .+\n)*apiVersion: autoscaling\/v2/);
    expect(parse(text.split('---\n')[0] as string)).toMatchObject({ kind: 'HorizontalPodAutoscaler' });
  });
});
