import { closest, type Field } from '../../../base/index.ts';
import type { Scenario } from '../../plan.ts';
import { parseThreshold, type Threshold, thresholdMetrics } from '../../threshold.ts';
import { keys } from './keys.ts';
import { measuredNames } from './steps.ts';

export function readThresholds(field: Field | undefined, scenarios: readonly Scenario[]): Threshold[] {
  if (field === undefined) return [];
  const scopes = [
    ...scenarios.map((scenario) => scenario.name),
    ...scenarios.flatMap((scenario) => measuredNames(scenario.steps)),
  ];
  // What a script calls its requests is known when it runs.
  const areScopesKnown = scenarios.every((scenario) => scenario.script === undefined);
  const lists = field.record((entry, key) => {
    const dot = key.lastIndexOf('.');
    const scope = dot < 0 ? undefined : key.slice(0, dot);
    const metric = thresholdMetrics.find((each) => each === key.slice(dot + 1));
    if (metric === undefined) {
      entry.problem(`must end in one of ${thresholdMetrics.join(', ')}`);
      return [];
    }
    if (scope !== undefined && metric === 'dropped')
      entry.problem('is known for the whole run only; write it without a name');
    if (scope !== undefined && areScopesKnown && !scopes.includes(scope))
      entry.problem(unknownName('scenario or step', scope, scopes));
    const items = Array.isArray(entry.value) ? entry.array((item) => item) : [entry];
    return items.flatMap((item) => readThreshold(item, metric, scope));
  });
  return [...lists.values()].flat();
}

/** A condition, or `{ expect: p95 < 200ms, abort: true, grace: 30s }`. */
function readThreshold(item: Field, metric: Threshold['metric'], scope: string | undefined): Threshold[] {
  if (typeof item.value !== 'object' || item.value === null) return readCondition(item, metric, scope);
  const threshold = item.object(keys.threshold);
  const isAborting = threshold.optional('abort')?.boolean() ?? false;
  const grace = threshold.optional('grace');
  if (grace !== undefined && !isAborting) grace.problem('goes with abort: true');
  const graceMs = grace?.duration() ?? graceMsDefault;
  const [condition] = readCondition(threshold.required('expect'), metric, scope);
  if (condition === undefined) return [];
  return [isAborting ? { ...condition, abort: { graceMs } } : condition];
}

/** The first seconds of a run are not like the others. */
const graceMsDefault = 10_000;

function readCondition(field: Field, metric: Threshold['metric'], scope: string | undefined): Threshold[] {
  const threshold = parseThreshold(metric, scope, field.string());
  if (!('problem' in threshold)) return [threshold];
  if (typeof field.value === 'string') field.problem(threshold.problem);
  return [];
}

export function unknownName(kind: string, name: string, known: readonly string[]): string {
  const meant = closest(name, known);
  const hint = meant === undefined ? `known are ${known.join(', ')}` : `did you mean ${meant}?`;
  return `names no ${kind}: ${JSON.stringify(name)}; ${hint}`;
}
