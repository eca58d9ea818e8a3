import type { Random } from '../../../base/index.ts';
import type { BodyDraft, Pairs, RequestDraft } from '../draft/scenario-draft.ts';
import { encodeBraces, hole, pointerStep, spreadBraces } from '../draft/texts.ts';
import type { ApiPlace } from './api-place.ts';
import { type ExampleContext, exampleOf, givenExample } from './examples.ts';
import { type Stop, schemaOfAnswer } from './journey.ts';
import type { Operation, Parameter } from './operations.ts';
import { jsonContent, propertiesOf, requiredOf, saying, typeOf } from './schemas.ts';
import type { Credentials } from './security.ts';

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

/** What is required, and what could be told of something that is not by an example is left out. */
function isNeeded({ isRequired, in: place, name }: Parameter): boolean {
  return isRequired && !(place === 'header' && /^(?:accept|content-type|authorization)$/i.test(name));
}

function parameterValue({ place, name }: Parameter, examples: ExampleContext): unknown {
  const json = jsonContent(place);
  if (json !== undefined)
    return plainText(givenExample(json.media) ?? exampleOf(json.media.at('schema'), examples));
  const value = givenExample(place) ?? exampleOf(place.at('schema'), examples, name);
  return typeof value === 'string' ? value.replace(' as number}}', '}}') : value;
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
      return text.startsWith('{{$') ? text : encodeURIComponent(text.replaceAll(/\{\{.*?\}\}/g, '1'));
    })
    .join('');
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(',');
  if (typeof value !== 'object' || value === null) return String(value ?? '') || '1';
  return Object.entries(value)
    .map(([key, item]) => `${spreadBraces(key)},${textOf(item)}`)
    .join(',');
}

/** By the styles of OpenAPI: a list repeats its name unless it says otherwise; an object gives each of its own. */
function pairsOf({ name, place }: Parameter, value: unknown): Pairs {
  const isExploded = place.at('explode').value !== false;
  if (Array.isArray(value)) {
    const separator = { spaceDelimited: ' ', pipeDelimited: '|' }[place.at('style').text() ?? ''] ?? ',';
    return isExploded
      ? value.map((item) => [name, textOf(item)])
      : [[name, value.map(textOf).join(separator)]];
  }
  if (typeof value !== 'object' || value === null) return [[name, textOf(value)]];
  const isDeep = place.at('style').text() === 'deepObject';
  if (!isDeep && !isExploded) return [[name, textOf(value)]];
  return Object.entries(value).map(([key, item]) => [isDeep ? `${name}[${key}]` : key, textOf(item)]);
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

interface DraftedBody {
  readonly body: BodyDraft | undefined;
  readonly contentType: string | undefined;
  readonly notes: readonly string[];
}

function bodyOf({ place }: Operation, examples: ExampleContext): DraftedBody {
  const none: DraftedBody = { body: undefined, contentType: undefined, notes: [] };
  const content = place.at('requestBody');
  const json = jsonContent(content);
  const contents = content.at('content').entries();
  if (json !== undefined) {
    const value = givenExample(json.media) ?? exampleOf(json.media.at('schema'), examples);
    return {
      ...none,
      body: { kind: 'json', value },
      contentType: json.type === 'application/json' ? undefined : json.type,
    };
  }
  const of = (type: RegExp): readonly [string, ApiPlace] | undefined =>
    contents.find(([each]) => type.test(each));
  const form = of(/^application\/x-www-form-urlencoded/i);
  if (form !== undefined) {
    const pairs = fieldsOf(form[1], examples);
    return pairs.length === 0 ? none : { ...none, body: { kind: 'form', pairs } };
  }
  const multipart = of(/^multipart\/form-data/i);
  if (multipart !== undefined) return multipartOf(multipart[1], examples);
  const text = of(/^text\/|xml/i);
  if (text !== undefined) {
    const value = givenExample(text[1]);
    const contentType = text[0].includes('*') ? 'text/plain' : text[0];
    return {
      ...none,
      body: { kind: 'text', text: typeof value === 'string' && value !== '' ? value : 'example' },
      contentType,
    };
  }
  const [other] = contents;
  return other === undefined
    ? none
    : { ...none, notes: [`Its body, ${other[0]}, is not written: there is no example that could be.`] };
}

function fieldsOf(media: ApiPlace, examples: ExampleContext): Pairs {
  const value = givenExample(media) ?? exampleOf(media.at('schema'), examples);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => {
    const values = Array.isArray(item) ? item : [item];
    return values.map((each) => [name, plainText(each)] as const);
  });
}

/** In a form or a query, what is no text stands as JSON. */
function plainText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value ?? '').replace(' as number}}', '}}');
  const json = JSON.stringify(value).replace(/"\{\{([^{}]*) as number\}\}"/g, '{{$1}}');
  // Values hold holes and nothing else that looks like one; keys are as they were described.
  return json.replace(/"(?:[^"\\]|\\.)*"(?=:)/g, spreadBraces);
}

function multipartOf(media: ApiPlace, examples: ExampleContext): DraftedBody {
  const schema = media.at('schema');
  const required = requiredOf(schema);
  const files = [...propertiesOf(schema)].filter(
    ([, property]) =>
      saying(property, 'format')?.value === 'binary' ||
      saying(property, 'contentMediaType') !== undefined ||
      (typeOf(property) === 'array' && saying(property, 'items')?.at('format').value === 'binary'),
  );
  const isFile = (name: string): boolean => files.some(([each]) => each === name);
  const fields = [...new Map(fieldsOf(media, examples))].filter(([name]) => !isFile(name));
  const needed = files.filter(([name]) => required.size === 0 || required.has(name));
  return {
    body: {
      kind: 'multipart',
      pairs: fields.length === 0 ? [[files[0]?.[0] ?? 'file', 'in the place of a file']] : fields,
    },
    contentType: undefined,
    notes: needed.map(
      ([name]) =>
        `It sends a file: put one beside this file, and into multipart ${JSON.stringify(name)}: { file: NAME }`,
    ),
  };
}

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
