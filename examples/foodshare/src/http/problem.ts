import { STATUS_CODES } from 'node:http';

/** One field that is wrong, and how. */
export interface FieldProblem {
  readonly in: 'body' | 'query' | 'path' | 'header';
  /** JSON pointer as a URI fragment, `#/pickup_time`. */
  readonly pointer: string;
  readonly detail: string;
}

export interface ProblemOptions {
  /** Every wrong field, not only the first. */
  readonly errors?: readonly FieldProblem[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** A problem document of RFC 9457, as it goes out. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance?: string;
  readonly errors?: readonly FieldProblem[];
}

export const problemContentType = 'application/problem+json; charset=utf-8';

/**
 * An answer that isn't the wished one, thrown from wherever it is found out. `kind` is what programs go by,
 * `already-claimed`; the detail is for people and says what to do.
 */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly kind: string;
  readonly errors: readonly FieldProblem[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, kind: string, detail: string, options: ProblemOptions = {}) {
    super(detail);
    this.status = status;
    this.kind = kind;
    this.errors = options.errors;
    this.headers = options.headers ?? {};
  }

  /** @param instance the path of the request, without its query. */
  toDocument(instance?: string): ProblemDocument {
    return {
      type: `urn:foodshare:problem:${this.kind}`,
      title: STATUS_CODES[this.status] ?? 'Problem',
      status: this.status,
      detail: this.message,
      ...(instance === undefined ? {} : { instance }),
      ...(this.errors === undefined ? {} : { errors: this.errors }),
    };
  }
}

/** Several fields, or one, that passed the schema and still can't be. */
export function invalid(...errors: readonly FieldProblem[]): Problem {
  const detail = errors.map(({ pointer, detail: said }) => `${pointer.slice(2)} ${said}`).join('; ');
  return new Problem(400, 'invalid-request', `${detail}.`, { errors });
}

export function notFound(what: string): Problem {
  return new Problem(404, 'not-found', `There is no ${what}.`);
}

export function forbidden(detail: string): Problem {
  return new Problem(403, 'forbidden', detail);
}

export function conflict(kind: string, detail: string): Problem {
  return new Problem(409, kind, detail);
}
