import {
  type AlertPolicy,
  type AlertRule,
  type AlertState,
  evaluateAlerts,
  parseAlertRule,
  parseAlertRules,
  type Reading,
  type Transition,
} from 'loadline/monitoring';

/** A rule as a file has it: a warning above 100 and a critical alert above 200 after ten seconds, unless `said` otherwise. */
export function ruleOf(said: Readonly<Record<string, unknown>> = {}): AlertRule {
  const limits = 'below' in said ? {} : { above: { warning: 100, critical: 200 } };
  const parsed = parseAlertRule({ name: 'slow', metric: 'latency_ms', for: '10s', ...limits, ...said });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

export function policyOf(said: Readonly<Record<string, unknown>>): AlertPolicy {
  const parsed = parseAlertRules(said);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

export function readingOf(value: number, said: Partial<Reading> = {}): Reading {
  return { rule: 'slow', labels: { service: 'api' }, atMs: 0, value, ...said };
}

/** Looks once for each value, a second apart; undefined is a look without a reading. */
export function watch(
  rule: AlertRule,
  values: readonly (number | undefined)[],
  { states = [], fromMs = 0 }: { states?: readonly AlertState[]; fromMs?: number } = {},
): {
  readonly states: readonly AlertState[];
  readonly steps: readonly string[];
  readonly transitions: readonly Transition[];
} {
  let known = states;
  const transitions: Transition[] = [];
  for (const [at, value] of values.entries()) {
    const nowMs = fromMs + at * 1000;
    const readings = value === undefined ? [] : [readingOf(value, { rule: rule.name, atMs: nowMs })];
    const evaluated = evaluateAlerts({ rules: [rule], readings, states: known, silences: [], nowMs });
    known = evaluated.states;
    transitions.push(...evaluated.transitions);
  }
  const steps = transitions.map(({ kind, alert, atMs }) => `${atMs / 1000} ${kind} ${alert.severity}`);
  return { states: known, steps, transitions };
}

/** A value so often. */
export function times<Value>(count: number, value: Value): Value[] {
  return Array.from({ length: count }, () => value);
}
