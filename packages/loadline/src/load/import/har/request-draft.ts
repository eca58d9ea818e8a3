import { isUuid, looksSecret } from '../draft/looks.ts';
import { type AuthDraft, type RequestDraft, type Verb, verbOf } from '../draft/scenario-draft.ts';
import type { Secrets } from '../draft/secrets.ts';
import { encodeBraces, hasBraces, hole, spreadBraces } from '../draft/texts.ts';
import { asItIsNotes, bracesNote, encodePairs, fillPairs, writeBody } from './bodies.ts';
import type { Correlation, Step } from './correlation.ts';
import { type Fillings, fillingsOf } from './fillings.ts';
import { readAuthorization } from './note-secrets.ts';
import type { Visit } from './redirects.ts';
import { decodeSegment, type RecordedRequest } from './request.ts';

/** A recorded request as a step. */
export function requestDraft(
  { visit, request }: Step,
  at: number,
  correlation: Correlation,
  secrets: Secrets,
): RequestDraft {
  const fillings = fillingsOf(at, correlation, secrets);
  const path = writePath(request, at, correlation, secrets);
  const query = writeQuery(request, visit, fillings, secrets);
  const body = writeBody(request.body, fillings, secrets);
  const auth =
    request.authorization === undefined
      ? undefined
      : writeAuthorization(request.authorization, fillings, secrets);
  const notes = [...answerNotes(visit), ...asItIsNotes(query.search), ...body.notes];
  const headers = request.headers.map(([name, value]) => {
    if (/^(?:idempotency-key|x-idempotency-key|x-request-id|x-correlation-id)$/.test(name) && isUuid(value))
      return [name, hole('$uuid')] as const;
    if (hasBraces(value)) notes.push(bracesNote);
    return [name, fillings.value(name, spreadBraces(value))] as const;
  });
  const isTold = headers.some(([name]) => name === 'content-type') || body.contentType === undefined;
  const operation = operationOf(request);
  const name = `${visit.method} ${path.name}${operation === undefined ? '' : ` ${operation}`}`;
  return {
    kind: 'request',
    verb: verbOf(visit.method) as Verb,
    path: `${path.path}${query.search}`,
    name: name === `${visit.method} ${path.path}` ? undefined : secrets.mask(name),
    query: query.query,
    headers: [
      ...headers,
      ...(isTold ? [] : [['content-type', body.contentType as string] as const]),
      ...(typeof auth === 'string' ? [['authorization', auth] as const] : []),
    ],
    auth: typeof auth === 'string' ? undefined : auth,
    body: body.body,
    ...expectation(visit),
    exists: [],
    saves: correlation.savesOf(at),
    notes,
  };
}

interface WrittenPath {
  readonly path: string;
  /** With `{id}` in the place of each id, so that requests of one kind share a row of the report. */
  readonly name: string;
}

function writePath(
  { segments }: RecordedRequest,
  at: number,
  correlation: Correlation,
  secrets: Secrets,
): WrittenPath {
  const written = segments.map((segment, index) => {
    const value = decodeSegment(segment);
    const saved = isPathSafe.test(value)
      ? (correlation.nameOf(value, at) ?? correlation.nameOfPath(segments.slice(0, index + 1).join('/'), at))
      : undefined;
    if (saved !== undefined) return { text: hole(saved), name: `{${saved}}` };
    const secret = looksSecret(value) ? secrets.holeFor(value) : undefined;
    if (secret !== undefined) return { text: secret, name: '{secret}' };
    const text = secrets.conceal(encodeBraces(segment));
    return { text, name: looksLikeId(value) ? '{id}' : text };
  });
  const join = (key: 'text' | 'name'): string => written.map((each) => each[key]).join('/') || '/';
  return { path: join('text'), name: join('name') };
}

/** What stands in a path as it is. */
const isPathSafe = /^[\w.~@:!$*,;=+-]+$/;

function looksLikeId(segment: string): boolean {
  return (
    /^\d+$/.test(segment) ||
    isUuid(segment) ||
    (segment.length >= 16 && /\d/.test(segment) && /^[\w-]+$/.test(segment) && !segment.includes('-'))
  );
}

/** As it was sent; where something is filled in, by names, so that it is percent-encoded then. */
function writeQuery(
  { query }: RecordedRequest,
  { url }: Visit,
  fillings: Fillings,
  secrets: Secrets,
): { readonly search: string; readonly query: RequestDraft['query'] } {
  const filled = fillPairs(query, fillings);
  const isFilled =
    filled.some(([, value], index) => value !== query[index]?.[1]) ||
    query.some(([name]) => secrets.isIn(name));
  if (!isFilled) return { search: encodeBraces(secrets.conceal(url.search)), query: [] };
  if (query.some(([name, value]) => hasBraces(value) || secrets.isIn(name)))
    return { search: `?${encodePairs(query, fillings)}`, query: [] };
  return { search: '', query: filled };
}

function writeAuthorization(value: string, fillings: Fillings, secrets: Secrets): AuthDraft | string {
  const { token, basic } = readAuthorization(value);
  if (token !== undefined) return { bearer: fillings.value('token', token) };
  if (basic !== undefined)
    return {
      basic: {
        user: fillings.value('user', basic.user),
        password: fillings.value('password', basic.password),
      },
    };
  return secrets.holeFor(value) as string;
}

/** Of GraphQL: all of its requests go to one path. */
function operationOf({ body }: RecordedRequest): string | undefined {
  const value = body?.kind === 'json' ? (body.value as { operationName?: unknown } | null) : undefined;
  const name = value?.operationName;
  return typeof name === 'string' && /^\w{1,80}$/.test(name) ? name : undefined;
}

function expectation({ answer, answers, endsInRedirect }: Visit): Pick<RequestDraft, 'expect' | 'redirects'> {
  const { status } = answer;
  const redirects = endsInRedirect && answers.length > 1 ? answers.length - 1 : undefined;
  const tellsNothing =
    status === undefined || status === 304 || status === 429 || status >= 500 || status < 200;
  return { expect: tellsNothing ? [] : [status], redirects };
}

function answerNotes({ answer: { status }, endsInRedirect }: Visit): string[] {
  if (status === 429 || (status ?? 0) >= 500) return [`It was answered with ${status} when it was recorded.`];
  return endsInRedirect ? ['It leads to what is not imported, and is not followed.'] : [];
}
