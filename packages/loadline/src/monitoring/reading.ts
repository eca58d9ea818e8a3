import { fingerprintOf, isMatched, type Labels } from './labels.ts';
import type { AlertRule } from './rule.ts';

/** What a rule's statistic was over its window, of one series. */
export interface Reading {
  /** The rule's name. */
  readonly rule: string;
  /** Of the series. */
  readonly labels: Labels;
  /** In the rule's unit. NaN where there was nothing to compute it from, such as a ratio of nothing. */
  readonly value: number;
  /** The end of the window, in milliseconds since the epoch. */
  readonly atMs: number;
}

/** How many readings were set aside, and why. */
export interface SetAside {
  /** NaN or infinite. */
  readonly notANumber: number;
  readonly stale: number;
  readonly future: number;
  /** Of a rule that there is not, or of a series that its rule does not match. */
  readonly unmatched: number;
  /** A second one of a series, older than the first. */
  readonly superseded: number;
  /** Of new series beyond the number of alerts that are watched at once. */
  readonly beyondLimit: number;
}

export const nothingSetAside: SetAside = {
  notANumber: 0,
  stale: 0,
  future: 0,
  unmatched: 0,
  superseded: 0,
  beyondLimit: 0,
};

export function addSetAside(a: SetAside, b: SetAside): SetAside {
  const sum: Record<keyof SetAside, number> = { ...a };
  for (const key of Object.keys(b) as (keyof SetAside)[]) sum[key] += b[key];
  return sum;
}

export interface SiftOptions {
  readonly nowMs: number;
  /** A reading older than this says nothing of now. */
  readonly staleAfterMs: number;
  /** How far another machine's clock may be ahead. */
  readonly futureMs: number;
}

export interface Sifted {
  /** By fingerprint. */
  readonly readings: ReadonlyMap<string, Reading>;
  readonly setAside: Omit<SetAside, 'beyondLimit'>;
}

/** Leaves one usable reading a series: the newest, and of two of one time the worse. Their order does not matter. Pure. */
export function siftReadings(
  rules: readonly AlertRule[],
  readings: readonly Reading[],
  options: SiftOptions,
): Sifted {
  const byName = new Map(rules.map((rule) => [rule.name, rule]));
  const setAside = { notANumber: 0, stale: 0, future: 0, unmatched: 0, superseded: 0 };
  const kept = new Map<string, Reading>();
  for (const reading of readings) {
    const rule = byName.get(reading.rule);
    const fault = faultOf(rule, reading, options);
    if (rule === undefined || fault !== undefined) {
      setAside[fault ?? 'unmatched']++;
      continue;
    }
    const fingerprint = fingerprintOf(rule.name, reading.labels);
    const other = kept.get(fingerprint);
    if (other !== undefined) setAside.superseded++;
    if (other === undefined || saysMore(rule, reading, other)) kept.set(fingerprint, reading);
  }
  return { readings: kept, setAside };
}

function faultOf(
  rule: AlertRule | undefined,
  { value, atMs, labels }: Reading,
  { nowMs, staleAfterMs, futureMs }: SiftOptions,
): keyof Sifted['setAside'] | undefined {
  if (rule === undefined || !isMatched(rule.match, labels)) return 'unmatched';
  if (!Number.isFinite(value) || !Number.isFinite(atMs)) return 'notANumber';
  // A window that is longer than that is still the latest there is.
  if (atMs < nowMs - Math.max(staleAfterMs, rule.windowMs)) return 'stale';
  return atMs > nowMs + futureMs ? 'future' : undefined;
}

function saysMore({ direction }: AlertRule, reading: Reading, other: Reading): boolean {
  if (reading.atMs !== other.atMs) return reading.atMs > other.atMs;
  return direction === 'above' ? reading.value > other.value : reading.value < other.value;
}
