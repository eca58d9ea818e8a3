import { closest, type Field, type ObjectField } from '../../base/index.ts';
import type { HeaderTemplate, Method, RequestStep, Save, Step } from '../plan.ts';
import { methods } from '../plan.ts';
import { parsePointer } from '../steps/json-pointer.ts';
import type { Check, Extraction, JsonScalar } from '../steps/response-values.ts';
import {
  compileJsonTemplate,
  compileTemplate,
  slotsOf,
  type Template,
  type TemplateProblem,
} from '../steps/template.ts';
import type { ThinkTime } from '../steps/think-time.ts';

/** The names that templates may use, and the headers that every request has. */
export interface Names {
  /** Data source → its columns. */
  readonly columns: ReadonlyMap<string, readonly string[]>;
  /** What any step saves. */
  readonly variables: ReadonlySet<string>;
  readonly headers: Field | undefined;
}

export function readSteps(field: Field, names: Names): Step[] {
  const shared = names.headers === undefined ? [] : readHeaders(names.headers, names);
  const steps = field.array((item) => readStep(item, names, shared), { nonEmpty: true });
  const isAllPauses =
    Array.isArray(field.value) && field.value.every((item) => Object.hasOwn(item ?? {}, 'think'));
  if (steps.length > 0 && isAllPauses) {
    field.problem('needs at least one request, like `- get: /`');
  }
  return steps;
}

const verbs = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'] as const;
const stepKeys = [...verbs, 'think', 'name', 'headers', 'json', 'body', 'expect', 'check', 'save'] as const;
type StepKey = (typeof stepKeys)[number];

function readStep(item: Field, names: Names, shared: readonly HeaderTemplate[]): Step {
  const step = item.object(stepKeys);
  const found = [...verbs, 'think' as const].filter((key) => step.has(key));
  const kind = found[0];
  if (found.length !== 1 || kind === undefined) {
    if (isMapOf(stepKeys, item.value))
      item.problem(`must be one of ${verbs.join(', ')} with a path, or think with a pause`);
    return { kind: 'think', think: { kind: 'fixed', durationMs: 0 } };
  }
  if (kind === 'think') {
    const besides = stepKeys.filter((key) => key !== 'think' && step.has(key));
    if (besides.length > 0)
      item.problem(`is a pause, which has no ${besides.join(', ')}; write a step of its own`);
    return { kind: 'think', think: readThink(step.required('think')) };
  }
  return readRequest(step, kind, names, shared);
}

/** Whether a map has known keys alone; of another one, the unknown keys are problem enough. */
function isMapOf(keys: readonly string[], value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).every((key) => keys.includes(key));
}

function readRequest(
  step: ObjectField<StepKey>,
  verb: (typeof verbs)[number],
  names: Names,
  shared: readonly HeaderTemplate[],
): RequestStep {
  const method = methods.find((each) => each.toLowerCase() === verb) as Method;
  const path = readTemplate(step.required(verb), names);
  if (path.text !== '' && !path.text.startsWith('/'))
    step.required(verb).problem('must begin with a slash, as in /api/food');
  const own = step.optional('headers') === undefined ? [] : readHeaders(step.required('headers'), names);
  const ownNames = new Set(own.map((header) => header.name));
  const body = readBody(step, names);
  const headers = [...shared.filter((header) => !ownNames.has(header.name)), ...own];
  return {
    kind: 'request',
    name: step.optional('name')?.string() ?? `${method} ${path.text.split('?')[0]}`,
    method,
    path,
    headers: withDefaults(headers, step.has('json')),
    body,
    expect: step.optional('expect') === undefined ? undefined : readStatuses(step.required('expect')),
    checks: step.optional('check') === undefined ? [] : readChecks(step.required('check')),
    saves: step.optional('save') === undefined ? [] : readSaves(step.required('save')),
  };
}

function readBody(step: ObjectField<StepKey>, names: Names): Template | undefined {
  if (step.has('json') && step.has('body'))
    step.required('body').problem('stands beside json; a request has one body');
  const json = step.optional('json');
  if (json !== undefined) return accept(json, compileJsonTemplate(json.value), names);
  const body = step.optional('body');
  return body === undefined ? undefined : readTemplate(body, names);
}

function withDefaults(headers: readonly HeaderTemplate[], isJson: boolean): HeaderTemplate[] {
  const has = (name: string): boolean => headers.some((header) => header.name === name);
  const literal = (name: string, value: string): HeaderTemplate => ({
    name,
    value: { text: value, parts: [value] },
  });
  return [
    ...(has('accept') ? [] : [literal('accept', '*/*')]),
    ...(has('user-agent') ? [] : [literal('user-agent', 'loadline')]),
    ...(isJson && !has('content-type') ? [literal('content-type', 'application/json')] : []),
    ...headers,
  ];
}

function readHeaders(field: Field, names: Names): HeaderTemplate[] {
  const headers = field.record((entry, name) => {
    const lower = name.toLowerCase();
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(lower)) entry.problem('is no header name');
    if (framing.includes(lower)) entry.problem('is set by Loadline itself');
    return { name: lower, value: readTemplate(entry, names) };
  });
  return [...headers.values()];
}

/** Headers that say where a request ends and where it goes: another value would break the connection. */
const framing = ['content-length', 'transfer-encoding', 'connection', 'host', 'expect', 'upgrade'];

function readTemplate(field: Field, names: Names): Template {
  return accept(field, compileTemplate(field.string()), names);
}

