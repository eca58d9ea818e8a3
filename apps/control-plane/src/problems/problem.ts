import { STATUS_CODES } from 'node:http';
import { ended, nameHint, show } from 'loadline/base';
import type { ProblemCode } from './errors.ts';

/** One mistake of a request, and where it is. */
export interface Mistake {
  readonly in: 'body' | 'query' | 'path' | 'header';
  /** A JSON pointer. */
  readonly pointer: string;
  readonly detail: string;
}

export interface ProblemOptions {
  readonly errors?: readonly Mistake[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal on its way to whoever asked. What it says is all that they learn. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly status: number;
  readonly errors: readonly Mistake[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail);
    this.code = code;
    this.status = statuses[code];
    this.errors = options.errors;
    this.headers = options.headers ?? {};
  }

  /** As RFC 9457 has it. */
  toDocument(requestId: string): Readonly<Record<string, unknown>> {
    return {
      type: `urn:loadline:problem:${this.code}`,
      title: STATUS_CODES[this.status],
      status: this.status,
      code: this.code,
      detail: this.message,
      requestId,
      ...(this.errors === undefined ? {} : { errors: this.errors.slice(0, mistakesMax) }),
    };
  }
}

/** Who has this many to correct need not be told of more at once. */
const mistakesMax = 100;

export const problemContentType = 'application/problem+json';

const statuses: Readonly<Record<ProblemCode, number>> = {
  CONTROL_PLANE_REQUEST_INVALID: 400,
  CONTROL_PLANE_BODY_MALFORMED: 400,
  CONTROL_PLANE_MEDIA_TYPE_UNKNOWN: 415,
  CONTROL_PLANE_BODY_TOO_LARGE: 413,
  CONTROL_PLANE_TOO_SLOW: 408,
  CONTROL_PLANE_UNAUTHENTICATED: 401,
  CONTROL_PLANE_FORBIDDEN: 403,
  CONTROL_PLANE_CSRF: 403,
  CONTROL_PLANE_NOT_FOUND: 404,
  CONTROL_PLANE_METHOD_NOT_ALLOWED: 405,
  CONTROL_PLANE_STATE_CONFLICT: 409,
  CONTROL_PLANE_IDEMPOTENCY_REUSED: 422,
  CONTROL_PLANE_TOO_MANY: 429,
  CONTROL_PLANE_TARGET_REFUSED: 422,
  CONTROL_PLANE_PRODUCTION: 422,
  CONTROL_PLANE_SCENARIO_INVALID: 422,
  CONTROL_PLANE_UNAVAILABLE: 503,
  CONTROL_PLANE_UNFORESEEN: 500,
  CONTROL_PLANE_START_REFUSED: 500,
};

/** Nothing is known under this id. */
export function unknownThing(what: string): Problem {
  return new Problem('CONTROL_PLANE_NOT_FOUND', `There is no such ${what}.`);
}

/** Nothing of this kind has this name; what was probably meant is told, or which there are. */
export function unknownName(what: string, name: string, known: readonly string[]): Problem {
  const said = `There is no ${what} ${show(name)}; ${nameHint(name, known)}`;
  return new Problem('CONTROL_PLANE_NOT_FOUND', ended(said));
}

/** A change that could not be written down was not made. */
export function notRemembered(): Problem {
  return new Problem('CONTROL_PLANE_UNAVAILABLE', 'It could not be remembered, so that it was not done.', {
    headers: { 'retry-after': '1' },
  });
}

/** A limit of how many is reached. */
export function tooMany(detail: string, retryAfterS: number): Problem {
  return new Problem('CONTROL_PLANE_TOO_MANY', detail, { headers: { 'retry-after': String(retryAfterS) } });
}

/** One mistake of a body that no schema can say. */
export function wrongInBody(pointer: string, detail: string): Problem {
  return new Problem('CONTROL_PLANE_REQUEST_INVALID', ended(`${pointer} ${detail}`), {
    errors: [{ in: 'body', pointer, detail }],
  });
}
