import { createHistogram, type Histogram } from '../metrics/index.ts';
import { type GeneratorSample, type GeneratorVerdict, judgeGenerator } from './generator.ts';
import type { LoadPlan } from './plan.ts';
import type { Lane, Recorder, TimelinePoint } from './recorder.ts';
import {
  judgeThreshold,
  type Measured,
  type Statistic,
  type Threshold,
  type ThresholdResult,
} from './threshold.ts';

/** What a run has shown. Plain data: it goes to a file, over HTTP and into comparisons as it is. */
export interface LoadReport {
  readonly schema: 'loadline.load-report/1';
  readonly name: string;
  readonly target: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly seed: number;
  readonly plannedMs: number;
  /** Until work ceased to be begun; rates are over this time. */
  readonly activeMs: number;
  readonly verdict: Verdict;
  readonly offered: Offered;
  readonly iterations: Iterations;
  readonly total: ReportRow;
  /** By the steps' names. */
  readonly endpoints: readonly ReportRow[];
  readonly scenarios: readonly ReportRow[];
  readonly timeline: readonly TimelineRow[];
  readonly thresholds: readonly ThresholdResult[];
  readonly generator: GeneratorVerdict;
}

/**
 * `passed`; `failed`: a threshold failed or nothing answered; `invalid`: the generator was the bottleneck, so
 * the numbers say nothing; `inconclusive`: a threshold had nothing to be held against; `interrupted`.
 */
export interface Verdict {
  readonly status: 'passed' | 'failed' | 'invalid' | 'inconclusive' | 'interrupted';
  readonly reasons: readonly string[];
}

/** What was asked of the target, beside what it answered. */
export interface Offered {
  /** Requests that were due: begun, or never started. */
  readonly requests: number;
  readonly ratePerSecond: number;
  /** Requests that were answered as expected. */
  readonly achieved: number;
  readonly achievedPerSecond: number;
  /** Arrivals that the schedule has; undefined for a closed run. */
  readonly arrivals: number | undefined;
  /** Arrivals that were due and never started. */
  readonly dropped: number;
  /** Arrivals that began late because all users were busy; their wait is part of their latency. */
  readonly waited: number;
  /** Requests without an answer when the run was ended. */
  readonly unfinished: number;
}

export interface Iterations {
  readonly started: number;
  readonly completed: number;
  /** Ended early because a template had no value, by reason. */
  readonly cutShort: number;
  readonly cutShortBecause: Readonly<Record<string, number>>;
  /** Under way when the run, or their user's time, ended. */
  readonly interrupted: number;
}

export interface ReportRow {
  readonly name: string;
  readonly requests: number;
  readonly errors: number;
  /** 0 to 1; 0 where there were no requests. */
  readonly errorRatio: number;
  readonly ratePerSecond: number;
  /** From when the request was due to its last byte; undefined where nothing was measured. */
  readonly latencyMs: LatencySummary | undefined;
  /** From when the request was sent on an open connection to its last byte. */
  readonly serviceMs: LatencySummary | undefined;
  readonly statuses: Readonly<Record<string, number>>;
  readonly failures: Readonly<Record<string, { readonly count: number; readonly example: string }>>;
  readonly checks: {
    readonly passed: number;
    readonly failed: number;
    readonly failedByName: Readonly<Record<string, number>>;
  };
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** The latency histogram in microseconds, in wire form as base64: rows of several runs merge exactly. */
  readonly latencyHistogram: string;
  readonly serviceHistogram: string;
}

