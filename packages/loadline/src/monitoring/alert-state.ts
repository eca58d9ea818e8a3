import type { Labels } from './labels.ts';
import {
  type AlertRule,
  type AlertUnit,
  isBeyond,
  isInside,
  rankOf,
  type Severity,
  severities,
} from './rule.ts';

/**
 * What is known of one series under one rule, as a value that can be kept and read again.
 *
 *     ok ──▸ pending ──▸ firing ──▸ ok       beyond a limit │ for long enough │ inside again
 *     ▴         │
 *     └─────────┘                            inside before that
 */
export interface AlertState {
  /** Of its rule's name and its series' labels. */
  readonly fingerprint: string;
  readonly rule: string;
  /** Those of the series and those that the rule adds. */
  readonly labels: Labels;
  readonly phase: 'ok' | 'pending' | 'firing';
  /** How bad it is while it fires; while it is pending, how bad it is about to be. */
  readonly severity: Severity;
  /** Since when each limit is passed, and whether for long enough. */
  readonly levels: AlertLevels;
  /** When the limit was first seen passed. */
  readonly startedAtMs: number | undefined;
  readonly firedAtMs: number | undefined;
  /** The last reading's, in the rule's unit; undefined where it fires because there was none. */
  readonly value: number | undefined;
  readonly limit: number;
  readonly unit: AlertUnit;
  /** When it last had a reading. */
  readonly seenAtMs: number;
  readonly summary: string;
  readonly runbook: string | undefined;
  /** What the outside was last told of it. */
  readonly announced: { readonly severity: Severity; readonly atMs: number } | undefined;
  /** Who knows of it: it is not repeated to those who were told. */
  readonly acknowledged: { readonly by: string; readonly atMs: number } | undefined;
  /** The silence that keeps it from being told. */
  readonly silencedBy: string | undefined;
}

/** The limits that are passed, by their severity; one that is not passed is absent. */
export type AlertLevels = Readonly<Partial<Record<Severity, AlertLevel>>>;

/** How long one limit has been passed. */
export interface AlertLevel {
  readonly sinceMs: number;
  /** Whether the limit was passed for as long as the rule asks. */
  readonly isActive: boolean;
}

/**
 * The levels after one more look. A level that is active stays so until the value is inside its resolve limit; one
 * that is not begins anew with every value that is not beyond its limit.
 *
 * @param value undefined where a missing reading counts as beyond every limit.
 */
export function advanceLevels(
  rule: AlertRule,
  levels: AlertLevels,
  { value, nowMs }: { readonly value: number | undefined; readonly nowMs: number },
): AlertLevels {
  const next = rule.limits.flatMap((limit): [Severity, AlertLevel][] => {
    const before = levels[limit.severity];
    const isWorse = value === undefined || isBeyond(rule, limit, value);
    if (before?.isActive) {
      const stays = value === undefined || !isInside(rule, limit, value);
      return stays ? [[limit.severity, before]] : [];
    }
    if (!isWorse) return [];
    // A clock that was set back must not make an alert wait for the time that it lost.
    const sinceMs = Math.min(before?.sinceMs ?? nowMs, nowMs);
    return [[limit.severity, { sinceMs, isActive: nowMs - sinceMs >= rule.forMs }]];
  });
  return Object.fromEntries(next);
}

/** What levels amount to: the worst that is active, or else the worst that is waiting. */
export function phaseOf(levels: AlertLevels): Pick<AlertState, 'phase' | 'severity'> {
  const worst = severities.toReversed().filter((severity) => levels[severity] !== undefined);
  const active = worst.find((severity) => levels[severity]?.isActive);
  if (active !== undefined) return { phase: 'firing', severity: active };
  return { phase: worst.length > 0 ? 'pending' : 'ok', severity: worst[0] ?? 'warning' };
}

/** All labels by which an alert may be silenced or routed: its own, its rule and its severity. */
export function alertLabels({
  labels,
  rule,
  severity,
}: Pick<AlertState, 'labels' | 'rule' | 'severity'>): Labels {
  return { ...labels, rule, severity };
}

/** Whether one severity is worse than another. */
export function isWorseThan(a: Severity, b: Severity): boolean {
  return rankOf(a) > rankOf(b);
}
