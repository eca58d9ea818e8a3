import type { AlertState } from './alert-state.ts';
import { type EvaluationLimits, evaluationLimitsDefault } from './evaluation-limits.ts';
import { fingerprintOf, isMatched } from './labels.ts';
import { nextState, type Subject } from './next-state.ts';
import { type Reading, type SetAside, siftReadings } from './reading.ts';
import { type AlertRule, rankOf } from './rule.ts';
import { type Silence, silencing } from './silence.ts';
import { showValue } from './summary.ts';

/** What an evaluation is made of; all of it values. */
export interface Evaluation {
  readonly rules: readonly AlertRule[];
  readonly readings: readonly Reading[];
  /** What the evaluation before has left. */
  readonly states: readonly AlertState[];
  readonly silences: readonly Silence[];
  readonly nowMs: number;
  /** What is left out has its default. */
  readonly limits?: Partial<EvaluationLimits>;
}

/** What an evaluation has come to; its states go into the next one. */
export interface Evaluated {
  /** Sorted by fingerprint. */
  readonly states: readonly AlertState[];
  readonly transitions: readonly Transition[];
  readonly setAside: SetAside;
}

/** A step of one alert, and why. */
export interface Transition {
  readonly kind: 'pending' | 'withdrawn' | 'fired' | 'raised' | 'eased' | 'resolved';
  /** After it; of one that is over, as it last was. */
  readonly alert: AlertState;
  readonly atMs: number;
  /** For people. */
  readonly reason: string;
}

/**
 * Holds readings against rules. Pure: the same values give the same states and steps, in whatever order the readings
 * come, and a clock or a memory is no part of it. Every alert that fires is resolved exactly once.
 */
export function evaluateAlerts(evaluation: Evaluation): Evaluated {
  const { rules, states, silences, nowMs } = evaluation;
  const limits: EvaluationLimits = { ...evaluationLimitsDefault, ...evaluation.limits };
  const sifted = siftReadings(rules, evaluation.readings, { nowMs, ...limits });
  const { seen, beyondLimit } = boundSeries(states, sifted.readings, limits.alertsMax);
  const byName = new Map(rules.map((rule) => [rule.name, rule]));
  const before = new Map(states.map((state) => [state.fingerprint, state]));
  const absent = absencesOf(rules, sifted.readings, before);
  const fingerprints = [...new Set([...before.keys(), ...seen.keys(), ...absent.keys()])].toSorted();
  const next: AlertState[] = [];
  const transitions: Transition[] = [];
  for (const fingerprint of fingerprints) {
    const state = before.get(fingerprint);
    const reading = seen.get(fingerprint);
    const rule = absent.get(fingerprint) ?? byName.get(reading?.rule ?? state?.rule ?? '');
    const isAbsence = absent.has(fingerprint);
    const step = advance({ fingerprint, rule, state, reading, isAbsence, nowMs, limits });
    if (step.transition !== undefined) transitions.push({ ...step.transition, atMs: nowMs });
    if (step.state !== undefined) next.push(withSilence(step.state, silences, nowMs));
  }
  return { states: next, transitions, setAside: { ...sifted.setAside, beyondLimit } };
}

/** Those that are known go first; of new ones, the first by fingerprint, so that the choice does not depend on order. */
function boundSeries(
  states: readonly AlertState[],
  readings: ReadonlyMap<string, Reading>,
  alertsMax: number,
): { readonly seen: ReadonlyMap<string, Reading>; readonly beyondLimit: number } {
  const known = new Set(states.map(({ fingerprint }) => fingerprint));
  const fresh = [...readings.keys()].filter((fingerprint) => !known.has(fingerprint)).toSorted();
  const refused = new Set(fresh.slice(Math.max(0, alertsMax - known.size)));
  const seen = new Map([...readings].filter(([fingerprint]) => !refused.has(fingerprint)));
  return { seen, beyondLimit: refused.size };
}

/**
 * The rules that take a missing reading for an alert and have not a single series: their absence is watched as if it
 * were one. By fingerprint.
 */
