import type { LoadReport } from '../report.ts';
import type { LatencySummary } from '../report-row.ts';
import type { ThresholdResult } from '../threshold.ts';
import type { ProbeVerdict } from './judge-probe.ts';
import type { LimitSearchOptions } from './limit-search.ts';
import type { Objectives } from './objectives.ts';
import type { LimitEstimate, RunsAt, SearchStatus } from './search-end.ts';
import type { RunPurpose } from './search-runs.ts';

/** What a search for the limit has shown. Plain data. */
export interface LimitReport {
  readonly schema: 'loadline.limit-report/1';
  readonly name: string;
  readonly target: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly elapsedMs: number;
  readonly seed: number;
  readonly asked: LimitAsked;
  readonly objectives: {
    readonly source: 'file' | 'default';
    readonly texts: readonly string[];
    readonly leftOut: readonly string[];
  };
  readonly status: SearchStatus | 'interrupted';
  /** For people: what was found, or why nothing was. */
  readonly statement: string;
  readonly limit: LimitEstimate | undefined;
  readonly confirmed: RunsAt | undefined;
  readonly refuted: RunsAt | undefined;
  /** The highest rate at which any run met the objectives. */
  readonly highestMet: number | undefined;
  /** Every run, in order. */
  readonly probes: readonly ProbeRow[];
}

/** What was asked for, complete. */
export interface LimitAsked extends LimitSearchOptions {
  /** How long one run lasts. */
  readonly probeMs: number;
}

/** One run at one rate. */
export interface ProbeRow {
  /** From the start of the search. */
  readonly startMs: number;
  /** Until the last answer, so that what came in is what went out. */
  readonly elapsedMs: number;
  readonly purpose: RunPurpose | 'warm-up';
  /** Arrivals a second. */
  readonly ratePerSecond: number;
  /** A warm-up is not judged. */
  readonly outcome: ProbeVerdict['outcome'] | 'unjudged';
  readonly reasons: readonly string[];
  readonly keptUpRatio: number | undefined;
  /** Requests that were answered as expected, over `elapsedMs`. */
  readonly answeredPerSecond: number;
  readonly errorRatio: number;
  readonly dropped: number;
  readonly latencyMs: LatencySummary | undefined;
  readonly serviceMs: LatencySummary | undefined;
  readonly thresholds: readonly ThresholdResult[];
  /** What the generator said of itself. */
  readonly generator: string;
}

/** Makes a row of a run's report. Pure. */
export function probeRow(
  report: LoadReport,
  probe: Pick<ProbeRow, 'startMs' | 'elapsedMs' | 'purpose' | 'ratePerSecond'>,
  { outcome, reasons, keptUpRatio }: ProbeVerdict,
): ProbeRow {
  return {
    ...probe,
    outcome: probe.purpose === 'warm-up' ? 'unjudged' : outcome,
    reasons: probe.purpose === 'warm-up' ? [] : reasons,
    keptUpRatio,
    answeredPerSecond: (report.offered.achieved / probe.elapsedMs) * 1000,
    errorRatio: report.total.errorRatio,
    dropped: report.offered.dropped,
    latencyMs: report.total.latencyMs,
    serviceMs: report.total.serviceMs,
    thresholds: report.thresholds,
    generator: report.generator.statement,
  };
}

/** How the objectives are told. */
export function objectivesRow({ source, thresholds, leftOut }: Objectives): LimitReport['objectives'] {
  return { source, texts: thresholds.map((threshold) => threshold.text), leftOut };
}
