import { isLoadlineError } from 'loadline/base';
import { type FieldProblem, Problem } from './problem.ts';

/**
 * Turns whatever was thrown on the way to an answer into a problem. What nobody foresaw is a 500 that says
 * nothing about us; the caller logs it.
 */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (isLoadlineError(thrown, 'POSTGRES_DEADLINE'))
    return new Problem(504, 'overdue', 'The time that the request had is over.');
  if (isLoadlineError(thrown)) return temporary.has(thrown.code) ? unavailable() : unforeseen();
  const error = thrown as FrameworkError;
  if (error.validation !== undefined) return invalidRequest(error);
  const known = error.code === undefined ? undefined : frameworkProblems[error.code];
  if (known !== undefined) return new Problem(...known);
  const isClients = typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500;
  return isClients ? new Problem(error.statusCode as number, 'bad-request', error.message) : unforeseen();
}

/** What Fastify adds to an error. */
interface FrameworkError extends Error {
  readonly code?: string;
  readonly statusCode?: number;
  readonly validation?: readonly ValidationFault[];
  readonly validationContext?: string;
}

/** What Ajv says about one fault. */
interface ValidationFault {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Record<string, unknown>;
  readonly message?: string;
}

/** The database is away, overloaded or slow. All of these pass by themselves, so the client may come again. */
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

const frameworkProblems: Readonly<Record<string, readonly [status: number, kind: string, detail: string]>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'malformed-json', 'The body is not valid JSON.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: [
    400,
    'malformed-json',
    'The body is empty, though its type is application/json.',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'bad-request', 'The body is not as long as Content-Length says.'],
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'body-too-large', 'The body is larger than 64 KiB.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'unsupported-media-type', 'Send the body as application/json.'],
  FST_ERR_BAD_URL: [400, 'bad-request', 'The path is not validly percent-encoded.'],
  FST_ERR_MAX_PARAM_LENGTH: [404, 'not-found', 'There is nothing at this address.'],
};

function invalidRequest({ validation = [], validationContext }: FrameworkError): Problem {
  const place = places[validationContext ?? ''] ?? 'body';
  const errors = validation
    .map((fault) => ({ in: place, pointer: pointerOf(fault), detail: detailOf(fault) }))
    // A field that two others need is missing once.
    .filter(({ pointer, detail }, index, all) => {
      const first = all.findIndex((other) => other.pointer === pointer);
      return first === index || !detail.startsWith(missing);
    });
  const named = errors.map(({ pointer, detail }) => `${pointer.slice(2) || `the ${place}`} ${detail}`);
  return new Problem(400, 'invalid-request', `${named.join('; ')}.`, { errors });
}

const places: Readonly<Record<string, FieldProblem['in']>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'header',
};

/** A field that is missing or too many is itself the place, not the object around it. */
function pointerOf({ instancePath, params }: ValidationFault): string {
  const child = params.missingProperty ?? params.additionalProperty;
  return `#${instancePath}${typeof child === 'string' ? `/${child}` : ''}`;
}

const missing = 'is missing';

function detailOf({ keyword, message, params }: ValidationFault): string {
  if (keyword === 'required') return missing;
  if (keyword === 'dependencies') return `${missing}, which ${String(params.property)} needs`;
  if (keyword === 'additionalProperties') return 'is not known here';
  if (keyword === 'format') return `must be ${formatWords[String(params.format)] ?? String(params.format)}`;
  if (keyword === 'pattern') return 'holds characters that are not allowed';
  if (keyword === 'enum') return `must be one of ${(params.allowedValues as unknown[]).join(', ')}`;
  return message ?? 'is wrong';
}

const formatWords: Readonly<Record<string, string>> = {
  uuid: 'a UUID',
  'date-time': 'a time with its zone, like 2026-11-21T18:00:00Z',
};

function unavailable(): Problem {
  return new Problem(503, 'unavailable', 'The service cannot do this at the moment. Try again in a second.', {
    headers: { 'retry-after': '1' },
  });
}

function unforeseen(): Problem {
  return new Problem(500, 'unforeseen', 'Something went wrong here. It was noted.');
}
