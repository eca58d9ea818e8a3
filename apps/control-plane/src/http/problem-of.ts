import { closest, ended, isLoadlineError, show } from 'loadline/base';
import { type Mistake, Problem, type ProblemCode } from '../problems/index.ts';

/** Turns whatever was thrown on the way to an answer into a problem. What nobody foresaw says nothing about us. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  // A cursor that nobody gave out.
  if (isLoadlineError(thrown, 'STORE_QUERY_INVALID')) return wrongCursor();
  if (isLoadlineError(thrown)) return temporary.has(thrown.code) ? unavailable() : unforeseen();
  const error = thrown as FrameworkError;
  if (error.validation !== undefined) return invalidRequest(error);
  const known = frameworkProblems[error.code ?? ''];
  if (known !== undefined) return new Problem(...known);
  const status = error.statusCode;
  if (typeof status !== 'number' || status < 400 || status >= 500) return unforeseen();
  return new Problem('CONTROL_PLANE_REQUEST_INVALID', 'The request cannot be read.');
}

/** What Fastify adds to an error. */
interface FrameworkError extends Error {
  readonly code?: string;
  readonly statusCode?: number;
  readonly validation?: readonly Fault[];
  readonly validationContext?: string;
}

/** What Ajv says about one mistake. */
interface Fault {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
  /** What holds the keyword. */
  readonly parentSchema?: {
    readonly properties?: Readonly<Record<string, unknown>>;
    readonly examples?: readonly unknown[];
  };
  /** What was found there. */
  readonly data?: unknown;
}

/** The database is away, overloaded or slow: that passes by itself. */
const temporary: ReadonlySet<string> = new Set([
  'POSTGRES_UNREACHABLE',
  'POSTGRES_REFUSED',
  'POSTGRES_POOL_EXHAUSTED',
  'POSTGRES_STATEMENT_TIMEOUT',
  'POSTGRES_LOCK_TIMEOUT',
  'POSTGRES_CONFLICT',
  'POSTGRES_CONNECTION_LOST',
  'POSTGRES_CLOSED',
]);

const frameworkProblems: Readonly<Record<string, readonly [code: ProblemCode, detail: string]>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: ['CONTROL_PLANE_BODY_MALFORMED', 'The body is not valid JSON.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: [
    'CONTROL_PLANE_BODY_MALFORMED',
    'The body is empty, though it says it is JSON.',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'CONTROL_PLANE_BODY_MALFORMED',
    'The body is not as long as `Content-Length` says.',
  ],
  FST_ERR_CTP_BODY_TOO_LARGE: ['CONTROL_PLANE_BODY_TOO_LARGE', 'The body is larger than 1 MiB.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['CONTROL_PLANE_MEDIA_TYPE_UNKNOWN', 'Send the body as application/json.'],
  FST_ERR_BAD_URL: ['CONTROL_PLANE_REQUEST_INVALID', 'The path is not validly percent-encoded.'],
  FST_ERR_MAX_PARAM_LENGTH: ['CONTROL_PLANE_NOT_FOUND', 'There is nothing at this address.'],
};

function invalidRequest({ validation = [], validationContext = '' }: FrameworkError): Problem {
  const place = places[validationContext] ?? 'body';
  const errors = validation
    .filter(({ keyword }) => keyword !== 'if')
    .map((fault): Mistake => ({ in: place, pointer: pointerOf(fault), detail: detailOf(fault) }));
  const named = errors.slice(0, 3).map(({ pointer, detail }) => `${pointer || `the ${place}`} ${detail}`);
  const rest = errors.length - named.length;
  const detail = ended(`${named.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`);
  return new Problem('CONTROL_PLANE_REQUEST_INVALID', detail, { errors });
}

const places: Readonly<Record<string, Mistake['in']>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'header',
};

/** A field that is missing, or one too many, is itself the place, not the object around it. */
function pointerOf({ instancePath, params }: Fault): string {
  const child = params.missingProperty ?? params.additionalProperty;
  if (typeof child !== 'string') return instancePath;
  const name = child.length > 100 ? `${child.slice(0, 99)}…` : child;
  return `${instancePath}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

const typeDetails: Readonly<Record<string, string>> = {
  string: 'must be a string, in quotes',
  number: 'must be a number',
  integer: 'must be a whole number',
  boolean: 'must be true or false',
  object: 'must be an object',
  array: 'must be a list',
};

function detailOf({ keyword, message, params, parentSchema, data }: Fault): string {
  switch (keyword) {
    case 'required':
      return 'is missing';
    case 'additionalProperties':
      return notKnown(String(params.additionalProperty), Object.keys(parentSchema?.properties ?? {}));
    case 'format':
      return 'must be a time with its zone, like 2026-11-21T18:00:00Z';
    case 'pattern':
      return notLike(parentSchema?.examples);
    case 'type':
      return typeDetails[String(params.type)] ?? message ?? 'is wrong';
    case 'enum':
      return notAmong(data, params.allowedValues as readonly unknown[]);
    default:
      return message ?? 'is wrong';
  }
}

function notLike(examples: readonly unknown[] = []): string {
  return examples.length === 0
    ? 'holds characters that are not allowed there'
    : `must be written like ${examples[0]}`;
}

function notAmong(found: unknown, allowed: readonly unknown[]): string {
  const meant = typeof found === 'string' ? closest(found, allowed.map(String)) : undefined;
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  return `must be one of ${allowed.join(', ')}, got ${show(found)}${hint}`;
}

function notKnown(name: string, known: readonly string[]): string {
  const meant = closest(name, known);
  return `is not known here${meant === undefined ? '' : `; did you mean ${meant}?`}`;
}

function wrongCursor(): Problem {
  const errors: readonly Mistake[] = [
    { in: 'query', pointer: '/cursor', detail: 'is none that was given out' },
  ];
  return new Problem('CONTROL_PLANE_REQUEST_INVALID', '/cursor is none that was given out.', { errors });
}

function unavailable(): Problem {
  return new Problem(
    'CONTROL_PLANE_UNAVAILABLE',
    'This cannot be done at the moment. Ask again in a second.',
    {
      headers: { 'retry-after': '1' },
    },
  );
}

function unforeseen(): Problem {
  return new Problem(
    'CONTROL_PLANE_UNFORESEEN',
    'Something went wrong here. It was noted under the id of the request.',
  );
}
