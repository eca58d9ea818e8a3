import { type GeneratorSample, judgeGenerator, type LoadPlan } from '../../src/load/index.ts';
import { Recorder } from '../../src/load/measure/recorder.ts';
import { type LoadReport, type RunFacts, reportOf } from '../../src/load/report.ts';
import { parseThreshold, type Threshold, type ThresholdMetric } from '../../src/load/threshold.ts';
import { planWith } from '../simulation/simulate.ts';

export function threshold(metric: ThresholdMetric, text: string, scope?: string): Threshold {
  const parsed = parseThreshold(metric, scope, text);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed;
}

export const calm: GeneratorSample = {
  endMs: 1000,
  durationMs: 1000,
  loopUtilization: 0.2,
  cpuRatio: 0.3,
  loopDelayMsMax: 3,
  steps: 100,
  lateSteps: 0,
  latenessMsP99: 1,
};
export const overloaded: GeneratorSample = {
  ...calm,
  loopUtilization: 0.99,
  lateSteps: 30,
  latenessMsP99: 80,
};

export interface ReportOptions {
  readonly plan?: Partial<LoadPlan>;
  readonly facts?: Partial<RunFacts>;
  readonly samples?: readonly GeneratorSample[];
  readonly record?: (recorder: Recorder) => void;
}

/** The report of ten seconds in which just that was recorded. */
export function reportWith({ plan, facts, record, samples = [calm] }: ReportOptions = {}): LoadReport {
  const recorder = new Recorder();
  record?.(recorder);
  return reportOf(planWith(plan ?? {}), recorder, {
    startedAt: Date.UTC(2026, 0, 1),
    activeMs: 10_000,
    plannedMs: 10_000,
    arrivals: 0,
    wasInterrupted: false,
    abortedBecause: undefined,
    generator: judgeGenerator(samples),
    workers: [],
    invalidBecause: [],
    remarks: [],
    environment: {
      loadline: '0.1.0',
      node: 'v26.10.0',
      os: 'linux',
      arch: 'x64',
      cpuModel: 'A processor',
      cores: 2,
      memoryBytes: 8e9,
      workers: 1,
    },
    resources: [],
    unseen: [],
    ...facts,
  });
}

/** Notes so many answers of a step. */
export function answers(
  recorder: Recorder,
  name: string,
  count: number,
  given: { status?: number; latencyMs?: number } = {},
): void {
  const { status = 200, latencyMs = 20 } = given;
  const isError = status >= 400;
  for (let i = 0; i < count; i++) {
    const lane = recorder.lane('visit', name);
    lane.response(status, isError, latencyMs + i, latencyMs);
    lane.bytesIn += 1000;
    lane.bytesOut += 200;
  }
  recorder.iterations.started += count;
  recorder.iterations.completed += count;
}
