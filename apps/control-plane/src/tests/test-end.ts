import type { LoadReport } from 'loadline/load';
import type { LoadTest, TestEnd, TestFigures } from 'loadline/store';
import type { LeftReport } from './run-files.ts';

/** What is known of a run that is over. */
export interface RunOutcome {
  /** What it has left; undefined where it has left nothing. */
  readonly left: LeftReport | undefined;
  /** Why it did not run to its end, where that is known. */
  readonly because: string | undefined;
  readonly wasCancelled: boolean;
  /** The control plane stopped, or had been stopped, while it ran. */
  readonly wasStopped: boolean;
}

/** How a test ends, by the report that its run has left. Pure. */
export function endOf(test: Pick<LoadTest, 'name' | 'type'>, outcome: RunOutcome): TestEnd {
  const { left, because } = outcome;
  const verdict = left?.report.verdict;
  const found = [...(because === undefined ? [] : [because]), ...(verdict?.reasons ?? [])];
  const reasons = found.length > 0 || verdict !== undefined ? found : ['It has left no report.'];
  return {
    state: stateAfter(outcome),
    ...(reasons.length === 0 ? {} : { reason: reasons.map(inOneLine).join('\n') }),
    ...(left === undefined
      ? {}
      : {
          verdict: left.report.verdict.status,
          report: left.text,
          figures: figuresOf(test, left.report),
        }),
  };
}

/** Where a report is too large to be kept, its figures and its verdict still are. Pure. */
export function withoutReport({ report: _, reason, ...end }: TestEnd): TestEnd {
  const why = 'Its report is larger than is kept.';
  return { ...end, reason: reason === undefined ? why : `${reason}\n${why}` };
}

function stateAfter({ left, wasCancelled, wasStopped }: RunOutcome): TestEnd['state'] {
  if (left !== undefined && left.report.verdict.status !== 'interrupted') return 'finished';
  if (wasCancelled) return 'cancelled';
  return wasStopped || left !== undefined ? 'interrupted' : 'failed';
}

function figuresOf({ name, type }: Pick<LoadTest, 'name' | 'type'>, report: LoadReport): TestFigures {
  const { total, activeMs, users } = report;
  const { requests, errors, latencyMs, ratePerSecond, errorRatio } = total;
  const startedAtMs = Date.parse(report.startedAt);
  return {
    testName: name,
    testType: type,
    virtualUsers: users.reduce((most, point) => Math.max(most, point.users), 0),
    durationSeconds: activeMs / 1000,
    totalRequests: requests,
    successfulRequests: requests - errors,
    failedRequests: errors,
    ...(latencyMs === undefined
      ? {}
      : {
          averageResponseTimeMs: latencyMs.mean,
          p95ResponseTimeMs: latencyMs.p95,
          p99ResponseTimeMs: latencyMs.p99,
        }),
    throughputRps: ratePerSecond,
    errorRatePercent: errorRatio * 100,
    startedAtMs,
    completedAtMs: startedAtMs + activeMs,
  };
}

/** Reasons are kept a line each. */
function inOneLine(reason: string): string {
  return reason.replaceAll(/\s*\n\s*/g, ' ');
}
