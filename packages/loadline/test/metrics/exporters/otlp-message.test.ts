import { createRegistry, type Registry } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';
import { encodeOtlp, type OtlpContext } from '../../../src/metrics/exporters/otlp-message.ts';
import { decodeJsonRequest, decodeRequest, type OtlpMetric, type OtlpRequest } from './published-otlp.ts';

const startMs = Date.UTC(2026, 0, 1);
const context: OtlpContext = {
  resource: { 'service.name': 'loadline', 'loadline.run.id': 'r1' },
  startMs,
  nowMs: startMs + 1500,
  histograms: 'explicit',
};
const start = '1767225600000000000';
const now = '1767225601500000000';

function smallRegistry(): Registry {
  const registry = createRegistry();
  registry
    .counter({ name: 'requests_total', help: 'Requests.', labels: ['route'] })
    .with({ route: '/ä\ud83d\ude00' })
    .add(3);
  registry.gauge({ name: 'free_bytes', help: 'Free.' }).set(-0.5);
  const waits = registry.histogram({ name: 'wait_seconds', help: 'Waits.', buckets: [0.0001, 0.001, 1] });
  for (const us of [50, 100, 101, 2_000_000]) waits.record(us);
  return registry;
}

function decoded(registry: Registry, changes: Partial<OtlpContext> = {}): OtlpRequest {
  return decodeRequest(encodeOtlp(registry.snapshot(), { ...context, ...changes }, 'protobuf'));
}

function metricsOf(request: OtlpRequest): readonly OtlpMetric[] {
  return request.resourceMetrics[0].scopeMetrics[0].metrics;
}

describe('encodeOtlp(), read by the published definitions', () => {
  it('says whose metrics they are', () => {
    const { resource, scopeMetrics } = decoded(smallRegistry()).resourceMetrics[0];
    expect(resource.attributes).toEqual([
      { key: 'service.name', value: { stringValue: 'loadline' } },
      { key: 'loadline.run.id', value: { stringValue: 'r1' } },
    ]);
    expect(scopeMetrics[0].scope).toEqual({ name: 'loadline' });
  });

  it('sends a counter as a cumulative monotonic sum, a gauge as of a moment, a histogram with its bounds', () => {
    expect(metricsOf(decoded(smallRegistry()))).toEqual([
      {
        name: 'requests_total',
        description: 'Requests.',
        unit: '',
        sum: {
          dataPoints: [
            {
              attributes: [{ key: 'route', value: { stringValue: '/ä😀' } }],
              startTimeUnixNano: start,
              timeUnixNano: now,
              asDouble: 3,
            },
          ],
          aggregationTemporality: 'AGGREGATION_TEMPORALITY_CUMULATIVE',
          isMonotonic: true,
        },
      },
      {
        name: 'free_bytes',
        description: 'Free.',
        unit: 'By',
        gauge: { dataPoints: [{ timeUnixNano: now, asDouble: -0.5 }] },
      },
      {
        name: 'wait_seconds',
        description: 'Waits.',
        unit: 's',
        histogram: {
          dataPoints: [
            {
              startTimeUnixNano: start,
              timeUnixNano: now,
              count: '4',
              sum: 2.000251,
              bucketCounts: ['2', '1', '0', '1'],
              explicitBounds: [0.0001, 0.001, 1],
              min: 0.00005,
              max: 2,
            },
          ],
          aggregationTemporality: 'AGGREGATION_TEMPORALITY_CUMULATIVE',
        },
      },
    ]);
  });

  it('sends exponential histograms where they are asked for', () => {
    const registry = createRegistry();
    const waits = registry.histogram({ name: 'wait_seconds', help: 'Waits.' });
    for (const us of [0, 500_000, 500_001, 1_000_000]) waits.record(us);
    const [metric] = metricsOf(decoded(registry, { histograms: 'exponential' }));
    expect(metric?.exponentialHistogram).toEqual({
      dataPoints: [
        {
          startTimeUnixNano: start,
          timeUnixNano: now,
          count: '4',
          sum: 2.000001,
          scale: 3,
          zeroCount: '1',
          // From 2^-20 s, about one microsecond; the last eight buckets are those from half a second to one.
          positive: expect.objectContaining({ offset: -160 }),
          min: 0,
          max: 1,
        },
      ],
      aggregationTemporality: 'AGGREGATION_TEMPORALITY_CUMULATIVE',
    });
  });

  it('gives a histogram without values no lowest and highest one', () => {
    const registry = createRegistry();
    registry.histogram({ name: 'wait_seconds', help: 'Waits.' });
    expect(metricsOf(decoded(registry))[0]?.histogram).toMatchObject({
      dataPoints: [{ count: '0', sum: 0 }],
    });
    expect(JSON.stringify(metricsOf(decoded(registry)))).not.toMatch(/"m(?:in|ax)"/);
    expect(
      metricsOf(decoded(registry, { histograms: 'exponential' }))[0]?.exponentialHistogram,
    ).toMatchObject({
      dataPoints: [{ count: '0', zeroCount: '0' }],
    });
  });

  it('writes the same as JSON, with numbers of 64 bits in quotes and words for the odd doubles', () => {
    const registry = smallRegistry();
    const odd = registry.gauge({ name: 'odd', help: 'Odd.', labels: ['of'] });
    for (const of of [NaN, Infinity, -Infinity]) odd.with({ of: String(of) }).set(of);
    for (const histograms of ['explicit', 'exponential'] as const) {
      const json = encodeOtlp(registry.snapshot(), { ...context, histograms }, 'json');
      const text = new TextDecoder().decode(json);
      expect(text).toContain(`"timeUnixNano":"${now}"`);
      expect(decodeJsonRequest(text)).toEqual(decoded(registry, { histograms }));
    }
  });

  it('holds much more than fits the first buffer', () => {
    const registry = createRegistry();
    const requests = registry.counter({ name: 'requests_total', help: 'Requests.', labels: ['route'] });
    for (let id = 0; id < 5000; id++)
      requests.with({ route: `${id} ${(id % 2 === 0 ? 'x' : 'é').repeat(id % 300)}` }).add(id);
    const { dataPoints } = metricsOf(decoded(registry)).map(({ sum }) => sum)[0] as Sum;
    expect(dataPoints).toHaveLength(5000);
    for (const [id, point] of dataPoints.entries()) {
      expect(point.asDouble).toBe(id);
      expect(point.attributes[0]?.value.stringValue).toBe(
        `${id} ${(id % 2 === 0 ? 'x' : 'é').repeat(id % 300)}`,
      );
    }
  });
});

interface Sum {
  readonly dataPoints: readonly {
    readonly attributes: readonly { readonly value: { readonly stringValue: string } }[];
    readonly asDouble: number;
  }[];
}
