import { formatCount } from '../../base/index.ts';
import type { Verdict } from '../report.ts';
import type { LatencySummary, ReportRow } from '../report-row.ts';

/** What a verdict says to someone who has not read the guide. */
export const verdictWords: Readonly<Record<Verdict['status'], string>> = {
  passed: 'passed',
  failed: 'failed',
  invalid: 'invalid: these numbers say nothing about the target',
  inconclusive: 'inconclusive',
  interrupted: 'interrupted',
};

/** The latency of a row that anybody answered: of a target that only refused, it would look like a quick one. */
export function answeredLatency(row: ReportRow): LatencySummary | undefined {
  return wasAnswered(row) ? row.latencyMs : undefined;
}

export function answeredService(row: ReportRow): LatencySummary | undefined {
  return wasAnswered(row) ? row.serviceMs : undefined;
}

/** Whether any response came, of whatever status, or any message. */
export function wasAnswered(row: ReportRow): boolean {
  return Object.keys(row.statuses).length > 0 || row.requests > row.errors;
}

/** One kind of error at one endpoint. */
export interface ErrorKind {
  readonly endpoint: string;
  readonly count: number;
  readonly what: string;
  readonly example: string;
}

/** What went wrong, most frequent first: failures with an example, and what had an unexpected status. */
export function errorKinds(endpoints: readonly ReportRow[]): ErrorKind[] {
  const kinds = endpoints.flatMap((row): ErrorKind[] => {
    const failures = Object.entries(row.failures);
    const unexpected = row.errors - failures.reduce((sum, [, { count }]) => sum + count, 0);
    return [
      ...failures.map(([what, { count, example }]) => ({ endpoint: row.name, count, what, example })),
      ...(unexpected > 0
        ? [{ endpoint: row.name, count: unexpected, what: 'unexpected status', example: statusesText(row) }]
        : []),
    ];
  });
  return kinds.toSorted((a, b) => b.count - a.count);
}

function statusesText(row: ReportRow): string {
  return Object.entries(row.statuses)
    .map(([status, count]) => `${status} × ${formatCount(count)}`)
    .join(', ');
}
