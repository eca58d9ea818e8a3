import { Histogram } from '../../metrics/index.ts';

/** The build that ran before is the baseline; the one that is to take over is the candidate. */
export type Build = 'baseline' | 'candidate';

/** What the instances of both builds have counted, at one moment. */
export type TrafficTotals = Readonly<Record<Build, readonly InstanceTotals[]>>;

/** Of one instance, since it began: totals, so that nothing is lost with a look that was missed. */
export interface InstanceTotals {
  readonly instance: string;
  /** By the name of the endpoint. */
  readonly endpoints: ReadonlyMap<string, Counted>;
}

/** Requests that were answered; what is shed before it reaches an instance is not among them. */
export interface Counted {
  readonly requests: number;
  readonly errors: number;
  /** In microseconds, of all that were answered. */
  readonly latency: Histogram;
}

/** What both builds answered in some time: by endpoint, and as a whole. */
export type TrafficSpan = Readonly<Record<Build, BuildSpan>>;

export interface BuildSpan {
  readonly whole: Counted;
  readonly endpoints: ReadonlyMap<string, Counted>;
}

export interface TrafficGrowth {
  readonly span: TrafficSpan;
  /** Endpoints of instances whose totals have become less: they began anew, and what they tell counts from then on. */
  readonly restarted: number;
}

/**
 * What was answered between two looks. An instance counts from the look that first saw it, so that what it did while
 * it warmed up does not; one that is gone counts no more. Pure.
 */
export function growthOf(before: TrafficTotals, now: TrafficTotals): TrafficGrowth {
  const baseline = buildGrowth(before.baseline, now.baseline);
  const candidate = buildGrowth(before.candidate, now.candidate);
  return {
    span: { baseline: baseline.span, candidate: candidate.span },
    restarted: baseline.restarted + candidate.restarted,
  };
}

/** Spans that follow each other, as one. Pure. */
export function mergeSpans(spans: readonly TrafficSpan[]): TrafficSpan {
  const merged = { baseline: new SpanSum(), candidate: new SpanSum() };
  for (const build of ['baseline', 'candidate'] as const) {
    for (const span of spans) {
      for (const [endpoint, counted] of span[build].endpoints) merged[build].add(endpoint, counted);
    }
  }
  return merged;
}

function buildGrowth(
  before: readonly InstanceTotals[],
  now: readonly InstanceTotals[],
): { readonly span: BuildSpan; readonly restarted: number } {
  const known = new Map(before.map(({ instance, endpoints }) => [instance, endpoints]));
  const span = new SpanSum();
  let restarted = 0;
  for (const { instance, endpoints } of now) {
    const earlier = known.get(instance);
    if (earlier === undefined) continue;
    for (const [endpoint, counted] of endpoints) {
      const grown = grownBy(earlier.get(endpoint), counted);
      if (grown === undefined) restarted++;
      else if (grown.requests > 0) span.add(endpoint, grown);
    }
  }
  return { span, restarted };
}

function grownBy(before: Counted | undefined, now: Counted): Counted | undefined {
  if (before === undefined) return now;
  const latency = now.latency.since(before.latency);
  const requests = now.requests - before.requests;
  const errors = now.errors - before.errors;
  return latency === undefined || requests < 0 || errors < 0 ? undefined : { requests, errors, latency };
}

class SpanSum implements BuildSpan {
  readonly whole: Sum = newSum();
  readonly endpoints: Map<string, Sum> = new Map();

  add(named: string, counted: Counted): void {
    const endpoint = this.endpoints.has(named) || this.endpoints.size < endpointsMax ? named : otherEndpoints;
    const sum = this.endpoints.get(endpoint) ?? newSum();
    this.endpoints.set(endpoint, sum);
    for (const each of [sum, this.whole]) {
      each.requests += counted.requests;
      each.errors += counted.errors;
      each.latency.merge(counted.latency);
    }
  }
}

interface Sum {
  requests: number;
  errors: number;
  readonly latency: Histogram;
}

function newSum(): Sum {
  return { requests: 0, errors: 0, latency: new Histogram() };
}

/** A path with an id in it makes an endpoint of every request; those past so many are counted as one. */
const endpointsMax = 100;
const otherEndpoints = '(other)';
