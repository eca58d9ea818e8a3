import { type AlertLevels, type AlertState, advanceLevels, phaseOf } from './alert-state.ts';
import type { EvaluationLimits } from './evaluation-limits.ts';
import type { Labels } from './labels.ts';
import type { Reading } from './reading.ts';
import { type AlertLimit, type AlertRule, isBeyond, rankOf, type Severity } from './rule.ts';
import { summarise } from './summary.ts';

/** One series under one rule, at one look. */
export interface Subject {
  readonly fingerprint: string;
  /** Undefined where the rule was taken away. */
  readonly rule: AlertRule | undefined;
  readonly state: AlertState | undefined;
  readonly reading: Reading | undefined;
  /** Whether it stands for a rule that has no series. */
  readonly isAbsence: boolean;
  readonly nowMs: number;
  readonly limits: EvaluationLimits;
}

/** What is known of a series after a look. Pure. */
export function nextState(subject: Subject, rule: AlertRule): AlertState {
  const { fingerprint, state, reading, isAbsence, nowMs } = subject;
  const value = reading?.value;
  const before = levelsBefore(subject, rule);
  const levels = advanceLevels(rule, before, { value, nowMs });
  const { phase, severity } = phaseOf(levels);
  const ofSeries = reading?.labels ?? state?.labels ?? {};
  const labels: Labels = { ...ofSeries, ...rule.labels };
  const limit = limitOf(rule, severity);
  const isOk = phase === 'ok';
  const isRaised = state?.phase === 'firing' && rankOf(severity) > rankOf(state.severity);
  const startedAtMs = Object.keys(before).length > 0 ? state?.startedAtMs : undefined;
  const announced = state?.announced;
  return {
    fingerprint,
    rule: rule.name,
    labels,
    phase,
    severity,
    levels,
    startedAtMs: isOk ? undefined : Math.min(startedAtMs ?? nowMs, nowMs),
    firedAtMs: phase === 'firing' ? (state?.firedAtMs ?? nowMs) : undefined,
    value,
    limit: limit.limit,
    unit: rule.unit,
    seenAtMs: reading !== undefined || isAbsence ? nowMs : (state?.seenAtMs ?? nowMs),
    // Near its limit and not beyond, what an alert said when it was last beyond is true still.
    summary:
      state === undefined || value === undefined || isBeyond(rule, limit, value)
        ? summarise(rule, { labels, value, limit: limit.limit, severity })
        : state.summary,
    runbook: rule.runbook,
    // By a clock that was set back, it must not be a long time until it is repeated.
    announced:
      isOk || announced === undefined ? undefined : { ...announced, atMs: Math.min(announced.atMs, nowMs) },
    // Who knows of a warning does not know yet that it is worse.
    acknowledged: isOk || isRaised ? undefined : state?.acknowledged,
    silencedBy: undefined,
  };
}

/** After too long a pause nobody knows whether a limit was passed without a break: what does not fire yet begins anew. */
function levelsBefore({ state, nowMs, limits }: Subject, rule: AlertRule): AlertLevels {
  if (state === undefined) return {};
  const isPause = nowMs - state.seenAtMs > Math.max(limits.pauseMaxMs, rule.windowMs);
  // Where no reading counts as a bad one, there is no pause.
  if (!isPause || rule.missing === 'alert') return state.levels;
  return Object.fromEntries(Object.entries(state.levels).filter(([, { isActive }]) => isActive));
}

function limitOf({ limits }: AlertRule, severity: Severity): AlertLimit {
  return limits.find((limit) => limit.severity === severity) ?? (limits[0] as AlertLimit);
}
