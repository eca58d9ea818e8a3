import { type Field, type ObjectField, type Parsed, parse } from '../base/index.ts';
import { readLabelNames, readLabels, readMatch } from './parse-labels.ts';
import { readLimits } from './parse-limits.ts';
import { type AlertPolicy, type AlertRule, type AlertStatistic, quantileOf, summaryDefault } from './rule.ts';
import { alertRulePresets } from './rule-presets.ts';

/** Every key of an alert file, by the place where it stands; a test holds the published JSON Schema against them. */
export const alertFileKeys = {
  file: ['use', 'group_by', 'repeat', 'escalate_after', 'join_within', 'rules'],
  rule: [
    'name',
    'metric',
    'of',
    'match',
    'statistic',
    'window',
    'above',
    'below',
    'resolve',
    'hysteresis',
    'for',
    'missing',
    'labels',
    'runbook',
    'summary',
  ],
  limits: ['warning', 'critical'],
} as const;

/**
 * Reads an alert file, already out of its YAML or JSON, into a complete policy, or tells every problem with its place.
 * At most 500 rules, each with a name of its own; a rule takes the place of a preset's of the same name.
 */
export function parseAlertRules(input: unknown): Parsed<AlertPolicy> {
  return parse(input, (root) => {
    const file = root.object(alertFileKeys.file);
    const own = file.optional('rules')?.array(readRule) ?? [];
    const names = new Set(own.map(({ name }) => name));
    const used = readUse(file.optional('use')).filter(({ name }) => !names.has(name));
    const rules = [...used, ...own];
    if (!file.has('rules') && !file.has('use')) root.problem('must have rules, or use a preset');
    if (rules.length > rulesMax) root.problem(`must have at most ${rulesMax} rules, got ${rules.length}`);
    const groupBy = file.optional('group_by');
    tellTwins(file.required('rules'), own);
    return {
      rules,
      groupBy: groupBy === undefined ? ['service'] : readLabelNames(groupBy),
      repeatMs: readSpan(file.optional('repeat'), { above: 0, byDefault: 4 * hourMs, atMost: 30 * dayMs }),
      escalateAfterMs: readEscalations(file.optional('escalate_after')),
      joinWithinMs: readSpan(file.optional('join_within'), { byDefault: hourMs / 2, atMost: dayMs }),
    };
  });
}

/** Reads one rule, as it stands in the list of a file. */
export function parseAlertRule(input: unknown): Parsed<AlertRule> {
  return parse(input, readRule);
}

const rulesMax = 500;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

function readRule(field: Field): AlertRule {
  const rule = field.object(alertFileKeys.rule);
  const statistic = readStatistic(rule.optional('statistic'));
  return {
    name: readWord(rule.required('name')),
    metric: readWord(rule.required('metric')),
    of: readOf(rule, statistic),
    match: readMatch(rule.optional('match')),
    statistic,
    windowMs: readSpan(rule.optional('window'), { above: 0, byDefault: 60_000, atMost: dayMs }),
    ...readLimits(field),
    forMs: readSpan(rule.optional('for'), { byDefault: 60_000, atMost: dayMs }),
    missing: rule.optional('missing')?.oneOf(['keep', 'ok', 'alert']) ?? 'keep',
    labels: readLabels(rule.optional('labels')),
    runbook: readRunbook(rule.optional('runbook')),
    summary: readText(rule.optional('summary'), 500) ?? summaryDefault,
  };
}

/** The name of a rule or of a metric. */
function readWord(field: Field): string {
  const found = field.string();
  const isWord = typeof field.value !== 'string' || found === '' || /^[A-Za-z][\w.:-]{0,99}$/.test(found);
  if (!isWord) {
    field.problem(
      `must begin with a letter and have at most 100 letters, digits and any of _ . : -, got ${JSON.stringify(found.slice(0, 40))}`,
    );
  }
  return found;
}

function readStatistic(field: Field | undefined): AlertStatistic {
  if (field === undefined) return 'value';
  const found = field.value as AlertStatistic;
  const isPercentile = typeof found === 'string' && quantileOf(found) !== undefined;
  return isPercentile
    ? found
    : field.oneOf(['value', 'mean', 'min', 'max', 'rate', 'ratio', 'p50', 'p95', 'p99']);
}

function readOf(rule: ObjectField<'of'>, statistic: AlertStatistic): string | undefined {
  const of = rule.optional('of');
  if (statistic === 'ratio') return readWord(rule.required('of'));
  if (of !== undefined) of.problem('goes with statistic: ratio');
  return undefined;
}

function readRunbook(field: Field | undefined): string | undefined {
  const found = readText(field, 500);
  if (field !== undefined && found !== undefined && found !== '' && !/^https?:\/\/\S+$/.test(found))
    field.problem('must be an address that begins with http:// or https://');
  return found;
}

function readText(field: Field | undefined, lengthMax: number): string | undefined {
  const found = field?.string();
  if (found !== undefined && found.length > lengthMax)
    field?.problem(`must have at most ${lengthMax} letters, got ${found.length}`);
  return found;
}

function readSpan(
  field: Field | undefined,
  { byDefault, ...limits }: { readonly byDefault: number; readonly above?: number; readonly atMost: number },
): number {
  return field?.duration(limits) ?? byDefault;
}

function readUse(field: Field | undefined): readonly AlertRule[] {
  const names = field?.array((item) => item.oneOf(Object.keys(alertRulePresets) as 'foodshare'[])) ?? [];
  return [...new Set(names)].flatMap((name) => alertRulePresets[name]);
}

function readEscalations(field: Field | undefined): number[] {
  const afterMs = field?.array((item) => item.duration({ above: 0, atMost: 7 * dayMs })) ?? [];
  if (afterMs.length > 5) field?.problem(`must have at most 5 levels, got ${afterMs.length}`);
  if (afterMs.some((each, at) => at > 0 && each <= (afterMs[at - 1] as number)))
    field?.problem('must rise: each level hears of it later than the one before');
  return afterMs;
}

function tellTwins(rules: Field, own: readonly AlertRule[]): void {
  const seen = new Set<string>();
  for (const [at, { name }] of own.entries()) {
    if (name !== '' && seen.has(name))
      rules.at(at).at('name').problem(`is the name of an earlier rule: ${name}`);
    seen.add(name);
  }
}
