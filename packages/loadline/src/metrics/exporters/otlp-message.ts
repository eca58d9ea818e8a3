import { encodeMessage, type Message } from '../../base/index.ts';
import { toExposed, toRecorded } from '../exposure.ts';
import type { HistogramSeries, NumberSeries } from '../family.ts';
import type { FamilyNames } from '../names.ts';
import type { HistogramSnapshot, Snapshot } from '../snapshot.ts';
import { exponentialBuckets } from './exponential-buckets.ts';

/**
 * What OTLP sends, by the names and numbers of opentelemetry-proto 1.x: `collector/metrics/v1`,
 * `metrics/v1`, `resource/v1` and `common/v1`. The names are those of its JSON form, so one object gives both.
 */
const anyValue = { stringValue: [1, 'string'] } as const;
const keyValue = { key: [1, 'string'], value: [2, anyValue] } as const;
const numberPoint = {
  attributes: [7, keyValue, 'repeated'],
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  asDouble: [4, 'double'],
} as const;
const histogramPoint = {
  attributes: [9, keyValue, 'repeated'],
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  bucketCounts: [6, 'fixed64', 'repeated'],
  explicitBounds: [7, 'double', 'repeated'],
  min: [11, 'double'],
  max: [12, 'double'],
} as const;
const buckets = { offset: [1, 'sint32'], bucketCounts: [2, 'uint64', 'repeated'] } as const;
const exponentialPoint = {
  attributes: [1, keyValue, 'repeated'],
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  scale: [6, 'sint32'],
  zeroCount: [7, 'fixed64'],
  positive: [8, buckets],
  min: [12, 'double'],
  max: [13, 'double'],
} as const;
const temporality = { aggregationTemporality: [2, 'enum'] } as const;
const metric = {
  name: [1, 'string'],
  description: [2, 'string'],
  unit: [3, 'string'],
  gauge: [5, { dataPoints: [1, numberPoint, 'repeated'] }],
  sum: [7, { dataPoints: [1, numberPoint, 'repeated'], ...temporality, isMonotonic: [3, 'bool'] }],
  histogram: [9, { dataPoints: [1, histogramPoint, 'repeated'], ...temporality }],
  exponentialHistogram: [10, { dataPoints: [1, exponentialPoint, 'repeated'], ...temporality }],
} as const;
const scope = { name: [1, 'string'] } as const;
const scopeMetrics = { scope: [1, scope], metrics: [2, metric, 'repeated'] } as const;
const resource = { attributes: [1, keyValue, 'repeated'] } as const;
const resourceMetrics = { resource: [1, resource], scopeMetrics: [2, scopeMetrics, 'repeated'] } as const;
const exportRequest = { resourceMetrics: [1, resourceMetrics, 'repeated'] } as const;

/** AGGREGATION_TEMPORALITY_CUMULATIVE: every point tells everything since the start. */
const cumulative = 2;

/** What all points of a message have in common. */
export interface OtlpContext {
  /** Attributes of the resource: `service.name` and the like. */
  readonly resource: Readonly<Record<string, string>>;
  /** Since when the metrics count, and as of when they are, in wall milliseconds. */
  readonly startMs: number;
  readonly nowMs: number;
  readonly histograms: 'explicit' | 'exponential';
}

/** A snapshot as an ExportMetricsServiceRequest, in protocol buffers or in its JSON form. Pure. */
export function encodeOtlp(
  snapshot: Snapshot,
  context: OtlpContext,
  encoding: 'protobuf' | 'json',
): Uint8Array {
  const message: Message<typeof exportRequest> = {
    resourceMetrics: [
      {
        resource: { attributes: keyValues(Object.keys(context.resource), Object.values(context.resource)) },
        scopeMetrics: [
          {
            scope: { name: 'loadline' },
            metrics: snapshot.map((family) => metricOf(family, context)),
          },
        ],
      },
    ],
  };
  return encoding === 'protobuf' ? encodeMessage(exportRequest, message) : Buffer.from(toJson(message));
}

/** How many data points the message of a snapshot has. */
export function countPoints(snapshot: Snapshot): number {
  return snapshot.reduce((sum, family) => sum + family.series.length, 0);
}

type Metric = Message<typeof metric>;

function metricOf(family: Snapshot[number], context: OtlpContext): Metric {
  const head = { name: family.name, description: family.help, unit: unitOf(family.name) };
  if (family.kind === 'histogram') return { ...head, ...histogramsOf(family, context) };
  const dataPoints = family.series.map((series) => ({
    ...pointHead(family, series, context),
    asDouble: series.value,
  }));
  return family.kind === 'gauge'
    ? { ...head, gauge: { dataPoints } }
    : { ...head, sum: { dataPoints, aggregationTemporality: cumulative, isMonotonic: true } };
}

function histogramsOf(family: HistogramSnapshot, context: OtlpContext): Metric {
  const aggregationTemporality = cumulative;
  if (context.histograms === 'exponential') {
    const dataPoints = family.series.map((series) => {
      const { scale, zeroCount, offset, counts } = exponentialBuckets(series.histogram, family.scale);
      return {
        ...histogramHead(family, series, context),
        scale,
        zeroCount: BigInt(zeroCount),
        positive: { offset, bucketCounts: counts.map(BigInt) },
      };
    });
    return { exponentialHistogram: { dataPoints, aggregationTemporality } };
  }
  const limits = family.buckets.map((bound) => toRecorded(bound, family.scale));
  const dataPoints = family.series.map((series) => {
    const below = [0, ...series.histogram.countsAtOrBelow(limits), series.histogram.count];
    const counts = below.slice(1).map((count, at) => BigInt(count - (below[at] as number)));
    return {
      ...histogramHead(family, series, context),
      bucketCounts: counts,
      explicitBounds: family.buckets,
    };
  });
  return { histogram: { dataPoints, aggregationTemporality } };
}

function histogramHead(family: HistogramSnapshot, series: HistogramSeries, context: OtlpContext) {
  const { count, sum, min, max } = series.histogram;
  return {
    ...pointHead(family, series, context),
    count: BigInt(count),
    sum: toExposed(sum, family.scale),
    ...(count > 0 ? { min: toExposed(min, family.scale), max: toExposed(max, family.scale) } : {}),
  };
}

function pointHead(
  family: FamilyNames & { readonly kind: string },
  { labels }: Pick<NumberSeries, 'labels'>,
  { startMs, nowMs }: OtlpContext,
) {
  const attributes = keyValues(family.labelNames, labels);
  const timeUnixNano = BigInt(Math.round(nowMs)) * 1_000_000n;
  // A gauge is as of a moment: only what accumulates has a start.
  if (family.kind === 'gauge') return { attributes, timeUnixNano };
  return { attributes, startTimeUnixNano: BigInt(Math.round(startMs)) * 1_000_000n, timeUnixNano };
}

function keyValues(names: readonly string[], values: readonly string[]): Message<typeof keyValue>[] {
  return names.map((key, at) => ({ key, value: { stringValue: values[at] as string } }));
}

/** UCUM's short name of the base unit that a metric's name ends in; nothing for what is counted. */
function unitOf(name: string): string {
  const word = name
    .replace(/_total$/, '')
    .split('_')
    .at(-1) as string;
  return { seconds: 's', bytes: 'By', ratio: '1', utilization: '1' }[word] ?? '';
}

/** Numbers of 64 bits in quotes, and words for the doubles that JSON has no number for. */
function toJson(message: object): string {
  return JSON.stringify(message, (_, value: unknown) => {
    if (typeof value === 'bigint') return String(value);
    return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
  });
}