function absencesOf(
  rules: readonly AlertRule[],
  readings: ReadonlyMap<string, Reading>,
  before: ReadonlyMap<string, AlertState>,
): ReadonlyMap<string, AlertRule> {
  const alive = new Set([...readings.values()].map(({ rule }) => rule));
  for (const { rule, fingerprint } of before.values()) if (fingerprint !== absenceOf(rule)) alive.add(rule);
  const silent = rules.filter(({ name, missing }) => missing === 'alert' && !alive.has(name));
  return new Map(silent.map((rule) => [absenceOf(rule.name), rule]));
}

/** That of a series without labels, which is the only one that its rule can have. */
function absenceOf(rule: string): string {
  return fingerprintOf(rule, {});
}

interface Step {
  /** Undefined where there is nothing left to remember. */
  readonly state: AlertState | undefined;
  readonly transition?: Omit<Transition, 'atMs'>;
}

function advance(subject: Subject): Step {
  const { fingerprint, rule, state, reading, isAbsence, nowMs, limits } = subject;
  if (rule === undefined) return end(state, 'its rule was taken away');
  if (reading === undefined && state !== undefined && !isAbsence) {
    if (!isStillMatched(rule, state)) return end(state, 'its rule does not match its series any more');
    if (rule.missing !== 'alert' && state.value === undefined)
      return end(state, 'its rule does not ask for a reading any more');
    if (nowMs - state.seenAtMs >= limits.forgetAfterMs)
      return end(state, 'its series had no reading for too long');
    if (rule.missing === 'keep') return { state };
    if (rule.missing === 'ok') return end(state, 'its series has no reading');
    if (fingerprint === absenceOf(rule.name)) return end(state, 'its rule has series again');
  }
  return compare(state, rule, nextState(subject, rule));
}

/** A rule may have changed since; of labels that it adds itself, it is not known what the series has there. */
function isStillMatched(
  { name, match, labels: own }: AlertRule,
  { fingerprint, labels }: AlertState,
): boolean {
  const known = Object.entries(match).filter(([label]) => !Object.hasOwn(own, label));
  return fingerprint === absenceOf(name) || isMatched(Object.fromEntries(known), labels);
}

/** What has happened between two states of an alert. */
function compare(state: AlertState | undefined, rule: AlertRule, next: AlertState): Step {
  const was = state?.phase ?? 'ok';
  // A series that is well need only be remembered where it would be an alert that it is gone.
  const kept = next.phase === 'ok' && rule.missing !== 'alert' ? undefined : next;
  const step = (kind: Transition['kind']): Step => ({
    state: kept,
    transition: { kind, alert: next, reason: next.summary },
  });
  if (next.phase === 'ok' && state !== undefined && was !== 'ok') {
    const kind = was === 'firing' ? 'resolved' : 'withdrawn';
    const reason = `it is ${showValue(next.value as number, rule.unit)} now`;
    return { state: kept, transition: { kind, alert: { ...state, value: next.value }, reason } };
  }
  if (next.phase === 'pending' && was === 'ok') return step('pending');
  if (next.phase === 'firing' && was !== 'firing') return step('fired');
  const change =
    state === undefined || next.phase !== 'firing' ? 0 : rankOf(next.severity) - rankOf(state.severity);
  if (change !== 0) return step(change > 0 ? 'raised' : 'eased');
  return { state: kept };
}

function end(state: AlertState | undefined, reason: string): Step {
  if (state === undefined || state.phase === 'ok') return { state: undefined };
  const kind = state.phase === 'firing' ? 'resolved' : 'withdrawn';
  return { state: undefined, transition: { kind, alert: state, reason } };
}

/** Notes in each alert the silence that holds for it now. */
export function applySilences(
  states: readonly AlertState[],
  silences: readonly Silence[],
  nowMs: number,
): AlertState[] {
  return states.map((state) => withSilence(state, silences, nowMs));
}

function withSilence(state: AlertState, silences: readonly Silence[], nowMs: number): AlertState {
  if (state.phase === 'ok') return state;
  return { ...state, silencedBy: silencing(state, silences, nowMs)?.id };
}
