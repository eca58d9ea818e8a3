import { formatBytes, formatDuration } from '../base/index.ts';
import { type Labels, labelOf } from './labels.ts';
import type { AlertRule, AlertUnit, Severity } from './rule.ts';

/** What a summary can tell of an alert. */
export interface Summarised {
  readonly labels: Labels;
  readonly value: number | undefined;
  readonly limit: number;
  readonly severity: Severity;
}

/**
 * Fills in a rule's template: `{{rule}}`, `{{metric}}`, `{{value}}`, `{{limit}}`, `{{direction}}`, `{{severity}}`, or
 * the name of a label. What is not there leaves nothing. What is filled in is never read as a template again. Of an alert
 * that there is no reading, a template for values would say nothing true.
 */
export function summarise(rule: AlertRule, { labels, value, limit, severity }: Summarised): string {
  if (value === undefined) return `${rule.name} has no reading`;
  const own: Readonly<Record<string, string>> = {
    rule: rule.name,
    metric: rule.metric,
    value: showValue(value, rule.unit),
    limit: showValue(limit, rule.unit),
    direction: rule.direction,
    severity,
  };
  const filled = rule.summary.replace(/\{\{\s*(\w{1,64})\s*\}\}/g, (_, name: string) =>
    Object.hasOwn(own, name) ? (own[name] as string) : labelOf(labels, name),
  );
  // Cut through a character, it would end in half of one, which PostgreSQL refuses.
  return filled.slice(0, summaryLengthMax).toWellFormed();
}

const summaryLengthMax = 1000;

/** A number in its unit, for people: `1.25 s`, `0.8 %`, `512 MB`, `800`. */
export function showValue(value: number, unit: AlertUnit): string {
  if (unit === 'ms') return formatDuration(value);
  if (unit === 'bytes') return formatBytes(value);
  if (unit === 'ratio') return `${Number((value * 100).toPrecision(3))} %`;
  return String(Number(value.toPrecision(4)));
}
