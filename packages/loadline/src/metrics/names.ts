import { metricsError } from './errors.ts';

/** What a family of series is. */
export type MetricKind = 'counter' | 'gauge' | 'histogram';

/** What every family has. */
export interface FamilyNames {
  readonly kind: MetricKind;
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

/**
 * Checks names the way `promtool check metrics` does, and a little more strictly, when a metric is created
 * rather than when somebody first runs the linter.
 *
 * @throws LoadlineError METRICS_NAME_INVALID that names every problem.
 */
export function checkNames(names: FamilyNames): void {
  const problems = [...nameProblems(names), ...labelProblems(names)];
  if (names.help.trim() === '') problems.push('the help text is empty');
  if (problems.length === 0) return;
  throw metricsError(
    'METRICS_NAME_INVALID',
    `Cannot register ${names.kind} ${JSON.stringify(names.name)}: ${problems.join('; ')}.`,
    { facts: { name: names.name, problems } },
  );
}

function nameProblems({ kind, name }: FamilyNames): string[] {
  const problems: string[] = [];
  if (!/^[a-z][a-z0-9_]*$/.test(name))
    problems.push('a name is snake_case: a letter, then letters, digits and _');
  if (kind === 'counter' && !name.endsWith('_total')) problems.push('a counter ends in _total');
  if (kind !== 'counter' && name.endsWith('_total')) problems.push(`a ${kind} does not end in _total`);
  if (/_(bucket|count|sum)$/.test(name)) problems.push('_bucket, _count and _sum are endings of Prometheus');
  for (const word of name.split('_').slice(1)) {
    const base = baseUnitOf(word);
    if (kindWords.has(word)) problems.push(`a name does not tell the kind: remove _${word}`);
    if (abbreviations.has(word)) problems.push(`a unit is written out: _${word} is an abbreviation`);
    if (base !== undefined && base !== word) problems.push(`use the base unit _${base} instead of _${word}`);
  }
  return problems;
}

function labelProblems({ labelNames }: FamilyNames): string[] {
  const problems = labelNames
    .filter((label) => !/^(?!__)[a-z_][a-z0-9_]*$/.test(label))
    .map((label) => `label ${JSON.stringify(label)} is not snake_case, or begins with __`);
  for (const reserved of ['le', 'quantile']) {
    if (labelNames.includes(reserved)) problems.push(`label ${reserved} is reserved by Prometheus`);
  }
  if (new Set(labelNames).size < labelNames.length) problems.push('a label is there twice');
  return problems;
}

const kindWords: ReadonlySet<string> = new Set(['counter', 'gauge', 'histogram', 'summary']);

const abbreviations: ReadonlySet<string> = new Set('s ms us ns sec b kb mb gb tb pb m h d'.split(' '));

const baseUnits: ReadonlyMap<string, string> = new Map(
  Object.entries({
    seconds: 'seconds minutes hours days weeks',
    bytes: 'bytes bits',
    meters: 'meters metres inches yards miles',
    grams: 'grams pounds ounces',
    joules: 'joules calories',
    celsius: 'celsius fahrenheit rankine',
    kelvin: 'kelvin kelvins',
    amperes: 'amperes',
    volts: 'volts',
  }).flatMap(([base, units]) => units.split(' ').map((unit) => [unit, base] as const)),
);

const prefixes =
  /^(pico|nano|micro|milli|centi|deci|deca|hecto|kilo|kibi|mega|mebi|mibi|giga|gibi|tera|tebi|peta|pebi)/;

/** The base unit of a word that is a unit, `seconds` for `milliseconds`; undefined for any other word. */
function baseUnitOf(word: string): string | undefined {
  return baseUnits.get(word) ?? baseUnits.get(word.replace(prefixes, ''));
}
