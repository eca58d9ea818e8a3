import type { Random } from '../../../base/index.ts';
import type { Pairs, RequestDraft } from '../draft/scenario-draft.ts';
import { encodeBraces, hole, pointerStep, spreadBraces } from '../draft/texts.ts';
import { type ExampleContext, exampleOf, givenExample } from './examples.ts';
import { type Stop, schemaOfAnswer } from './journey.ts';
import { bodyOf } from './operation-body.ts';
import type { Operation, Parameter } from './operations.ts';
import { jsonContent, propertiesOf, requiredOf, typeOf } from './schemas.ts';
import type { Credentials } from './security.ts';
import { pairsOf, plainText, textOf } from './serialize.ts';

export interface OperationContext {
  readonly random: Random;
  /** The path that all paths of the API follow, without a slash at the end. */
  readonly base: string;
  readonly credentials: Credentials;
  /** Names that earlier answers have given a value. */
  readonly saved: ReadonlySet<string>;
}

/** An operation as a step, with example values for what it needs. */
export function operationDraft({ operation, filled, saves }: Stop, context: OperationContext): RequestDraft {
  const { credentials, base } = context;
  const examples: ExampleContext = {
    random: context.random,
    saved: (name) => (context.saved.has(name) ? hole(name) : undefined),
  };
  const values = new Map(
    operation.parameters
      .filter(isNeeded)
      .map((parameter) => [parameter, parameterValue(parameter, examples)] as const),
  );
  const of = (place: string): [Parameter, unknown][] =>
    [...values].filter(([parameter]) => parameter.in === place);
  const path = `${base}${writePath(operation, filled, of('path'))}`;
  const cookies = [
    ...of('cookie').map(([{ name }, value]) => [spreadBraces(name), textOf(value)] as const),
    ...credentials.cookies,
  ];
  const body = bodyOf(operation, examples);
  const expect = statusesOf(operation);
  const name = `${operation.verb.toUpperCase()} ${base}${operation.path}`;
  return {
    kind: 'request',
    verb: operation.verb,
    path,
    name: name === `${operation.verb.toUpperCase()} ${path}` ? undefined : name,
    query: [...of('query').flatMap(([parameter, value]) => pairsOf(parameter, value)), ...credentials.query],
    headers: headersOf(operation, of('header'), cookies, body.contentType, credentials),
    auth: credentials.auth,
    body: body.body,
    expect,
    redirects: undefined,
    exists: expect.length === 0 ? [] : existing(operation),
    saves,
    notes: [...summaryOf(operation), ...body.notes],
  };
}

/** What an operation can't do without; some headers are said elsewhere. */
function isNeeded({ isRequired, in: place, name }: Parameter): boolean {
  return isRequired && !(place === 'header' && /^(?:accept|content-type|authorization)$/i.test(name));
}

function parameterValue({ place, name }: Parameter, examples: ExampleContext): unknown {
  const json = jsonContent(place);
  if (json !== undefined)
    return plainText(givenExample(json.media) ?? exampleOf(json.media.at('schema'), examples));
  return givenExample(place) ?? exampleOf(place.at('schema'), examples, name);
}

function writePath(
  { path }: Operation,
  filled: ReadonlyMap<string, string>,
  values: readonly (readonly [Parameter, unknown])[],
): string {
  return path
    .split(/(\{[^{}]*\})/)
    .map((part) => {
      const name = /^\{(.*)\}$/.exec(part)?.[1];
      if (name === undefined)
        return encodeBraces(encodeURI(part.toWellFormed()).replaceAll('#', '%23').replaceAll('?', '%3F'));
      const saved = filled.get(name);
      if (saved !== undefined) return hole(saved);
      const found = values.find(([parameter]) => parameter.name === name);
      const text = found === undefined ? '1' : textOf(found[1]);
      // A hole stays one; everything else must not end the segment.
      return text.startsWith('{{$')
        ? text
        : encodeURIComponent(text.replaceAll(/\{\{.*?\}\}/g, '1').toWellFormed());
    })
    .join('');
}

function headersOf(
  operation: Operation,
  described: readonly (readonly [Parameter, unknown])[],
  cookies: Pairs,
  contentType: string | undefined,
  credentials: Credentials,
): Pairs {
  const answersJson = schemaOfAnswer(operation) !== undefined;
  const all: Pairs = [
    ...(answersJson ? [['accept', 'application/json'] as const] : []),
    ...described.map(([{ name }, value]) => [name, textOf(value)] as const),
    ...credentials.headers,
    ...(cookies.length === 0
      ? []
      : [['cookie', cookies.map(([name, value]) => `${name}=${value}`).join('; ')] as const]),
    ...(contentType === undefined ? [] : [['content-type', contentType] as const]),
  ];
  const writable = all.filter(
    ([name, value]) =>
      /^[\w!#$%&'*+.^`|~-]+$/.test(name) &&
      !framing.has(name.toLowerCase()) &&
      /^[\t\x20-\xff]+$/.test(value),
  );
  return [...new Map(writable.map(([name, value]) => [name.toLowerCase(), value]))];
}

/** Loadline's own. */
const framing: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'expect',
  'upgrade',
]);

/** Every success that is described; where none is, 200 to 399 will do. */
function statusesOf({ place }: Operation): number[] {
  const statuses = place
    .at('responses')
    .entries()
    .map(([status]) => status);
  return statuses.filter((status) => /^[23]\d\d$/.test(status) && status !== '304').map(Number);
}

/** What an answer must have, of a few properties. */
function existing(operation: Operation): string[] {
  const schema = schemaOfAnswer(operation);
  if (schema === undefined || typeOf(schema) !== 'object') return [];
  const properties = propertiesOf(schema);
  const required = [...requiredOf(schema)].filter((name) => properties.has(name));
  return required.slice(0, 5).map(pointerStep);
}

function summaryOf(operation: Operation): string[] {
  const summary = operation.place.at('summary').text() ?? operation.place.at('operationId').text();
  return summary === undefined || summary.trim() === '' ? [] : [summary.trim().slice(0, 100)];
}
