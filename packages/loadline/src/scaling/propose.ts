import { formatDuration } from '../base/index.ts';
import type { Observation, Proposal, ScalingReading } from './decision.ts';
import { showMetric } from './metric.ts';
import type { ThresholdRule } from './policy.ts';

/** What one rule makes of what was seen. Pure. */
export function propose(rule: ThresholdRule, seen: Observation, staleAfterMs: number): Proposal {
  const { metric, scaleOutAbove, scaleInBelow } = rule;
  const limits = { metric, scaleOutAbove, scaleInBelow };
  const reading = seen.readings[metric];
  const flaw = flawOf(reading, seen.atMs, staleAfterMs);
  if (reading === undefined || flaw !== undefined) {
    return { ...limits, says: 'nothing', seen: undefined, because: flaw ?? notMeasured };
  }
  const value = showMetric(metric, reading.value);
  const high = showMetric(metric, scaleOutAbove);
  const low = showMetric(metric, scaleInBelow);
  if (reading.value > scaleOutAbove) {
    return { ...limits, says: 'more', seen: reading.value, because: `is ${value}, above ${high}` };
  }
  if (reading.value < scaleInBelow) {
    return { ...limits, says: 'fewer', seen: reading.value, because: `is ${value}, below ${low}` };
  }
  return { ...limits, says: 'stay', seen: reading.value, because: `is ${value}, between ${low} and ${high}` };
}

const notMeasured = 'was not measured';
/** Clocks of two machines differ a little; a value from further ahead is a mistake. */
const aheadMsMax = 5000;

/** Why a value is set aside; undefined where it is good. */
export function flawOf(
  reading: ScalingReading | undefined,
  nowMs: number,
  staleAfterMs: number,
): string | undefined {
  if (reading === undefined) return notMeasured;
  const { value, atMs } = reading;
  if (!Number.isFinite(value)) return 'is not a number';
  if (value < 0) return `cannot be ${value}`;
  if (!Number.isFinite(atMs) || atMs > nowMs + aheadMsMax) return 'is from the future';
  const ageMs = nowMs - atMs;
  return ageMs > staleAfterMs
    ? `is ${formatDuration(ageMs)} old, more than ${formatDuration(staleAfterMs)}`
    : undefined;
}
