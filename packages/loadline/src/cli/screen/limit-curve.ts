import { fitScalability, type ScalabilityFit } from '../../capacity/index.ts';
import type { LimitReport, ProbeRow } from '../../load/limit/index.ts';

/** One level of load that a run has held, for the scalability curve. */
export interface CurveRow {
  readonly probe: ProbeRow;
  /** Requests that were under way at once, on average. */
  readonly concurrency: number;
  readonly ratePerSecond: number;
}

/**
 * The runs that say how throughput depends on what is under way. Little's law holds for each exactly, because
 * none was under way at its beginning and none at its end. Left out are runs that say nothing, and those with
 * more than 1 % of errors, which are quick or slow for reasons of their own.
 */
export function curveRows({ probes }: LimitReport): CurveRow[] {
  return probes.flatMap((probe) => {
    const { answeredPerSecond: ratePerSecond, latencyMs } = probe;
    const isJudged = probe.outcome === 'met' || probe.outcome === 'missed';
    if (!isJudged || latencyMs === undefined || probe.errorRatio > errorRatioMax) return [];
    return [{ probe, ratePerSecond, concurrency: (ratePerSecond * latencyMs.mean) / 1000 }];
  });
}

/** The scalability law through the runs of a search. */
export function curveOf(report: LimitReport): ScalabilityFit {
  return fitScalability(curveRows(report), report.seed);
}

const errorRatioMax = 0.01;