export interface LatencySummary {
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface TimelineRow {
  readonly startMs: number;
  readonly durationMs: number;
  readonly requests: number;
  readonly errors: number;
  readonly users: number;
  readonly latencyMs: LatencySummary | undefined;
}

/** What the runner knows besides the recorder. */
export interface RunFacts {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly activeMs: number;
  readonly plannedMs: number;
  readonly arrivals: number;
  readonly wasInterrupted: boolean;
  readonly generatorSamples: readonly GeneratorSample[];
}

/** Makes the report of what was recorded. Pure. */
export function reportOf(plan: LoadPlan, recorder: Recorder, facts: RunFacts): LoadReport {
  const { lanes } = recorder;
  const row = (name: string, of: readonly Lane[]): ReportRow => rowOf(name, of, facts.activeMs);
  const total = row('total', lanes);
  const generator = judgeGenerator(facts.generatorSamples);
  const thresholds = plan.thresholds.map((threshold) =>
    judgeThreshold(threshold, measuredFor(threshold, recorder, facts)),
  );
  return {
    schema: 'loadline.load-report/1',
    name: plan.name,
    target: plan.target,
    startedAt: new Date(facts.startedAt).toISOString(),
    seed: plan.seed,
    plannedMs: facts.plannedMs,
    activeMs: facts.activeMs,
    verdict: judgeRun({
      total,
      thresholds,
      generator,
      wasInterrupted: facts.wasInterrupted,
      dropped: recorder.dropped,
    }),
    offered: offeredOf(recorder, total, facts),
    iterations: { ...recorder.iterations, cutShortBecause: Object.fromEntries(recorder.cutShortBecause) },
    total,
    endpoints: groupBy(lanes, (lane) => lane.endpoint).map(([name, of]) => row(name, of)),
    scenarios: groupBy(lanes, (lane) => lane.scenario).map(([name, of]) => row(name, of)),
    timeline: recorder.timeline.points.map(timelineRow),
    thresholds,
    generator,
  };
}

interface RunOutcome {
  readonly total: ReportRow;
  readonly thresholds: readonly ThresholdResult[];
  readonly generator: GeneratorVerdict;
  readonly wasInterrupted: boolean;
  readonly dropped: number;
}

/** A run whose numbers say nothing is invalid before it is anything else, so that nobody trusts its pass. */
function judgeRun({ total, thresholds, generator, wasInterrupted, dropped }: RunOutcome): Verdict {
  const failed = thresholds.filter((result) => result.verdict === 'failed');
  const unknown = thresholds.filter((result) => result.verdict === 'no data');
  const answered = Object.keys(total.statuses).length > 0;
  if (wasInterrupted)
    return { status: 'interrupted', reasons: ['The run was interrupted; it was not judged.'] };
  if (!answered) {
    const why = Object.entries(total.failures).map(
      ([reason, { count, example }]) => `${count} × ${reason} (${example})`,
    );
    const found =
      why.length > 0
        ? why.join('; ')
        : dropped > 0
          ? `${dropped} arrivals could not be started`
          : 'no request was sent';
    return { status: 'failed', reasons: [`Nothing answered: ${found}.`] };
  }
  if (generator.wasBottleneck) return { status: 'invalid', reasons: [generator.statement] };
  if (failed.length > 0)
    return { status: 'failed', reasons: failed.map((result) => `${result.text}, got ${result.shown}`) };
  if (unknown.length > 0)
    return {
      status: 'inconclusive',
      reasons: unknown.map((result) => `${result.text}: nothing was measured`),
    };
  return { status: 'passed', reasons: [] };
}

function offeredOf(recorder: Recorder, total: ReportRow, facts: RunFacts): Offered {
  const requests = total.requests + recorder.unfinished + recorder.dropped;
  const achieved = total.requests - total.errors;
  return {
    requests,
    ratePerSecond: perSecond(requests, facts.activeMs),
    achieved,
    achievedPerSecond: perSecond(achieved, facts.activeMs),
    arrivals: facts.arrivals === 0 ? undefined : facts.arrivals,
    dropped: recorder.dropped,
    waited: recorder.waited,
    unfinished: recorder.unfinished,
  };
}

/** A threshold's scope is a scenario's name, or else an endpoint's. */
function measuredFor({ scope }: Threshold, recorder: Recorder, facts: RunFacts): Measured {
  const byScenario = recorder.lanes.filter((lane) => lane.scenario === scope);
  const byEndpoint = recorder.lanes.filter((lane) => lane.endpoint === scope);
  const lanes = scope === undefined ? recorder.lanes : byScenario.length > 0 ? byScenario : byEndpoint;
  const row = rowOf('', lanes, facts.activeMs);
  const statisticOf = (of: (lane: Lane) => Histogram) => {
    const merged = mergeAll(lanes.map(of));
    return (statistic: Statistic): number | undefined => statisticMs(merged, statistic);
  };
  return {
    requests: row.requests,
    errors: row.errors,
    checksPassed: row.checks.passed,
    checksFailed: row.checks.failed,
    dropped: scope === undefined ? recorder.dropped : undefined,
    durationMs: facts.activeMs,
    latency: statisticOf((lane) => lane.latency),
    service: statisticOf((lane) => lane.service),
  };
}

function statisticMs(histogram: Histogram, statistic: Statistic): number | undefined {
  if (histogram.count === 0) return undefined;
  switch (statistic.kind) {
    case 'quantile':
      return histogram.quantile(statistic.quantile) / 1000;
    case 'mean':
      return histogram.mean / 1000;
    case 'max':
      return histogram.max / 1000;
    case 'min':
      return histogram.min / 1000;
    default:
      return undefined;
  }
}

function rowOf(name: string, lanes: readonly Lane[], activeMs: number): ReportRow {
  const sum = (of: (lane: Lane) => number): number => lanes.reduce((total, lane) => total + of(lane), 0);
  const requests = sum((lane) => lane.requests);
  const errors = sum((lane) => lane.errors);
  const latency = mergeAll(lanes.map((lane) => lane.latency));
  const service = mergeAll(lanes.map((lane) => lane.service));
  return {
    name,
    requests,
    errors,
    errorRatio: requests === 0 ? 0 : errors / requests,
    ratePerSecond: perSecond(requests, activeMs),
    latencyMs: summarize(latency),
    serviceMs: summarize(service),
    statuses: addUp(
      lanes.flatMap((lane) => [...lane.statuses].map(([status, count]) => [String(status), count])),
    ),
    failures: failuresOf(lanes),
    checks: checksOf(lanes),
    bytesIn: sum((lane) => lane.bytesIn),
    bytesOut: sum((lane) => lane.bytesOut),
    latencyHistogram: Buffer.from(latency.encode()).toString('base64'),
    serviceHistogram: Buffer.from(service.encode()).toString('base64'),
  };
}

function summarize(histogram: Histogram): LatencySummary | undefined {
  if (histogram.count === 0) return undefined;
  const quantileMs = (q: number): number => histogram.quantile(q) / 1000;
  return {
    count: histogram.count,
    min: histogram.min / 1000,
    mean: histogram.mean / 1000,
    p50: quantileMs(0.5),
    p90: quantileMs(0.9),
    p95: quantileMs(0.95),
    p99: quantileMs(0.99),
    p999: quantileMs(0.999),
    max: histogram.max / 1000,
  };
}

function timelineRow({ latency, ...point }: TimelinePoint): TimelineRow {
  return { ...point, latencyMs: summarize(latency) };
}

function failuresOf(lanes: readonly Lane[]): Record<string, { count: number; example: string }> {
  const failures: Record<string, { count: number; example: string }> = {};
  for (const [reason, { count, example }] of lanes.flatMap((lane) => [...lane.failures])) {
    const known = failures[reason];
    if (known === undefined) failures[reason] = { count, example };
    else known.count += count;
  }
  return failures;
}

function checksOf(lanes: readonly Lane[]): ReportRow['checks'] {
  const checks = lanes.flatMap((lane) => [...lane.checks]);
  return {
    passed: checks.reduce((sum, [, check]) => sum + check.passed, 0),
    failed: checks.reduce((sum, [, check]) => sum + check.failed, 0),
    failedByName: addUp(
      checks.filter(([, check]) => check.failed > 0).map(([name, check]) => [name, check.failed]),
    ),
  };
}

function addUp(entries: readonly (readonly [string, number])[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const [key, count] of entries) sums.set(key, (sums.get(key) ?? 0) + count);
  return Object.fromEntries(sums);
}

function mergeAll(histograms: readonly Histogram[]): Histogram {
  const merged = createHistogram();
  for (const histogram of histograms) merged.merge(histogram);
  return merged;
}

function groupBy(lanes: readonly Lane[], keyOf: (lane: Lane) => string): [string, Lane[]][] {
  const groups = new Map<string, Lane[]>();
  for (const lane of lanes) {
    const group = groups.get(keyOf(lane));
    if (group === undefined) groups.set(keyOf(lane), [lane]);
    else group.push(lane);
  }
  return [...groups];
}

function perSecond(count: number, durationMs: number): number {
  return durationMs > 0 ? (count / durationMs) * 1000 : 0;
}
