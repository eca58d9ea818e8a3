import { type ComparedMetric, comparedMetrics, toScale } from '../../load/compare/index.ts';
import { Histogram } from '../../metrics/index.ts';
import { noValues, type RunningMean, withValue } from '../../statistics/index.ts';
import type { RolloutJudge } from './plan.ts';
import type { BuildSpan, Counted, TrafficSpan } from './traffic-seen.ts';

/**
 * What a step has shown so far, one entry an endpoint, the whole first. Plain data, of a size that does not grow with
 * time: it is remembered, so that a restart does not begin anew.
 */
export type Evidence = readonly EndpointEvidence[];

export interface EndpointEvidence {
  /** Undefined is the whole. */
  readonly endpoint: string | undefined;
  /** Of both builds, in all blocks. */
  readonly requests: OfBuilds;
  readonly errors: OfBuilds;
  /** How far the candidate lay above the baseline in each block, in the order of `rolloutMetrics`, on their scales. */
  readonly differences: readonly RunningMean[];
}

/**
 * Of the metrics that runs are compared by, those that mean something of two builds that get different shares: no
 * throughput, no time that only a generator knows, and no percentile for which a block is too short.
 */
export const rolloutMetrics: readonly ComparedMetric[] = comparedMetrics.filter(({ name }) =>
  ['latency mean', 'latency p50', 'latency p95', 'errors'].includes(name),
);

/** One endpoint in one piece of time, long and busy enough for figures of its own. */
export interface Block {
  readonly endpoint: string | undefined;
  readonly baseline: Counted;
  readonly candidate: Counted;
}

/** What has come in since the last block of each endpoint, by its name; kept in memory only. */
export type OpenBlocks = ReadonlyMap<string | undefined, Block & { readonly ageMs: number }>;

export const noBlocks: OpenBlocks = new Map();

/**
 * Adds what was answered, and closes the blocks that are full: each endpoint's is as long as it needs for its
 * requests. Pure.
 */
export function fillBlocks(
  open: OpenBlocks,
  { span, spanMs }: { readonly span: TrafficSpan; readonly spanMs: number },
  { blockMs, blockRequests }: RolloutJudge,
): { readonly open: OpenBlocks; readonly closed: readonly Block[] } {
  const left = new Map<string | undefined, Block & { readonly ageMs: number }>();
  const closed: Block[] = [];
  const endpoints = [...open.keys(), ...span.baseline.endpoints.keys(), ...span.candidate.endpoints.keys()];
  for (const endpoint of new Set([undefined, ...endpoints])) {
    const before = open.get(endpoint);
    const block = {
      endpoint,
      ageMs: (before?.ageMs ?? 0) + spanMs,
      baseline: sumOf(before?.baseline, countedIn(span.baseline, endpoint)),
      candidate: sumOf(before?.candidate, countedIn(span.candidate, endpoint)),
    };
    const requests = Math.min(block.baseline.requests, block.candidate.requests);
    if (block.ageMs >= blockMs && requests >= blockRequests) closed.push(block);
    else left.set(endpoint, block);
  }
  return { open: left, closed };
}

function countedIn(span: BuildSpan, endpoint: string | undefined): Counted | undefined {
  return endpoint === undefined ? span.whole : span.endpoints.get(endpoint);
}

function sumOf(...parts: readonly (Counted | undefined)[]): Counted {
  const sum = { requests: 0, errors: 0, latency: new Histogram() };
  for (const part of parts) {
    if (part === undefined) continue;
    sum.requests += part.requests;
    sum.errors += part.errors;
    sum.latency.merge(part.latency);
  }
  return sum;
}

/** The evidence with one more block. Pure. */
export function withBlock(evidence: Evidence, { endpoint, baseline, candidate }: Block): Evidence {
  const at = evidence.findIndex((each) => each.endpoint === endpoint);
  const before = evidence[at] ?? noEvidence(endpoint);
  const figures = { baseline: figuresOf(baseline), candidate: figuresOf(candidate) };
  const added: EndpointEvidence = {
    endpoint,
    requests: addedUp(before.requests, { baseline: baseline.requests, candidate: candidate.requests }),
    errors: addedUp(before.errors, { baseline: baseline.errors, candidate: candidate.errors }),
    differences: before.differences.map((running, metric) =>
      withValue(running, (figures.candidate[metric] as number) - (figures.baseline[metric] as number)),
    ),
  };
  return at === -1 ? [...evidence, added] : evidence.with(at, added);
}

function noEvidence(endpoint: string | undefined): EndpointEvidence {
  const none = { baseline: 0, candidate: 0 };
  return { endpoint, requests: none, errors: none, differences: rolloutMetrics.map(() => noValues) };
}

type OfBuilds = Readonly<Record<'baseline' | 'candidate', number>>;

function addedUp(a: OfBuilds, b: OfBuilds): OfBuilds {
  return { baseline: a.baseline + b.baseline, candidate: a.candidate + b.candidate };
}

/** On the metrics' scales. The clock's step is a microsecond: nothing took no time. */
function figuresOf({ requests, errors, latency }: Counted): readonly number[] {
  const times: Readonly<Record<string, () => number>> = {
    'latency mean': () => latency.mean,
    'latency p50': () => medianUnbiasedQuantile(latency, 0.5),
    'latency p95': () => medianUnbiasedQuantile(latency, 0.95),
  };
  return rolloutMetrics.map((metric) => {
    const time = times[metric.name];
    return toScale(metric, time === undefined ? errors / requests : Math.max(time(), 1) / 1000);
  });
}

/**
 * A quantile whose median error is about none, whatever the distribution and the number of values (R. J. Hyndman,
 * Y. Fan, American Statistician 50, 1996, definition 8). The nearest rank lies lower the fewer values there are, and
 * would let the build with the smaller share look quicker.
 */
export function medianUnbiasedQuantile(histogram: Histogram, q: number): number {
  const { count } = histogram;
  const place = Math.min(count, Math.max(1, (count + 1 / 3) * q + 1 / 3));
  const below = Math.floor(place);
  const low = histogram.quantile(below / count);
  const high = histogram.quantile(Math.min(count, below + 1) / count);
  return low + (place - below) * (high - low);
}
