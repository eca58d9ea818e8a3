import { counted } from '../base/index.ts';
import type { Histogram } from '../metrics/index.ts';
import type { Environment } from './environment.ts';
import type { GeneratorVerdict } from './measure/generator.ts';
import type { Lane } from './measure/lane.ts';
import type { Recorder } from './measure/recorder.ts';
import type { LoadPlan } from './plan.ts';
import { type Planned, plannedOf } from './planned.ts';
import { withoutSecrets } from './redact.ts';
import { isAnswered, mergeAll, perSecond, type ReportRow, rowOf } from './report-row.ts';
import type { ResourceSeries } from './resources/resource.ts';
import {
  judgeThreshold,
  type Measured,
  type Statistic,
  type Threshold,
  type ThresholdResult,
} from './threshold.ts';
import type { SessionCounts } from './transports/session.ts';

/** What a run has shown. Plain data: it goes to a file, over HTTP and into comparisons as it is. */
export interface LoadReport {
  readonly schema: 'loadline.load-report/3';
  readonly name: string;
  readonly target: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly seed: number;
  readonly planned: Planned;
  readonly plannedMs: number;
  /** Until work ceased to be begun; rates are over this time. */
  readonly activeMs: number;
  /** Why a threshold ended the run before its time; absent where none did. */
  readonly endedBecause?: string;
  readonly environment: Environment;
  readonly verdict: Verdict;
  readonly offered: Offered;
  readonly iterations: Iterations;
  /** What happened in WebSockets and streams of events; absent where the scenarios have none. */
  readonly sessions?: SessionCounts;
  readonly total: ReportRow;
  /** By the steps' names. */
  readonly endpoints: readonly ReportRow[];
  readonly scenarios: readonly ReportRow[];
  /** How many users were within an iteration, the most of each interval. */
  readonly users: readonly UsersPoint[];
  readonly thresholds: readonly ThresholdResult[];
  readonly generator: GeneratorVerdict;
  /** Those who made the load, where they were several; empty where it was one process alone. */
  readonly workers: readonly WorkerRow[];
  /** What was seen of the target, on the run's clock. */
  readonly resources: readonly ResourceSeries[];
  /** What of it could not be seen, and why: `postgres: connection refused, 12 of 30 samples missing`. */
  readonly unseen: readonly string[];
}

export interface WorkerRow {
  readonly name: string;
  /** How far its clock was ahead of the conductor's, and to within how much that is known; it was allowed for. */
  readonly clockOffsetMs: number;
  readonly clockErrorMs: number;
  readonly lost:
    | {
        /** When it was last heard of, from the start of the run; what it did afterwards is not in the report. */
        readonly atMs: number;
        readonly because: string;
        /** Who went on with its share; undefined where that was left out. */
        readonly takenOverBy: string | undefined;
      }
    | undefined;
}

export interface UsersPoint {
  readonly startMs: number;
  readonly durationMs: number;
  readonly users: number;
}

/**
 * `passed`; `failed`: a threshold failed or nothing answered; `invalid`: the generator was the bottleneck, so
 * the numbers say nothing; `inconclusive`: a threshold had nothing to be held against, or iterations were cut
 * short and none was completed; `interrupted`.
 */
export interface Verdict {
  readonly status: 'passed' | 'failed' | 'invalid' | 'inconclusive' | 'interrupted';
  readonly reasons: readonly string[];
}

/** What was asked of the target, beside what it answered. */
export interface Offered {
  /** Requests that were due: begun, never started, or not heard of. */
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
  /** Arrivals and iterations of which a worker that was lost had not told yet what became of them. */
  readonly unreported: number;
}

export interface Iterations {
  readonly started: number;
  readonly completed: number;
  /** Ended early because a template had no value, by reason. */
  readonly cutShort: number;
  readonly cutShortBecause: Readonly<Record<string, number>>;
  /** Under way when the run, or their user's time, ended, or their worker was lost. */
  readonly interrupted: number;
}

