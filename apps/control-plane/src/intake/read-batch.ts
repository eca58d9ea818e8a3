import type { Sample } from 'loadline/store';
import { unitOfMetric } from '../collect/index.ts';
import { type MetricBatch, momentOf } from '../contract/index.ts';
import { type Mistake, Problem } from '../problems/index.ts';
import type { Delivery } from './intake.ts';

/**
 * Reads a batch that fits its schema. Pure.
 *
 * @throws CONTROL_PLANE_REQUEST_INVALID with every sample whose labels are too long together, which no schema can say.
 */
export function readBatch({ samples }: MetricBatch, nowMs: number): Delivery {
  const errors = samples.flatMap(({ labels }, index): Mistake[] =>
    labels === undefined || lengthOf(labels) <= labelsLengthMax
      ? []
      : [{ in: 'body', pointer: `/samples/${index}/labels`, detail: tooLong }],
  );
  if (errors.length > 0) {
    const detail = `${errors[0]?.pointer} ${tooLong}${errors.length > 1 ? `; and ${errors.length - 1} more` : ''}.`;
    throw new Problem('CONTROL_PLANE_REQUEST_INVALID', detail, { errors });
  }
  return {
    samples: samples.map((sample) => sampleOf(sample, nowMs)),
    pointerOf: (index) => `/samples/${index}`,
    refused: 0,
    problems: [],
    leftOut: 0,
  };
}

const labelsLengthMax = 1000;
const tooLong = `must have at most ${labelsLengthMax} characters, names and values together`;

function lengthOf(labels: Readonly<Record<string, string>>): number {
  return Object.entries(labels).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}

function sampleOf({ value, at, unit, ...series }: MetricBatch['samples'][number], nowMs: number): Sample {
  return {
    series: { ...series, unit: unit ?? unitOfMetric(series.metric) },
    atMs: at === undefined ? nowMs : momentOf(at),
    value,
  };
}
