import fc from 'fast-check';
import { parseScalingPolicy, writeScalingPolicy } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { cpu, external, hpa, hpaObject, perPod, problemsOf } from './stage.ts';

describe('an HorizontalPodAutoscaler as a policy', () => {
  it('has the defaults of the API server', () => {
    expect(hpa({ behavior: { scaleDown: { selectPolicy: 'Min' } } })).toEqual({
      name: 'api',
      namespace: 'shop',
      scaleTarget: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
      minReplicas: 1,
      maxReplicas: 1000,
      metrics: [{ type: 'Resource', resource: 'cpu', target: { type: 'Utilization', percent: 80 } }],
      behavior: {
        scaleUp: {
          stabilizationSeconds: 0,
          select: 'Max',
          policies: [
            { type: 'Pods', value: 4, periodSeconds: 15 },
            { type: 'Percent', value: 100, periodSeconds: 15 },
          ],
          tolerance: undefined,
        },
        scaleDown: {
          stabilizationSeconds: undefined,
          select: 'Min',
          policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
          tolerance: undefined,
        },
      },
    });
    expect(hpa({}).behavior).toBeUndefined();
  });

  it('may carry a status, as `kubectl get -o yaml` gives it', () => {
    expect(parseScalingPolicy({ ...hpaObject({}), status: { currentReplicas: 3 } }).ok).toBe(true);
  });

  it('takes null for what is not written, as the API server does', () => {
    const target = { type: 'AverageValue', averageValue: '30', value: null };
    const queue = { type: 'External', external: { metric: { name: 'queue', selector: null }, target } };
    const scaleUp = { selectPolicy: null, policies: null, stabilizationWindowSeconds: null, tolerance: null };
    expect(hpa({ minReplicas: null, metrics: null, behavior: null })).toEqual(hpa({}));
    expect(hpa({ metrics: [{ ...queue, resource: null }], behavior: { scaleUp, scaleDown: null } })).toEqual(
      hpa({ metrics: [external('queue', { type: 'AverageValue', averageValue: '30' })], behavior: {} }),
    );
    expect(problemsOf(hpaObject({ maxReplicas: null }))).toContain('maxReplicas must be a whole number');
  });

  it.each([
    ['500m', 500],
    ['0.5', 500],
    [0.5, 500],
    ['1', 1000],
    ['2k', 2_000_000],
    ['1Ki', 1_024_000],
    ['1.5Gi', 1_610_612_736_000],
    ['3e2', 300_000],
    ['1E2', 100_000],
    ['100u', 1],
    ['1001n', 1],
  ])('reads the quantity %s', (value, milli) => {
    expect(hpa({ metrics: [external('a', { type: 'Value', value })] }).metrics[0]?.target).toMatchObject({
      milli,
    });
  });

  it.each([
    ['another version', { ...hpaObject({}), apiVersion: 'autoscaling/v1' }, 'autoscaling/v2'],
    ['a minimum above the maximum', hpaObject({ minReplicas: 5, maxReplicas: 4 }), 'at most maxReplicas'],
    ['no maximum', hpaObject({ maxReplicas: undefined }), 'spec.maxReplicas'],
    [
      'a minimum of 0 that nothing could bring back',
      hpaObject({ minReplicas: 0 }),
      'at least 1 without an Object',
    ],
    ['a target of nothing', hpaObject({ metrics: [cpu(0)] }), 'averageUtilization must be'],
    ['a quantity of nothing', hpaObject({ metrics: [perPod('a', '0')] }), 'must be a quantity above 0'],
    ['a quantity that is none', hpaObject({ metrics: [perPod('a', '5 MB')] }), 'must be a quantity above 0'],
    [
      'a total where each pod is meant',
      hpaObject({
        metrics: [{ type: 'Pods', pods: { metric: { name: 'a' }, target: { type: 'Value', value: 1 } } }],
      }),
      'must be one of AverageValue',
    ],
    [
      'two targets at once',
      hpaObject({ metrics: [external('a', { type: 'Value', value: 1, averageValue: 1 })] }),
      'must not be beside type Value',
    ],
    [
      'two sources at once',
      hpaObject({ metrics: [{ ...cpu(50), pods: {} }] }),
      'must not be beside type Resource',
    ],
    [
      'a window beyond an hour',
      hpaObject({ behavior: { scaleUp: { stabilizationWindowSeconds: 3601 } } }),
      'at most 3600',
    ],
    ['no policies', hpaObject({ behavior: { scaleUp: { policies: [] } } }), 'must not be empty'],
    [
      'a period beyond half an hour',
      hpaObject({ behavior: { scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 1801 }] } } }),
      'at most 1800',
    ],
    [
      'a tolerance below 0',
      hpaObject({ behavior: { scaleUp: { tolerance: -0.1 } } }),
      'must be a quantity from 0',
    ],
    [
      'a name that can stand in no path',
      hpaObject({ metrics: [perPod('requests/s', '10')] }),
      'spec.metrics[0].pods.metric.name must be a part of a path, without / or %',
    ],
    [
      'a target that can stand in no path',
      hpaObject({ scaleTargetRef: { kind: 'Deployment', name: '..' } }),
      'spec.scaleTargetRef.name must be a part of a path',
    ],
    ['a key that is not known', hpaObject({ maxReplica: 5 }), 'did you mean maxReplicas?'],
  ])('refuses %s', (_, input, said) => {
    expect(problemsOf(input)).toContain(said);
  });

  it('is written so that it is read as the same', () => {
    const quantity = fc.constantFrom('500m', '3', '1Gi', '20k');
    const name = fc.constantFrom('a', 'b.c', 'http_requests');
    const selector = fc.constantFrom(
      undefined,
      { matchLabels: { zone: 'x', app: 'y' } },
      { matchExpressions: [{ key: 'k', operator: 'In', values: ['v'] }] },
    );
    const metric = fc.record({ name, selector }, { requiredKeys: ['name'] });
    const value = fc.oneof(
      quantity.map((averageValue) => ({ type: 'AverageValue', averageValue })),
      quantity.map((total) => ({ type: 'Value', value: total })),
    );
    const average = quantity.map((averageValue) => ({ type: 'AverageValue', averageValue }));
    const anyMetric = fc.oneof(
      fc.integer({ min: 1, max: 300 }).map(cpu),
      fc.record({ metric, target: average }).map((source) => ({ type: 'Pods', pods: source })),
      fc.record({ metric, target: value }).map((source) => ({ type: 'External', external: source })),
      fc
        .record({ metric, target: value, describedObject: fc.constant({ kind: 'Ingress', name: 'main' }) })
        .map((source) => ({ type: 'Object', object: source })),
      fc
        .record({ name: fc.constantFrom('cpu', 'memory'), container: name, target: average })
        .map((source) => ({ type: 'ContainerResource', containerResource: source })),
    );
    const direction = fc.record(
      {
        stabilizationWindowSeconds: fc.integer({ min: 0, max: 3600 }),
        selectPolicy: fc.constantFrom('Max', 'Min', 'Disabled'),
        policies: fc.array(
          fc.record({
            type: fc.constantFrom('Pods', 'Percent'),
            value: fc.integer({ min: 1, max: 100 }),
            periodSeconds: fc.integer({ min: 1, max: 1800 }),
          }),
          { minLength: 1, maxLength: 3 },
        ),
        tolerance: fc.constantFrom('0.05', '50m', 0.2, 0),
      },
      { requiredKeys: [] },
    );
    const anySpec = fc.record(
      {
        minReplicas: fc.integer({ min: 1, max: 10 }),
        metrics: fc.array(anyMetric, { maxLength: 4 }),
        behavior: fc.record({ scaleUp: direction, scaleDown: direction }, { requiredKeys: [] }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(anySpec, (spec) => {
        const parsed = parseScalingPolicy(hpaObject(spec));
        expect(parsed).toMatchObject({ ok: true });
        if (!parsed.ok) return;
        expect(parseScalingPolicy(JSON.parse(JSON.stringify(writeScalingPolicy(parsed.value))))).toEqual(
          parsed,
        );
      }),
    );
  });
});
