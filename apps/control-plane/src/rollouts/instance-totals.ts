import { Histogram } from 'loadline/metrics';
import type { Counted } from 'loadline/scaling';
import { endpointOfRequest, isFailure, type ReadHistogram, type Reading } from '../collect/index.ts';

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
    const answered = addTimes(counted.latency, value);
    counted.requests += answered;
    if (isFailure(labels)) counted.errors += answered;
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

/** Adds what was timed, in microseconds; gives how many that were. */
function addTimes(sum: Histogram, read: ReadHistogram): number {
  if (read.form === 'bounds') return addBounds(sum, read);
  const times = read.form === 'exact' ? read.histogram : Histogram.decode(read.bytes);
  if (read.scale === microsecond) sum.merge(times);
  else
    for (const [value, count] of times.buckets())
      sum.recordMany(Math.round((value * read.scale) / microsecond), count);
  return times.count;
}

const microsecond = 1e-6;

/** Each in the middle of its bucket; those beyond the last bound at it. */
function addBounds(sum: Histogram, { bounds, counts }: Extract<ReadHistogram, { form: 'bounds' }>): number {
  let below = 0;
  let low = 0;
  for (const [at, bound] of bounds.entries()) {
    const count = Math.max(0, Math.round((counts[at] ?? 0) - below));
    const middle = Number.isFinite(bound) ? (low + bound) / 2 : low;
    sum.recordMany(Math.round(middle / microsecond), count);
    below += count;
    if (Number.isFinite(bound)) low = bound;
  }
  return below;
}
