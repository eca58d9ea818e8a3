import { counted } from '../base/index.ts';
import type { LoadReport, ResourceSeries } from '../load/index.ts';
import type { Evidence, Finding, Review, TimeWindow } from '../metrics/index.ts';

/** What a report does not say itself. */
export interface LoadTestSeen {
  readonly report: LoadReport;
  /** Where the report can be looked at. */
  readonly source: string;
  /** What the target is called elsewhere: `service api`. By default its address. */
  readonly component?: string;
  /** Instances of the target, and the cores that each may use, where they are known. */
  readonly instances?: number;
  readonly coresPerInstance?: number;
}

/** Judges the report of a load test. Pure. One that passed has no findings, whatever its numbers are. */
export function reviewLoadTest(seen: LoadTestSeen): Review {
  const { report } = seen;
  return {
    subject: `the load test ${report.name}`,
    findings: [...generatorSaturated(seen), ...thresholdsMissed(seen)],
    unseen:
      report.resources.length === 0 ? [`resources of ${report.target} during the test: not watched`] : [],
  };
}

function generatorSaturated(seen: LoadTestSeen): Finding[] {
  const { report, source } = seen;
  if (report.verdict.status !== 'invalid') return [];
  return [
    {
      component: `load test ${report.name}`,
      kind: 'generator saturated',
      severity: 'warning',
      summary: `The run is invalid: ${report.verdict.reasons.join('; ')}`,
      evidence: [
        evidence('requests', report.total.requests, 'count', { source, window: windowOf(report) }),
        evidence('ratePerSecond', report.total.ratePerSecond, 'per second', {
          source,
          window: windowOf(report),
        }),
      ],
    },
  ];
}

function thresholdsMissed(seen: LoadTestSeen): Finding[] {
  const { report, source, instances, component = report.target } = seen;
  const missed = report.thresholds.filter(({ verdict }) => verdict === 'failed');
  if (report.verdict.status !== 'failed' || missed.length === 0) return [];
  const window = windowOf(report);
  const told = missed.map(({ text, shown }) => `${text} (measured ${shown})`).join(', ');
  return [
    {
      component,
      kind: 'thresholds missed',
      severity: 'critical',
      summary: `The load test ${report.name} missed ${counted(missed.length, 'threshold')}: ${told}.`,
      evidence: [
        evidence('thresholdsMissed', missed.length, 'count', { source, window }),
        ...(instances === undefined ? [] : [evidence('instances', instances, 'count', { source, window })]),
        ...saturatedResources(seen),
      ],
    },
  ];
}

/** At and above it, a resource sets the pace. */
const saturationRatio = 0.85;

/** The resources that were full; of several of one kind the fullest. */
function saturatedResources({ report, coresPerInstance = 1 }: LoadTestSeen): Evidence[] {
  const found = new Map<string, Evidence>();
  for (const series of report.resources) {
    const ratio = ratioOf(series, coresPerInstance);
    if (ratio === undefined || ratio.value < saturationRatio) continue;
    if ((found.get(ratio.name)?.value ?? 0) >= ratio.value) continue;
    const where = { source: `${series.source} ${series.name}`, window: windowOf(report) };
    found.set(ratio.name, {
      ...evidence(ratio.name, ratio.value, 'ratio', where),
      count: series.points.length,
    });
  }
  return [...found.values()];
}

/** Resources by the names under which a report has them. */
function ratioOf(
  { name, points }: ResourceSeries,
  cores: number,
): { name: string; value: number } | undefined {
  if (points.length === 0) return undefined;
  const mean = meanOfBusiestHalf(points.map(([, value]) => value));
  switch (name) {
    case 'cpu':
      return { name: 'cpuRatio', value: mean / cores };
    case 'event loop utilization':
      return { name: 'eventLoopRatio', value: mean };
    case 'connections of the limit':
      return { name: 'connectionRatio', value: mean };
    case 'memory of the limit':
      return { name: 'memoryRatio', value: mean };
    default:
      return undefined;
  }
}

/** The quiet start of a ramp says nothing about the limit. */
function meanOfBusiestHalf(values: readonly number[]): number {
  const busiest = values.toSorted((a, b) => b - a).slice(0, Math.ceil(values.length / 2));
  return busiest.reduce((total, value) => total + value, 0) / busiest.length;
}

function windowOf({ startedAt, activeMs }: LoadReport): TimeWindow {
  const fromMs = Date.parse(startedAt);
  return { fromMs, toMs: fromMs + activeMs };
}

function evidence(
  name: string,
  value: number,
  unit: Evidence['unit'],
  where: Pick<Evidence, 'source' | 'window'>,
): Evidence {
  return { name, value, unit, ...where };
}
