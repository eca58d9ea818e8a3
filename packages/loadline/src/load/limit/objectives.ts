import { formatDuration } from '../../base/index.ts';
import { parseThreshold, type Threshold, type ThresholdMetric } from '../threshold.ts';

/** What a run has to meet, and where it comes from. */
export interface Objectives {
  readonly source: 'file' | 'default';
  readonly thresholds: readonly Threshold[];
  /** Thresholds of the file that say nothing here. */
  readonly leftOut: readonly string[];
}

/**
 * The file's thresholds, but for those of the rate: the rate is what is searched. Where the file has none,
 * errors have to be under 1 %, and once it is known how quick the target is at the lowest rate, the p99 of the
 * latency under ten times that.
 */
export function objectivesOf(thresholds: readonly Threshold[]): Objectives {
  const kept = thresholds.filter((threshold) => threshold.metric !== 'rate');
  const leftOut = thresholds.filter((threshold) => threshold.metric === 'rate').map(({ text }) => text);
  return kept.length > 0
    ? { source: 'file', thresholds: kept, leftOut }
    : { source: 'default', thresholds: [read('errors', 'ratio < 1%')], leftOut };
}

/** Adds the default objective of latency, from what the target takes at the lowest rate. */
export function withLatencyOf(objectives: Objectives, latencyMsP99: number): Objectives {
  if (objectives.source === 'file' || objectives.thresholds.length > 1) return objectives;
  const limitMs = Number(Math.max(latencyFactor * latencyMsP99, latencyFloorMs).toPrecision(3));
  const latency = read('latency', `p99 < ${formatDuration(limitMs).replaceAll(' ', '')}`);
  return { ...objectives, thresholds: [...objectives.thresholds, latency] };
}

/** By the rule of a single server, an answer takes ten times as long when nine tenths of its time are taken. */
const latencyFactor = 10;
/** Below this, the hiccups of a shared machine would decide. */
const latencyFloorMs = 50;

function read(metric: ThresholdMetric, text: string): Threshold {
  const threshold = parseThreshold(metric, undefined, text);
  if ('problem' in threshold) throw new Error(`The default objective ${text} cannot be read.`);
  return threshold;
}