/** What the runner knows besides the recorder. */
export interface RunFacts {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly activeMs: number;
  readonly plannedMs: number;
  readonly arrivals: number;
  readonly wasInterrupted: boolean;
  /** Why a threshold ended the run before its time; undefined where none did. */
  readonly abortedBecause: string | undefined;
  readonly generator: GeneratorVerdict;
  readonly workers: readonly WorkerRow[];
  /** What else makes the run's numbers worthless. */
  readonly invalidBecause: readonly string[];
  /** What whoever reads the verdict should know, whatever it is. */
  readonly remarks: readonly string[];
  readonly environment: Environment;
  readonly resources: readonly ResourceSeries[];
  readonly unseen: readonly string[];
}

/** Makes the report of what was recorded. Pure. */
export function reportOf(plan: LoadPlan, recorder: Recorder, facts: RunFacts): LoadReport {
  const { lanes } = recorder;
  const sessions = recorder.sessions.counts;
  const row = (name: string, of: readonly Lane[]): ReportRow => rowOf(name, of, recorder, facts.activeMs);
  const total = row('total', lanes);
  const { generator } = facts;
  const thresholds = plan.thresholds.map((threshold) =>
    judgeThreshold(threshold, measuredFor(threshold, recorder, facts.activeMs)),
  );
  const iterations = {
    ...recorder.iterations,
    cutShortBecause: Object.fromEntries(recorder.cutShortBecause),
  };
  const report: LoadReport = {
    schema: 'loadline.load-report/3',
    name: plan.name,
    target: plan.target,
    startedAt: new Date(facts.startedAt).toISOString(),
    seed: plan.seed,
    planned: plannedOf(plan),
    plannedMs: facts.plannedMs,
    activeMs: facts.activeMs,
    ...(facts.abortedBecause === undefined ? {} : { endedBecause: facts.abortedBecause }),
    environment: facts.environment,
    verdict: withRemarks(facts.remarks, {
      total,
      iterations,
      thresholds,
      generator,
      wasInterrupted: facts.wasInterrupted,
      abortedBecause: facts.abortedBecause,
      invalidBecause: facts.invalidBecause,
      dropped: recorder.dropped,
    }),
    offered: offeredOf(recorder, total, facts),
    iterations,
    ...(sessions === undefined ? {} : { sessions }),
    total,
    endpoints: groupBy(lanes, (lane) => lane.endpoint).map(([name, of]) => row(name, of)),
    scenarios: groupBy(lanes, (lane) => lane.scenario).map(([name, of]) => row(name, of)),
    users: Array.from({ length: recorder.intervals }, (_, interval) => ({
      startMs: interval * recorder.intervalMs,
      durationMs: recorder.intervalMs,
      users: recorder.usersIn(interval),
    })),
    thresholds,
    generator,
    workers: facts.workers,
    resources: facts.resources,
    unseen: facts.unseen,
  };
  return withoutSecrets(report, plan.secrets ?? []);
}

interface RunOutcome {
  readonly total: ReportRow;
  readonly iterations: Iterations;
  readonly thresholds: readonly ThresholdResult[];
  readonly generator: GeneratorVerdict;
  readonly wasInterrupted: boolean;
  readonly abortedBecause: string | undefined;
  readonly invalidBecause: readonly string[];
  readonly dropped: number;
}

function withRemarks(remarks: readonly string[], outcome: RunOutcome): Verdict {
  const { status, reasons } = judgeRun(outcome);
  return { status, reasons: [...reasons, ...remarks] };
}

/** A run whose numbers say nothing is invalid before it is anything else, so that nobody trusts its pass. */
function judgeRun(outcome: RunOutcome): Verdict {
  const { total, iterations, thresholds, generator, wasInterrupted } = outcome;
  const { abortedBecause, invalidBecause, dropped } = outcome;
  const failed = thresholds.filter((result) => result.verdict === 'failed');
  const unknown = thresholds.filter((result) => result.verdict === 'no data');
  if (wasInterrupted)
    return { status: 'interrupted', reasons: ['The run was interrupted; it was not judged.'] };
  const nothing = whyNothing(total, dropped);
  const invalid = [
    ...(generator.wasBottleneck ? [generator.statement] : []),
    ...whyExhausted(total),
    ...invalidBecause,
  ];
  // A generator that did not get to it cannot say that nobody answers.
  if (invalid.length > 0) return { status: 'invalid', reasons: [...invalid, ...nothing] };
  if (nothing.length > 0) return { status: 'failed', reasons: nothing };
  if (abortedBecause !== undefined) return { status: 'failed', reasons: [abortedBecause] };
  if (failed.length > 0)
    return { status: 'failed', reasons: failed.map((result) => `${result.text}, got ${result.shown}`) };
  const open = [
    ...unknown.map((result) => `${result.text}: nothing was measured`),
    ...whyIncomplete(iterations),
  ];
  if (open.length > 0) return { status: 'inconclusive', reasons: open };
  return { status: 'passed', reasons: [] };
}

