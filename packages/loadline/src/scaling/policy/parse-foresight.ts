import type { Field } from '../../base/index.ts';
import { limitsOf, readManners, readSource } from './parse-source.ts';
import { policyKeys } from './policy-keys.ts';
import type { ForecastRule, SizingRule } from './rule.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** `sizing: { latency: 200ms, concurrency: 8, service: 20ms }`. */
export function readSizing(field: Field, tolerance: number): SizingRule {
  const sizing = field.object(policyKeys.sizing);
  const metric = sizing.optional('metric')?.oneOf(['ratePerSecond', 'messagesPerSecond']) ?? 'ratePerSecond';
  const latencyMs = sizing.required('latency').duration({ above: 0, atMost: hourMs });
  const serviceMs = sizing.optional('service')?.duration({ above: 0, atMost: hourMs });
  if (serviceMs !== undefined && serviceMs >= latencyMs)
    sizing
      .required('service')
      .problem('must be shorter than latency: no number of instances makes a request shorter than its work');
  const variability = (key: 'serviceVariability' | 'arrivalVariability'): number =>
    sizing.optional(key)?.number({ atLeast: 0, atMost: 100 }) ?? 1;
  return {
    kind: 'sizing',
    ...readSource(field.as({}), metric),
    metric,
    latencyMs,
    quantile: sizing.optional('quantile')?.number({ atLeast: 0.5, atMost: 0.999 }) ?? 0.95,
    concurrency: sizing.optional('concurrency')?.number({ atLeast: 1, atMost: 10_000, whole: true }) ?? 1,
    serviceMs,
    serviceVariability: variability('serviceVariability'),
    arrivalVariability: variability('arrivalVariability'),
    headroom: sizing.optional('headroom')?.number({ atLeast: 0, atMost: 10 }) ?? 0,
    scaleInTolerance: sizing.optional('scaleInTolerance')?.number({ atLeast: 0, atMost: 0.99 }) ?? tolerance,
    ...readManners(sizing, 0),
  };
}

/** `forecast: { ratePerSecond: { target: 50 } }`; beside sizing by the same metric, the target may be left out. */
export function readForecast(entry: Field, key: string, sizing: SizingRule | undefined): ForecastRule {
  const source = readSource(entry, key);
  const rule = entry.object(policyKeys.forecast);
  return {
    kind: 'forecast',
    ...source,
    ...(rule.has('target') || sizing?.metric !== source.metric
      ? { target: rule.required('target').number(limitsOf(source.metric, key)), sizing: undefined }
      : { target: undefined, sizing }),
    quantile: rule.optional('quantile')?.number({ atLeast: 0.5, atMost: 0.99 }) ?? 0.9,
    leadMs: rule.optional('lead')?.duration({ above: 0, atMost: dayMs }),
    marginMs: rule.optional('margin')?.duration({ atMost: dayMs }) ?? 60_000,
    // What is not foreseen is left to those that see.
    ...readManners(rule, 0),
    whenMissing: rule.optional('whenMissing') === undefined ? 'ignore' : readManners(rule, 0).whenMissing,
  };
}
