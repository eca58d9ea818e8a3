import { isLoadlineError, type Problem } from '../../base/index.ts';
import type { Door, DoorAnswer, DoorRequest } from '../../traffic/index.ts';

/** What a door itself may have against a request; a room behind it has codes of its own. */
export type DoorCode = 'OBSERVE_REFUSED' | 'OBSERVE_INPUT_INVALID' | 'OBSERVE_TOO_BUSY' | 'OBSERVE_FAILED';

/** The same door, that never rejects: a promise that nobody takes would end the service. */
export function answering(door: Door): Door {
  return (request) => door(request).catch((error: unknown) => failureAnswer(error, {}));
}

/** An answer that holds JSON. */
export function jsonAnswer(status: number, body: unknown): DoorAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...neverKept },
    body: JSON.stringify(body),
  };
}

/** A problem by RFC 9457, with our code and every mistake that was found. */
export function problemAnswer(
  status: number,
  code: DoorCode | `PROFILING_${string}`,
  detail: string,
  more: { readonly problems?: readonly Problem[]; readonly headers?: Readonly<Record<string, string>> } = {},
): DoorAnswer {
  const problems = more.problems === undefined ? {} : { problems: more.problems };
  return {
    status,
    headers: { 'content-type': 'application/problem+json', ...neverKept, ...more.headers },
    body: JSON.stringify({ title: titles[status] ?? 'Problem', status, code, detail, ...problems }),
  };
}

/** What is told here is of this moment, and not for every cache on the way. */
const neverKept = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
};

/** Refuses every method but some. */
export function methodRefusal(request: DoorRequest, allowed: readonly string[]): DoorAnswer | undefined {
  if (allowed.includes(request.method)) return undefined;
  const allow = allowed.join(', ');
  return problemAnswer(405, 'OBSERVE_REFUSED', `${request.path} takes ${allow}, got ${request.method}.`, {
    headers: { allow },
  });
}

/** The body as JSON, or the answer to one that is none. An empty body is an empty object. */
export async function readJson(
  request: DoorRequest,
  bytesMax: number,
): Promise<{ readonly input: unknown } | { readonly refusal: DoorAnswer }> {
  let body: Uint8Array | undefined;
  try {
    body = await request.body(bytesMax);
  } catch {
    // Nobody is there any more to read this; it is for whoever counts refusals.
    return { refusal: problemAnswer(400, 'OBSERVE_INPUT_INVALID', 'The body did not come to its end.') };
  }
  if (body === undefined) {
    const detail = `The body is larger than ${bytesMax} bytes.`;
    return { refusal: problemAnswer(413, 'OBSERVE_INPUT_INVALID', detail) };
  }
  if (body.length === 0) return { input: {} };
  try {
    return { input: JSON.parse(Buffer.from(body).toString()) };
  } catch {
    return { refusal: problemAnswer(400, 'OBSERVE_INPUT_INVALID', 'The body is not JSON.') };
  }
}

/** An expected failure as an answer; what is a mistake of ours tells nothing of itself. */
export function failureAnswer(error: unknown, statuses: Readonly<Record<string, number>>): DoorAnswer {
  if (!isLoadlineError(error)) return problemAnswer(500, 'OBSERVE_FAILED', 'The door has failed.');
  const problems = error.facts.problems as readonly Problem[] | undefined;
  const more = problems === undefined ? {} : { problems };
  return problemAnswer(statuses[error.code] ?? 500, error.code as `PROFILING_${string}`, error.message, more);
}
