import type { LabelMatch, Labels } from './labels.ts';

/** How bad it is: somebody should look, or somebody must look now. */
export type Severity = (typeof severities)[number];
/** From the mildest. */
export const severities = ['warning', 'critical'] as const;

/** What is computed of a series within the window; `p1` to `p99.999` are percentiles. */
export type AlertStatistic = 'value' | 'mean' | 'min' | 'max' | 'rate' | 'ratio' | `p${number}`;

/** What a number is, for people: it is compared as milliseconds, a ratio from 0 to 1, bytes, or as it is. */
export type AlertUnit = 'ms' | 'ratio' | 'bytes' | 'number';

/** What a metric must not do for long, as data. Complete: `parseAlertRules` fills in what a file leaves out. */
export interface AlertRule {
  /** Its identity: the alerts of a rule with another name are others. */
  readonly name: string;
  readonly metric: string;
  /** The metric of the whole, where the statistic is `ratio`. */
  readonly of: string | undefined;
  /** Of which series; each of them has an alert of its own. */
  readonly match: LabelMatch;
  readonly statistic: AlertStatistic;
  readonly windowMs: number;
  /** On which side of its limits the metric is bad. */
  readonly direction: 'above' | 'below';
  /** One or two, the mildest first. */
  readonly limits: readonly AlertLimit[];
  readonly unit: AlertUnit;
  /** How long a limit must be passed without a break before the alert fires. */
  readonly forMs: number;
  /** What it means that a series has no reading: all is well, something is wrong, or nothing has changed. */
  readonly missing: 'ok' | 'alert' | 'keep';
  /** Added to the labels of its alerts. */
  readonly labels: Labels;
  /** Where it is written what to do. */
  readonly runbook: string | undefined;
  /** For people; `{{value}}`, `{{limit}}` and any label in it are filled in. */
  readonly summary: string;
}

/** Beyond which value an alert has which severity; in the rule's unit. */
export interface AlertLimit {
  readonly severity: Severity;
  readonly limit: number;
  /** On the good side of the limit: only from there on is it over, so that a value near the limit does not flap. */
  readonly resolveLimit: number;
}

/** All that decides about alerts: what an alert file says. */
export interface AlertPolicy {
  readonly rules: readonly AlertRule[];
  /** Alerts that have these labels in common are told in one notification, and belong to one incident. */
  readonly groupBy: readonly string[];
  /** After which time what still fires is told again. */
  readonly repeatMs: number;
  /** After which times without anybody who took an incident the next level hears of it. Rising. */
  readonly escalateAfterMs: readonly number[];
  /** An alert joins the open incident of its service that had its last alert at most so long ago. */
  readonly joinWithinMs: number;
}

/** Whether a value has passed a limit; a value at the limit has not. */
export function isBeyond(rule: AlertRule, { limit }: AlertLimit, value: number): boolean {
  return rule.direction === 'above' ? value > limit : value < limit;
}

/** Whether a value is far enough on the good side for an alert to be over. */
export function isInside(rule: AlertRule, { resolveLimit }: AlertLimit, value: number): boolean {
  return rule.direction === 'above' ? value <= resolveLimit : value >= resolveLimit;
}

/**
 * Where an alert is over when a file does not say it: a share of the limit's size inside. A ratio that should be high
 * has less room above it than below, and 5 % above 98 % can never be reached: there it is a share of that room.
 */
export function resolveLimitOf(
  limit: number,
  { direction, unit, hysteresis }: Pick<AlertRule, 'direction' | 'unit'> & { readonly hysteresis: number },
): number {
  if (direction === 'above') return limit - Math.abs(limit) * hysteresis;
  const room = unit === 'ratio' ? Math.min(limit, Math.max(0, 1 - limit)) : Math.abs(limit);
  return limit + room * hysteresis;
}

/** 0.999 for `p99.9`; undefined for what is no percentile. */
export function quantileOf(statistic: AlertStatistic): number | undefined {
  const match = /^p([1-9]\d?(?:\.\d{1,3})?)$/.exec(statistic);
  // Divided as a decimal: 99.9 / 100 is 0.9990000000000001.
  return match === null ? undefined : Number(`${match[1]}e-2`);
}

/** How far inside its limits an alert is over, where a file does not say it. */
export const hysteresisDefault = 0.05;

/** For people, where a file does not say it. */
export const summaryDefault = '{{rule}} is {{value}}, {{direction}} {{limit}}';

/** How many of a rule's severities are at least as bad. */
export function rankOf(severity: Severity): number {
  return severities.indexOf(severity);
}
