import { closest, type Field } from '../../../base/index.ts';
import {
  compileJsonTemplate,
  compileTemplate,
  slotsOf,
  type Template,
  type TemplateProblems,
} from '../../steps/template.ts';

/** What templates may be filled from. */
export interface Names {
  /** Data source → its columns; empty where they are not known. */
  readonly columns: ReadonlyMap<string, readonly string[]>;
  /** What any step saves. */
  readonly variables: ReadonlySet<string>;
  readonly environment: Environment;
}

/** `{{$env.NAME}}` is filled while the file is read. */
export interface Environment {
  readonly values: Readonly<Record<string, string | undefined>>;
  /** Every value that was taken; most of them are passwords and tokens. */
  readonly taken: Set<string>;
}

/** A text with holes. */
export function readTemplate(field: Field, names: Names): Template {
  const text = field.string();
  // `{{$env.A as number}}` is a number where JSON has one; in a text it is its digits.
  return compile(field, text, names, (filled) => compileTemplate(String(filled)));
}

/** Any value whose texts have holes, as JSON. */
export function readJsonTemplate(field: Field, names: Names): Template {
  return compile(field, field.value, names, compileJsonTemplate);
}

/** A value of a form: a text with holes, which may be empty, a number, true or false. */
export function readScalarTemplate(field: Field, names: Names): Template {
  const { value } = field;
  if (value === '') return literal('');
  return typeof value === 'number' || typeof value === 'boolean'
    ? literal(String(value))
    : readTemplate(field, names);
}

/** Names with values as in a query or a form: `a=1&b={{b}}`, all of it percent-encoded; a list repeats its name. */
export function readPairs(field: Field, names: Names): Template {
  const pairs = field.record((entry, name) => {
    const values = Array.isArray(entry.value)
      ? entry.array((item) => readScalarTemplate(item, names))
      : [readScalarTemplate(entry, names)];
    return values.map((value) => ({ name, value: asUrlComponent(value) }));
  });
  const all = [...pairs.values()].flat();
  return joinTemplates(
    all.flatMap(({ name, value }, index) => [
      literal(`${index === 0 ? '' : '&'}${encodeURIComponent(name.toWellFormed())}=`),
      value,
    ]),
  );
}

export function literal(text: string): Template {
  return { text, parts: [text] };
}

/** One template after the other. */
export function joinTemplates(templates: readonly Template[]): Template {
  return {
    text: templates.map((template) => template.text).join(''),
    parts: templates.flatMap((template) => template.parts),
  };
}

/** The text with the environment's values in it, for places that have no other holes. */
export function readWithEnvironment(field: Field, environment: Environment): string {
  return fillFromEnvironment(field.string(), environment, (problem) => field.problem(problem));
}

/** The names of every `{{$env.NAME}}` in a value's texts. */
export function environmentNames(value: unknown): string[] {
  const names = new Set<string>();
  mapTexts(value, (text) => {
    const asNumber = environmentNumber.exec(text);
    for (const [, name] of [...text.matchAll(environmentHole), ...(asNumber === null ? [] : [asNumber])])
      names.add(name as string);
  });
  return [...names];
}

function asUrlComponent({ text, parts }: Template): Template {
  return {
    text,
    parts: parts.map((part) =>
      typeof part === 'string'
        ? encodeURIComponent(part.toWellFormed())
        : { ...part, form: 'url component' as const },
    ),
  };
}

/**
 * Compiles what was written, so that what is wrong with it is told without the environment's values; then
 * with them. The template's text, which names it in reports, stays as it was written.
 */
function compile<Value>(
  field: Field,
  value: Value,
  names: Names,
  compiler: (value: Value) => Template | TemplateProblems,
): Template {
  const written = compiler(mapTexts(value, maskEnvironment) as Value);
  const note = (problem: string): void => field.problem(problem);
  const filled = compiler(mapTexts(value, (text) => fillText(text, names.environment, note)) as Value);
  if ('problems' in written) {
    written.problems.forEach(note);
    for (const slot of written.slots) checkSlot(field, slot, names);
    return literal('');
  }
  if ('problems' in filled) return written;
  for (const slot of slotsOf(filled)) checkSlot(field, slot, names);
  return { text: typeof value === 'string' ? value : JSON.stringify(value ?? null), parts: filled.parts };
}

function mapTexts(value: unknown, map: (text: string) => unknown): unknown {
  if (typeof value === 'string') return map(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, map));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTexts(item, map)]));
}

const environmentHole = /\{\{\s*\$env\.([^{}\s]*)\s*\}\}/g;
const environmentNumber = /^\{\{\s*\$env\.([^{}\s]*)\s+as\s+number\s*\}\}$/;

function maskEnvironment(text: string): unknown {
  if (environmentNumber.test(text)) return 0;
  return text.replace(environmentHole, '$env.$1');
}

/** A text with the environment's values; a number where it asks for one. */
function fillText(text: string, environment: Environment, note: (problem: string) => void): unknown {
  const name = environmentNumber.exec(text)?.[1];
  if (name === undefined) return fillFromEnvironment(text, environment, note);
  const value = Number(takeValue(name, environment, note) || Number.NaN);
  if (Number.isFinite(value)) return value;
  if (environment.values[name] !== undefined) note(`uses {{$env.${name} as number}}, which is no number`);
  return 0;
}

function fillFromEnvironment(
  text: string,
  environment: Environment,
  note: (problem: string) => void,
): string {
  return text.replace(environmentHole, (_, name: string) => takeValue(name, environment, note));
}

function takeValue(name: string, { values, taken }: Environment, note: (problem: string) => void): string {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined) {
    note(`uses {{$env.${name}}}, which is not in the environment`);
    return '';
  }
  if (value.includes('{{')) {
    note(`uses {{$env.${name}}}, whose value would be read as a template`);
    // What else would be wrong with that template would tell what is in it.
    return '';
  }
  if (value !== '') taken.add(value);
  return value;
}

/** Notes a name that nothing gives a value. */
function checkSlot(field: Field, slot: ReturnType<typeof slotsOf>[number], names: Names): void {
  if (slot.kind === 'variable' && !names.variables.has(slot.name)) {
    field.problem(`uses {{${slot.name}}}, which no step saves${didYouMean(slot.name, [...names.variables])}`);
  }
  if (slot.kind !== 'column') return;
  const hole = `{{${slot.source}.${slot.column}}}`;
  const columns = names.columns.get(slot.source);
  if (columns === undefined) {
    const hint = didYouMean(slot.source, [...names.columns.keys()]);
    field.problem(`uses ${hole}, but data has no ${slot.source}${hint}`);
  } else if (columns.length > 0 && !columns.includes(slot.column)) {
    field.problem(`uses ${hole}, but ${slot.source} has the columns ${columns.join(', ')}`);
  }
}

function didYouMean(name: string, known: readonly string[]): string {
  const meant = closest(name, known);
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}
