import type { Field, ObjectField } from '../../../base/index.ts';
import type { Method, RequestStep } from '../../plan.ts';
import { methods } from '../../plan.ts';
import type { HeaderTemplate } from '../../steps/request-parts.ts';
import type { Template } from '../../steps/template.ts';
import { type ReadSentFile, readBody } from './body.ts';
import { readChecks, readStatuses } from './checks.ts';
import { literalHeader, overlayHeaders } from './headers.ts';
import type { keys, StepKey } from './keys.ts';
import { readSaves } from './saves.ts';
import { joinTemplates, literal, type Names, readPairs, readTemplate } from './templates.ts';

/** What a step stands in. */
export interface StepContext {
  readonly names: Names;
  /** Of the file and the scenario. */
  readonly headers: readonly HeaderTemplate[];
  readonly readFile: ReadSentFile;
}

export function readRequest(
  step: ObjectField<StepKey>,
  verb: (typeof keys.verbs)[number],
  context: StepContext,
): RequestStep {
  const { names } = context;
  const method = methods.find((each) => each.toLowerCase() === verb) as Method;
  const { path, shown } = readPathAndQuery(step, verb, names);
  const { body, contentType } = readBody(step, names, context.readFile);
  const headers = overlayHeaders(context.headers, step, names);
  if (step.has('multipart') && headers.some((header) => header.name === 'content-type'))
    step.required('multipart').problem('says its content-type itself; leave the header out');
  const redirectsMax = step.optional('redirects')?.number({ whole: true, atLeast: 0, atMost: 20 });
  const timeoutMs = readTimeout(step.optional('timeout'));
  return {
    kind: 'request',
    name: step.optional('name')?.string() ?? `${method} ${shown}`,
    method,
    path,
    headers: withDefaults(headers, contentType),
    body,
    expect: step.has('expect') ? readStatuses(step.required('expect')) : undefined,
    checks: step.has('check') ? readChecks(step.required('check')) : [],
    saves: step.has('save') ? readSaves(step.required('save')) : [],
    ...(redirectsMax === undefined ? {} : { redirectsMax }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

/** How long a step may take; undefined where it does not say. */
export function readTimeout(field: Field | undefined): number | undefined {
  return field?.duration({ above: 0, atMost: 3_600_000 });
}

/** Where a step leads, and how that is shown. */
export function readPathAndQuery(
  step: ObjectField<StepKey>,
  key: StepKey,
  names: Names,
): { readonly path: Template; readonly shown: string } {
  const field = step.required(key);
  const path = readTemplate(field, names);
  if (path.text !== '' && !path.text.startsWith('/'))
    field.problem('must begin with a slash, as in /api/food');
  if (path.parts.some((part) => typeof part === 'string' && part.includes('#'))) field.problem(noFragment);
  return {
    path: withQuery(path, step.optional('query'), names),
    shown: path.text.split('?', 1)[0] as string,
  };
}

/** A server that got one would look for a path of that name. */
export const noFragment =
  'must hold no #: what follows it never leaves a browser; write %23 for the sign itself';

/** A request without anything besides. */
export function plainRequest(method: Method, path: string): RequestStep {
  return {
    kind: 'request',
    name: `${method} ${path.split('?')[0]}`,
    method,
    path: literal(path),
    headers: withDefaults([], undefined),
    body: undefined,
    expect: undefined,
    checks: [],
    saves: [],
  };
}

function withQuery(path: Template, query: Field | undefined, names: Names): Template {
  if (query === undefined) return path;
  const pairs = readPairs(query, names);
  if (pairs.parts.length === 0) return path;
  return joinTemplates([path, literal(path.text.includes('?') ? '&' : '?'), pairs]);
}

function withDefaults(
  headers: readonly HeaderTemplate[],
  contentType: HeaderTemplate | undefined,
): HeaderTemplate[] {
  const defaults = [
    literalHeader('accept', '*/*'),
    literalHeader('user-agent', 'loadline'),
    ...(contentType === undefined ? [] : [contentType]),
  ];
  const isGiven = ({ name }: HeaderTemplate): boolean => headers.some((header) => header.name === name);
  return [...defaults.filter((header) => !isGiven(header)), ...headers];
}
