import { type Field, type Parsed, parse } from '../../base/index.ts';
import type {
  Flag,
  FlagChoice,
  FlagCondition,
  FlagRule,
  FlagSet,
  FlagTest,
  FlagType,
  FlagValue,
} from './flag.ts';

/**
 * Reads flags as people write them, by their names under `flags`, and tells everything that is wrong at once.
 *
 * @example
 * parseFlags({
 *   flags: {
 *     'scaling-forecast': true,
 *     checkout: {
 *       variants: { new: 'v2', old: 'v1' },
 *       rules: [{ when: { region: ['eu', 'us'] }, serve: { new: 20, old: 80 } }],
 *       serve: 'old',
 *     },
 *   },
 * });
 */
export function parseFlags(input: unknown): Parsed<FlagSet> {
  return parse(input, (root) => {
    const flags = root.object(['flags']).required('flags');
    const read = flags.record((entry, name) => readFlag(entry, name));
    if (read.size > flagsMax) flags.problem(`must be at most ${flagsMax}, got ${read.size}`);
    return read;
  });
}

/** Reads one flag, as it stands under its name. */
export function parseFlag(name: string, input: unknown): Parsed<Flag> {
  return parse(input, (root) => readFlag(root, name));
}

/** More flags than anybody knows what they are for. */
export const flagsMax = 5000;

const namePattern = /^[A-Za-z0-9][\w.-]{0,99}$/;

function readFlag(field: Field, name: string): Flag {
  if (!namePattern.test(name)) {
    field.problem(
      'must have a name of 1 to 100 letters, digits, ".", "_" and "-", that begins with a letter or digit',
    );
  }
  const { value } = field;
  if (typeof value === 'boolean' || typeof value === 'string' || typeof value === 'number') {
    return constantFlag(name, value, field);
  }
  const flag = field.object(['description', 'enabled', 'variants', 'rules', 'serve']);
  flag.optional('description')?.string();
  const variants = readVariants(flag.optional('variants'));
  const rules = flag.optional('rules')?.array((rule) => readRule(rule, variants)) ?? [];
  if (rules.length > rulesMax)
    flag.required('rules').problem(`must be at most ${rulesMax}, got ${rules.length}`);
  return {
    name,
    type: typeOf([...variants.values()][0] as FlagValue),
    isEnabled: flag.optional('enabled')?.boolean() ?? true,
    variants,
    rules,
    serve: readChoice(flag.required('serve'), variants),
  };
}

const rulesMax = 100;
const constantName = 'value';

function constantFlag(name: string, value: boolean | string | number, field: Field): Flag {
  if (typeof value === 'number') field.number();
  return {
    name,
    type: typeOf(value),
    isEnabled: true,
    variants: new Map([[constantName, value]]),
    rules: [],
    serve: { kind: 'variant', variant: constantName },
  };
}

function readVariants(field: Field | undefined): ReadonlyMap<string, FlagValue> {
  if (field === undefined) return onAndOff;
  const variants = field.record(readValue);
  if (variants.size === 0) field.problem('must name at least one');
  const types = new Set([...variants.values()].map(typeOf));
  if (types.size > 1) field.problem(`must all be of one type, got ${[...types].join(' and ')}`);
  return variants.size === 0 ? onAndOff : variants;
}

const onAndOff: ReadonlyMap<string, FlagValue> = new Map([
  ['on', true],
  ['off', false],
]);

function readValue(field: Field): FlagValue {
  const { value } = field;
  if (typeof value === 'number') return field.number();
  if (typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null) return value as FlagValue;
  field.problem('must be true or false, a text, a number, a map or a list, got nothing');
  return false;
}

function typeOf(value: FlagValue): FlagType {
  return typeof value as FlagType;
}

function readRule(field: Field, variants: ReadonlyMap<string, FlagValue>): FlagRule {
  const rule = field.object(['when', 'serve']);
  const when = [...rule.required('when').record(readConditions).values()].flat();
  return { when, serve: readChoice(rule.required('serve'), variants) };
}

function readConditions(field: Field, attribute: string): FlagCondition[] {
  return readTests(field).map((test) => ({ attribute, test }));
}

const textTests = ['startsWith', 'endsWith'] as const;
const numberTests = ['above', 'atLeast', 'below', 'atMost'] as const;

/** `api`, `[api, bots]`, or a map of tests that all must be passed. */
function readTests(field: Field): FlagTest[] {
  const { value } = field;
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMap) return [{ kind: 'in', values: readScalars(field) }];
  const tests = field.object(['in', 'not', ...textTests, ...numberTests]);
  const read: FlagTest[] = [];
  for (const kind of ['in', 'not'] as const) {
    const place = tests.optional(kind);
    if (place !== undefined) read.push({ kind, values: readScalars(place) });
  }
  for (const kind of textTests) {
    const place = tests.optional(kind);
    if (place !== undefined) read.push({ kind, text: place.string() });
  }
  for (const kind of numberTests) {
    const place = tests.optional(kind);
    if (place !== undefined) read.push({ kind, number: place.number() });
  }
  if (Object.keys(value).length === 0) field.problem('must have at least one test');
  return read;
}

function readScalars(field: Field): (string | number | boolean)[] {
  const places = Array.isArray(field.value) ? field.array((item) => item, { nonEmpty: true }) : [field];
  return places.map((place) => {
    const { value } = place;
    if (typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) {
      return value as string | number | boolean;
    }
    place.problem('must be a text, a number, or true or false');
    return '';
  });
}

function readChoice(field: Field, variants: ReadonlyMap<string, FlagValue>): FlagChoice {
  const names = [...variants.keys()];
  // In YAML, `on` and `off` without quotes are texts; in JSON, true and false may be meant.
  if (typeof field.value === 'boolean') return readChoice(field.as(field.value ? 'on' : 'off'), variants);
  if (typeof field.value !== 'object' || field.value === null) {
    return { kind: 'variant', variant: field.oneOf(names) };
  }
  const parts = [...field.record((place) => place.number({ atLeast: 0, atMost: 100 }))].map(
    ([variant, percent]) => ({ variant: field.at(variant).as(variant).oneOf(names), percent }),
  );
  const sum = parts.reduce((total, { percent }) => total + percent, 0);
  if (Math.abs(sum - 100) > 1e-6) field.problem(`must be 100 percent in all, got ${sum}`);
  return { kind: 'split', parts };
}
