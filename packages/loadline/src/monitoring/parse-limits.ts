import { type Field, parseBytes, parseDuration, show } from '../base/index.ts';
import {
  type AlertLimit,
  type AlertRule,
  type AlertUnit,
  hysteresisDefault,
  resolveLimitOf,
  type Severity,
  severities,
} from './rule.ts';

type Limits = Pick<AlertRule, 'direction' | 'limits' | 'unit'>;

/**
 * What a rule says of its limits: `above: { warning: 1s, critical: 2.5s }` or `below: …`, and how far inside it is over.
 * How a limit is written says what it is: a duration, a share with %, a size, or a plain number.
 */
export function readLimits(rule: Field): Limits {
  const direction = rule.at('below').value === undefined ? 'above' : 'below';
  if (direction === 'below' && rule.at('above').value !== undefined)
    rule.problem('must have limits above or below, not both');
  const field = rule.at(direction);
  if (field.value === undefined) rule.problem('must have limits: above or below, with warning or critical');
  const written = field.value === undefined ? none : readPair(field);
  const resolve = rule.at('resolve').value === undefined ? none : readPair(rule.at('resolve'));
  const unit = unitOf(field, [...written.values(), ...resolve.values()]);
  const hysteresis = readHysteresis(rule.at('hysteresis'));
  if (resolve.size > 0 && rule.at('hysteresis').value !== undefined)
    rule.at('hysteresis').problem('goes without resolve, which says the same more exactly');
  const limits = severities.flatMap((severity): AlertLimit[] => {
    const limit = written.get(severity)?.value;
    if (limit === undefined) return [];
    const asked = resolve.get(severity)?.value;
    return [
      { severity, limit, resolveLimit: asked ?? resolveLimitOf(limit, { direction, unit, hysteresis }) },
    ];
  });
  if (written.size === 0 && isMap(field.value)) field.problem('must have a warning or a critical limit');
  checkOrder(rule, { direction, limits }, resolve);
  return { direction, unit, limits };
}

interface Written {
  readonly value: number;
  readonly unit: AlertUnit;
}

const none: ReadonlyMap<Severity, Written> = new Map();

function readPair(field: Field): Map<Severity, Written> {
  const pair = field.object(severities);
  const found = new Map<Severity, Written>();
  for (const severity of severities) {
    const limit = pair.optional(severity);
    if (limit !== undefined) found.set(severity, readLimit(limit));
  }
  return found;
}

function readLimit(field: Field): Written {
  const found = typeof field.value === 'string' ? field.value.trim() : field.value;
  if (typeof found === 'number' && Number.isFinite(found)) return { value: found, unit: 'number' };
  if (typeof found === 'string') {
    const percent = /^(\d{1,6}(?:\.\d{1,6})?) ?%$/.exec(found);
    if (percent !== null) return { value: Number(`${percent[1]}e-2`), unit: 'ratio' };
    // A bare 0 is a plain number here, and `0s` a duration.
    const durationMs = found === '0' ? undefined : parseDuration(found);
    if (durationMs !== undefined) return { value: durationMs, unit: 'ms' };
    const bytes = found === '0' ? undefined : parseBytes(found);
    if (bytes !== undefined) return { value: bytes, unit: 'bytes' };
  }
  field.problem(
    `must be a number, a duration like 200ms, a share like 1% or a size like 512MB, got ${show(field.value)}`,
  );
  return { value: 0, unit: 'number' };
}

function unitOf(field: Field, written: readonly Written[]): AlertUnit {
  const units = new Set(written.map(({ unit }) => unit));
  if (units.size > 1) field.problem('must have limits of one kind: both durations, shares, sizes or numbers');
  const [unit = 'number'] = units;
  return unit;
}

function readHysteresis(field: Field): number {
  if (field.value === undefined) return hysteresisDefault;
  const percent =
    typeof field.value === 'string' ? /^(\d{1,2}(?:\.\d{1,3})?) ?%$/.exec(field.value.trim()) : null;
  const share = percent === null ? undefined : Number(`${percent[1]}e-2`);
  if (share !== undefined && share <= hysteresisMax) return share;
  field.problem(`must be a share of the limit from 0% to 50%, like 5%, got ${show(field.value)}`);
  return hysteresisDefault;
}

const hysteresisMax = 0.5;

/** A critical value must be a warning too, and what is resolved must not be beyond the limit. */
function checkOrder(
  rule: Field,
  { direction, limits }: Pick<Limits, 'direction' | 'limits'>,
  resolve: ReadonlyMap<Severity, Written>,
): void {
  const isWorse = (a: number, b: number): boolean => (direction === 'above' ? a > b : a < b);
  const [mild, severe] = limits;
  if (mild !== undefined && severe !== undefined && !isWorse(severe.limit, mild.limit))
    rule
      .at(direction)
      .at('critical')
      .problem(`must be ${direction} the warning, ${mild.limit}, got ${severe.limit}`);
  for (const { severity, limit, resolveLimit } of limits) {
    if (resolve.has(severity) && isWorse(resolveLimit, limit))
      rule
        .at('resolve')
        .at(severity)
        .problem(`must not be ${direction} the limit, ${limit}, got ${resolveLimit}`);
  }
  for (const severity of resolve.keys()) {
    if (!limits.some((limit) => limit.severity === severity))
      rule.at('resolve').at(severity).problem(`goes with ${direction}.${severity}`);
  }
  if (mild !== undefined && severe !== undefined && isWorse(mild.resolveLimit, severe.resolveLimit))
    rule.problem('must end a critical alert no later than its warning: mend resolve');
}

function isMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
