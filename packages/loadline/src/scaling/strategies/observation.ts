import { formatDuration } from '../../base/index.ts';
import type { ScalingMetric } from '../policy/metric.ts';

/** What a group looked like when it was decided upon. */
export interface Observation {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly wanted: number;
  readonly ready: number;
  readonly starting: number;
  /** Those of them that crash again and again, and wait for the next start; absent: none. Nothing waits for them. */
  readonly crashing?: number;
  readonly stopping: number;
  /** Why the engine does not make what is wanted, for people; absent where it does. */
  readonly unmet?: string;
  readonly readings: Readings;
  /** Since when each of those that are ready has been, in milliseconds since the epoch; absent where that is not known. */
  readonly readySinceMs?: readonly number[];
  /** One by one, for policies that look at each; where absent, each ready one is taken for an average one. */
  readonly instances?: readonly SeenInstance[];
}

/** By metric; what is absent was not measured, and nobody knows why. */
export type Readings = Readonly<Partial<Record<ScalingMetric, ScalingReading | NoReading>>>;

/** A value, and when it was measured, in milliseconds since the epoch. */
export interface ScalingReading {
  readonly value: number;
  readonly atMs: number;
  /** How many instances or series it is made of, where that is known. */
  readonly count?: number;
  /** Over how long it was measured, where it is of a time and that is known. */
  readonly overMs?: number;
  /** How many were left out of it because they could be no values, or were too old; absent: none. */
  readonly setAside?: number;
}

/** There should be a value, and there is none. */
export interface NoReading {
  /** What was asked and what came back, for people, without a full stop: `Prometheus answered 400 to up(: parse error`. */
  readonly because: string;
}

/** An instance, and what was measured of it alone. */
export interface SeenInstance {
  readonly id: string;
  readonly state: 'starting' | 'ready' | 'waiting' | 'draining';
  /** Since when it is in this state. */
  readonly sinceMs: number;
  readonly startedMs: number;
  readonly readings: Readings;
}

/** A value to go by, or why there is none. */
export type Sight =
  | {
      readonly value: number;
      readonly ageMs: number;
      readonly count: number | undefined;
      readonly overMs: number | undefined;
    }
  | { readonly flaw: string };

/** What is to be trusted of a metric's value. Pure. */
export function see(
  metric: ScalingMetric,
  { readings, atMs }: Pick<Observation, 'readings' | 'atMs'>,
  staleAfterMs: number,
): Sight {
  const reading = readings[metric];
  if (reading === undefined) return { flaw: notMeasured };
  if ('because' in reading) return { flaw: `${notMeasured}: ${reading.because}` };
  const flaw = flawOf(reading, atMs, staleAfterMs);
  if (flaw !== undefined) return { flaw };
  const { value, count, overMs } = reading;
  return { value, ageMs: Math.max(0, atMs - reading.atMs), count, overMs };
}

const notMeasured = 'was not measured';
/** Clocks of two machines differ a little; a value from further ahead is a mistake. */
const aheadMsMax = 5000;

/** Whether it can be a value of a metric at all, however old it is: none of them is below zero. */
export function isValue({ value }: Pick<ScalingReading, 'value'>): boolean {
  return Number.isFinite(value) && value >= 0;
}

/** Why a value is set aside; undefined where it is good. */
export function flawOf(
  { value, atMs }: ScalingReading,
  nowMs: number,
  staleAfterMs: number,
): string | undefined {
  if (!Number.isFinite(value)) return 'is not a number';
  if (value < 0) return `cannot be ${value}`;
  if (!Number.isFinite(atMs) || atMs > nowMs + aheadMsMax) return 'is from the future';
  const ageMs = nowMs - atMs;
  return ageMs > staleAfterMs
    ? `is ${formatDuration(ageMs)} old, more than ${formatDuration(staleAfterMs)}`
    : undefined;
}
