import { counted } from '../../base/index.ts';
import type { LoadReport } from '../report.ts';
import type { RunOutcome } from './search-runs.ts';

/** What a run at one rate says of that rate. */
export interface ProbeVerdict {
  readonly outcome: RunOutcome;
  /** Why it is not `met`; empty where it is. */
  readonly reasons: readonly string[];
  /** Share of the arrivals that the target kept up with, 0 to 1; undefined where the run was too short to tell. */
  readonly keptUpRatio: number | undefined;
}

/**
 * Judges a run: its thresholds have the first word, then whether the target kept up with what was asked of it.
 * A target that falls behind can look well for as long as a run lasts, and longer runs would miss. Pure.
 */
export function judgeProbe(report: LoadReport, ratePerSecond: number): ProbeVerdict {
  const { verdict, offered } = report;
  const behind = fallBehind(report, ratePerSecond);
  const keptUpRatio = behind === undefined ? undefined : 1 - behind.perSecond / ratePerSecond;
  const judged = (outcome: RunOutcome, reasons: readonly string[]): ProbeVerdict => ({
    outcome,
    reasons,
    keptUpRatio,
  });
  if (verdict.status === 'failed') return judged('missed', verdict.reasons);
  if (verdict.status !== 'passed') return judged('invalid', verdict.reasons);
  const reasons = [
    ...(offered.dropped > 0
      ? [offered.dropped === 1 ? '1 arrival was dropped' : `${offered.dropped} arrivals were dropped`]
      : []),
    ...(offered.waited > waitedRatioMax * offered.requests
      ? [`${counted(offered.waited, 'arrival')} waited for a free user: limits.users_max was reached`]
      : []),
    ...(behind?.isClear && (keptUpRatio ?? 1) < keptUpRatioMin
      ? [`the target kept up with ${Math.round((keptUpRatio ?? 0) * 100)} % of the arrivals`]
      : []),
  ];
  return judged(reasons.length === 0 ? 'met' : 'missed', reasons);
}

/** A target that answers less than this share of what comes falls behind further and further. */
const keptUpRatioMin = 0.95;
const waitedRatioMax = 0.05;
/** So few more users may be chance. */
const growthUsersMin = 10;

/**
 * By how many users a second the crowd that waits for an answer grows, in the second half of the run, when
 * all that a visit takes has come to its level: the slope of a line by least squares.
 */
function fallBehind(
  { users, activeMs }: LoadReport,
  ratePerSecond: number,
): { readonly perSecond: number; readonly isClear: boolean } | undefined {
  const whole = users.filter((row) => row.startMs + row.durationMs <= activeMs + 1);
  const half = whole.filter((row) => row.startMs >= activeMs / 2 - 1);
  const rows = half.length >= 3 ? half : whole;
  if (rows.length < 2) return undefined;
  const points = rows.map((row) => ({ s: (row.startMs + row.durationMs / 2) / 1000, users: row.users }));
  const meanS = points.reduce((sum, point) => sum + point.s, 0) / points.length;
  const squares = points.reduce((sum, point) => sum + (point.s - meanS) ** 2, 0);
  const slope = points.reduce((sum, point) => sum + (point.s - meanS) * point.users, 0) / squares;
  const perSecond = Math.min(ratePerSecond, Math.max(0, slope));
  const lastsS = points.length * ((rows[0] as { durationMs: number }).durationMs / 1000);
  return { perSecond, isClear: perSecond * lastsS > growthUsersMin };
}