/** Notes what is wrong with a template: its form, or a name that nothing gives a value. */
function accept(field: Field, compiled: Template | TemplateProblem, names: Names): Template {
  if ('problem' in compiled) {
    field.problem(compiled.problem);
    return { text: '', parts: [''] };
  }
  for (const slot of slotsOf(compiled)) {
    if (slot.kind === 'variable' && !names.variables.has(slot.name)) {
      field.problem(
        `uses {{${slot.name}}}, which no step saves${didYouMean(slot.name, [...names.variables])}`,
      );
    }
    if (slot.kind === 'column') {
      const columns = names.columns.get(slot.source);
      if (columns === undefined) {
        field.problem(
          `uses {{${slot.source}.${slot.column}}}, but data has no ${slot.source}${didYouMean(slot.source, [...names.columns.keys()])}`,
        );
      } else if (columns.length > 0 && !columns.includes(slot.column)) {
        field.problem(
          `uses {{${slot.source}.${slot.column}}}, but ${slot.source} has the columns ${columns.join(', ')}`,
        );
      }
    }
  }
  return compiled;
}

function didYouMean(name: string, known: readonly string[]): string {
  const meant = closest(name, known);
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}

function readThink(field: Field): ThinkTime {
  if (typeof field.value !== 'object' || field.value === null)
    return { kind: 'fixed', durationMs: field.duration() };
  const think = field.object(['from', 'to', 'normal', 'exponential']);
  const shapes = [think.has('from') || think.has('to'), think.has('normal'), think.has('exponential')];
  if (shapes.filter(Boolean).length > 1) field.problem('must be one of from with to, normal and exponential');
  if (think.has('exponential'))
    return { kind: 'exponential', meanMs: think.required('exponential').duration({ above: 0 }) };
  if (think.has('normal')) {
    const normal = think.required('normal').object(['mean', 'deviation']);
    return {
      kind: 'normal',
      meanMs: normal.required('mean').duration(),
      deviationMs: normal.required('deviation').duration(),
    };
  }
  const fromMs = think.required('from').duration();
  const toMs = think.required('to').duration();
  if (toMs < fromMs) field.problem('must have to at or after from');
  return { kind: 'uniform', fromMs, toMs };
}

function readStatuses(field: Field): number[] {
  const status = (item: Field): number => item.number({ whole: true, atLeast: 100, atMost: 599 });
  return Array.isArray(field.value) ? field.array(status, { nonEmpty: true }) : [status(field)];
}

function readChecks(field: Field): Check[] {
  const check = field.object(['status', 'json', 'header', 'body']);
  const checks: Check[] = [];
  const status = check.optional('status');
  if (status !== undefined) {
    const statuses = readStatuses(status);
    checks.push({ kind: 'status', statuses, name: `status is ${statuses.join(' or ')}` });
  }
  const contains = check.optional('body')?.object(['contains']).required('contains').string();
  if (contains !== undefined)
    checks.push({ kind: 'body', contains, name: `body contains ${JSON.stringify(contains)}` });
  const headers = check.optional('header')?.record((entry) => entry.string());
  for (const [name, equals] of headers ?? []) {
    checks.push({
      kind: 'header',
      header: name.toLowerCase(),
      equals,
      name: `${name} is ${JSON.stringify(equals)}`,
    });
  }
  const json = check.optional('json')?.record(readJsonCheck);
  return [...checks, ...(json?.values() ?? [])];
}

function readJsonCheck(entry: Field, key: string): Check {
  const pointer = parsePointer(key);
  if (pointer === undefined) entry.problem('must be under a JSON pointer, as in /items/0/id');
  const { value } = entry;
  if (value === 'exists') {
    return { kind: 'json', pointer: pointer ?? [], expected: { kind: 'exists' }, name: `${key} exists` };
  }
  if (typeof value === 'object' && value !== null)
    entry.problem('must be exists, or a text, a number, true, false or null');
  const expected = { kind: 'equals' as const, value: value as JsonScalar };
  return { kind: 'json', pointer: pointer ?? [], expected, name: `${key} is ${JSON.stringify(value)}` };
}

function readSaves(field: Field): Save[] {
  const saves = field.record((entry, name): Save => {
    if (!/^[A-Za-z_]\w*$/.test(name)) entry.problem('must be a name of letters, digits and _');
    return { name, from: readExtraction(entry) };
  });
  return [...saves.values()];
}

const extractionKeys = ['json', 'header', 'match', 'random_of'] as const;

function readExtraction(entry: Field): Extraction {
  const from = entry.object(extractionKeys);
  const kinds = (['json', 'header', 'match'] as const).filter((kind) => from.has(kind));
  if (kinds.length !== 1) {
    if (isMapOf(extractionKeys, entry.value))
      entry.problem('must be one of json, header and match, as in { json: /items/0/id }');
    return { kind: 'header', name: '' };
  }
  if (from.has('random_of') && !from.has('json')) {
    from.required('random_of').problem('goes with json, as in { random_of: /items, json: /id }');
  }
  if (from.has('header')) return { kind: 'header', name: from.required('header').string().toLowerCase() };
  if (from.has('match')) return { kind: 'pattern', pattern: readPattern(from.required('match')) };
  const randomOf = from.optional('random_of');
  const pointer = readPointer(from.required('json'));
  return { kind: 'json', pointer, ...(randomOf === undefined ? {} : { randomOf: readPointer(randomOf) }) };
}

function readPointer(field: Field): readonly string[] {
  const pointer = parsePointer(field.string({ nonEmpty: false }));
  if (pointer === undefined) field.problem('must be a JSON pointer, as in /items/0/id');
  return pointer ?? [];
}

function readPattern(field: Field): RegExp {
  try {
    return new RegExp(field.string());
  } catch (error) {
    field.problem(`must be a regular expression: ${(error as Error).message}`);
    return /$^/;
  }
}
