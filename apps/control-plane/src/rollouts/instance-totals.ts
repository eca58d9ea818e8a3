import { Histogram } from 'loadline/metrics';
import type { Counted } from 'loadline/scaling';
import { endpointOfRequest, isFailure, type Reading, totalOf } from '../collect/index.ts';

/**
 * What an instance has answered so far, by endpoint, from the metrics that it shows. One that has answered nothing yet shows
 * no times of requests. Pure.
 *
 * @param leftOut paths of which nothing counts, such as those of checks.
 */
export function endpointsOf(
  { families }: Reading,
  leftOut: ReadonlySet<string>,
): ReadonlyMap<string, Counted> {
  const times = families.get('http_request_duration_seconds');
  if (times?.kind !== 'histogram') return new Map();
  const endpoints = new Map<string, Sum>();
  const of = (labels: Labels): Sum => {
    const name = endpointOfRequest(labels) ?? 'all';
    const known = endpoints.get(name) ?? { requests: 0, errors: 0, latency: new Histogram() };
    endpoints.set(name, known);
    return known;
  };
  const isLeftOut = ({ route, handler = route, path = handler }: Labels): boolean =>
    path !== undefined && leftOut.has(path);
  for (const { labels, value } of times.series.values()) {
    if (typeof value === 'number' || isLeftOut(labels)) continue;
    const counted = of(labels);
    const answered = totalOf(value, inMicroseconds);
    counted.latency.merge(answered);
    counted.requests += answered.count;
    if (isFailure(labels)) counted.errors += answered.count;
  }
  // Others time requests without their status, and count them with it.
  const isStatusTimed = [...times.series.values()].some(({ labels }) => hasStatus(labels));
  for (const { labels, value } of families.get('http_requests')?.series.values() ?? []) {
    if (isStatusTimed || typeof value !== 'number' || !isFailure(labels) || isLeftOut(labels)) continue;
    of(labels).errors += value;
  }
  // Who fails may not be timed at all; it was asked for all the same.
  for (const counted of endpoints.values()) counted.requests = Math.max(counted.requests, counted.errors);
  return endpoints;
}

type Labels = Readonly<Record<string, string>>;

interface Sum {
  requests: number;
  errors: number;
  readonly latency: Histogram;
}

function hasStatus({ status, status_code: other = status, code = other }: Labels): boolean {
  return code !== undefined;
}

const inMicroseconds = { scale: 1e-6, perUnit: 1 };
