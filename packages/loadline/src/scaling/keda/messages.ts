import { encodeMessage } from '../../base/index.ts';
import { fieldsOf, textOf } from './read-fields.ts';

/** What KEDA says of the object that it scales. */
export interface ScaledObjectRef {
  readonly name: string;
  readonly namespace: string;
  /** The `metadata` of the trigger, as it was written there. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** A value, and how much of it one replica is to carry. */
export interface KedaMetric {
  readonly name: string;
  readonly value: number;
  /** Above 0. */
  readonly target: number;
}

/** Reads a `ScaledObjectRef`. @throws RangeError where the bytes are none. */
export function readScaledObjectRef(bytes: Uint8Array): ScaledObjectRef {
  const fields = fieldsOf(bytes);
  const metadata = new Map<string, string>();
  for (const { number, value } of fields) {
    if (number !== 3 || !(value instanceof Uint8Array)) continue;
    const entry = fieldsOf(value);
    metadata.set(textOf(entry, 1), textOf(entry, 2));
  }
  return { name: textOf(fields, 1), namespace: textOf(fields, 2), metadata };
}

/** Reads a `GetMetricsRequest`. @throws RangeError where the bytes are none. */
export function readMetricsRequest(bytes: Uint8Array): {
  readonly ref: ScaledObjectRef;
  readonly metric: string;
} {
  const fields = fieldsOf(bytes);
  const ref = fields.findLast(({ number, value }) => number === 1 && value instanceof Uint8Array)?.value;
  return {
    ref: readScaledObjectRef((ref as Uint8Array | undefined) ?? new Uint8Array()),
    metric: textOf(fields, 2),
  };
}

/** An `IsActiveResponse`. */
export function writeIsActive(isActive: boolean): Uint8Array {
  return encodeMessage({ result: [1, 'bool'] } as const, { result: isActive });
}

/** A `GetMetricSpecResponse`. Older KEDA knows only the whole numbers, newer ones take the others. */
export function writeMetricSpec(metrics: readonly KedaMetric[]): Uint8Array {
  return encodeMessage(specShape, {
    metricSpecs: metrics.map(({ name, target }) => ({
      metricName: name,
      // A target of 0 would be a division by it.
      targetSize: Math.max(1, Math.round(target)),
      targetSizeFloat: target,
    })),
  });
}

/** A `GetMetricsResponse`. */
export function writeMetrics(metrics: readonly KedaMetric[]): Uint8Array {
  return encodeMessage(valueShape, {
    metricValues: metrics.map(({ name, value }) => ({
      metricName: name,
      metricValue: Math.round(value),
      metricValueFloat: value,
    })),
  });
}

const specShape = {
  metricSpecs: [
    1,
    { metricName: [1, 'string'], targetSize: [2, 'uint53'], targetSizeFloat: [3, 'double'] },
    'repeated',
  ],
} as const;

const valueShape = {
  metricValues: [
    1,
    { metricName: [1, 'string'], metricValue: [2, 'uint53'], metricValueFloat: [3, 'double'] },
    'repeated',
  ],
} as const;