/** A request that had no socket says nothing about the target. */
function whyExhausted({ failures }: ReportRow): string[] {
  const { exhausted } = failures;
  if (exhausted === undefined) return [];
  return [
    `${counted(exhausted.count, 'request')} had no socket here (${exhausted.example}): lower the load, or spread it over more workers or machines.`,
  ];
}

/** Why a run without a single good answer has failed, whatever its thresholds say; empty for any other. */
function whyNothing(total: ReportRow, dropped: number): string[] {
  if (total.requests > total.errors) return [];
  const why = [
    ...Object.entries(total.failures).map(
      ([reason, { count, example }]) => `${count} × ${reason} (${example})`,
    ),
    ...Object.entries(total.statuses).map(([status, count]) => `${count} × status ${status}`),
  ];
  if (why.length === 0)
    why.push(dropped > 0 ? `${counted(dropped, 'arrival')} could not be started` : 'no request was sent');
  const isSilent = Object.keys(total.statuses).length === 0;
  return [`${isSilent ? 'Nothing answered' : 'Nothing answered as expected'}: ${why.join('; ')}.`];
}

/**
 * Why a run says little in which iterations ended early and none came to its end; empty for any other. Those that
 * were merely under way when their time was over are long, and nothing is wrong with them.
 */
function whyIncomplete({ started, completed, cutShort, interrupted, cutShortBecause }: Iterations): string[] {
  if (completed > 0 || cutShort <= interrupted) return [];
  const reasons = Object.entries(cutShortBecause).toSorted(([, a], [, b]) => b - a);
  const why = reasons.slice(0, 3).map(([because, count]) => `${count} × ${because}`);
  return [`No iteration was completed; of ${started}, ${cutShort} were cut short: ${why.join('; ')}.`];
}

function offeredOf(recorder: Recorder, total: ReportRow, facts: RunFacts): Offered {
  const requests = total.requests + recorder.unfinished + recorder.dropped + recorder.unreported;
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
    unreported: recorder.unreported,
  };
}

/** What a threshold is held against. Its scope is a scenario's name, or else an endpoint's. */
export function measuredFor({ scope }: Threshold, recorder: Recorder, activeMs: number): Measured {
  const byScenario = recorder.lanes.filter((lane) => lane.scenario === scope);
  const byEndpoint = recorder.lanes.filter((lane) => lane.endpoint === scope);
  const lanes = scope === undefined ? recorder.lanes : byScenario.length > 0 ? byScenario : byEndpoint;
  const sum = (of: (lane: Lane) => number): number => lanes.reduce((total, lane) => total + of(lane), 0);
  const checks = lanes.flatMap((lane) => lane.checks);
  const statisticOf = (of: (lane: Lane) => Histogram) => {
    const merged = mergeAll(lanes.map(of));
    return (statistic: Statistic): number | undefined => statisticMs(merged, statistic);
  };
  return {
    requests: sum((lane) => lane.requests),
    errors: sum((lane) => lane.errors),
    checksPassed: checks.reduce((total, { passed }) => total + passed, 0),
    checksFailed: checks.reduce((total, { failed }) => total + failed, 0),
    dropped: scope === undefined ? recorder.dropped : undefined,
    durationMs: activeMs,
    isAnswered: isAnswered(lanes),
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

function groupBy(lanes: readonly Lane[], keyOf: (lane: Lane) => string): [string, Lane[]][] {
  const groups = new Map<string, Lane[]>();
  for (const lane of lanes) {
    const group = groups.get(keyOf(lane));
    if (group === undefined) groups.set(keyOf(lane), [lane]);
    else group.push(lane);
  }
  return [...groups];
}
