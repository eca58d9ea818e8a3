import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { isIP } from 'node:net';
import type { LoadlineError } from '../../base/index.ts';
import { profilingError, profilingErrorTable } from '../errors.ts';

/** Where a process is profiled from outside: the door that `observe` opens. */
export interface RemoteDoor {
  /** The service: `http://10.0.0.5:8080`; the door's path is added. */
  readonly url: string;
  /** The control plane's key. */
  readonly key: string;
  /** The one to connect to, where it is known already; the name is not resolved again, so that the key goes nowhere else. */
  readonly address?: string;
}

export interface DoorQuestion {
  readonly method: string;
  /** Behind that of the door: `/running/stop`. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Ends it, until the last byte of the answer. */
  readonly signal: AbortSignal;
}

/**
 * Asks once, and gives the answer where it is a good one, to be read. Redirects are not followed: the key is for one host.
 *
 * @throws LoadlineError PROFILING_UNREACHABLE, PROFILING_REFUSED, or what the other side has refused it with.
 */
export async function askDoor(door: RemoteDoor, question: DoorQuestion): Promise<IncomingMessage> {
  const url = new URL(
    `loadline/profiles${question.path}`,
    door.url.endsWith('/') ? door.url : `${door.url}/`,
  );
  const doing = `${question.method} ${url.href}`;
  const answer = await send(url, door, question).catch((cause: Error) => {
    throw profilingError('PROFILING_UNREACHABLE', `Cannot ${doing}: ${cause.message || String(cause)}.`, {
      cause,
    });
  });
  const { statusCode: status = 0 } = answer;
  if (status >= 200 && status < 300) return answer;
  throw refusal(doing, status, await readJson(answer, refusalBytesMax).catch(() => undefined));
}

/**
 * Reads an answer as JSON, of at most so many bytes.
 *
 * @throws LoadlineError PROFILING_REFUSED where it is none, PROFILING_UNREACHABLE where it breaks off.
 */
export async function readAnswer(answer: IncomingMessage, bytesMax: number): Promise<unknown> {
  try {
    return await readJson(answer, bytesMax);
  } catch (cause) {
    const isWhole = cause instanceof SyntaxError || cause instanceof RangeError;
    const what = cause instanceof SyntaxError ? 'it is no JSON' : (cause as Error).message;
    throw profilingError(
      isWhole ? 'PROFILING_REFUSED' : 'PROFILING_UNREACHABLE',
      `Cannot read what a door for profiles answered: ${what}.`,
      { cause, facts: { status: answer.statusCode } },
    );
  }
}

const refusalBytesMax = 64 * 1024;

function send(url: URL, { key, address }: RemoteDoor, question: DoorQuestion): Promise<IncomingMessage> {
  const { method, body, signal } = question;
  const request = url.protocol === 'https:' ? requestSecure : requestPlain;
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      agent: false,
      signal,
      ...(address === undefined ? {} : { lookup: alwaysTo(address) }),
    });
    asked.once('error', reject);
    asked.once('response', resolve);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

type Lookup = NonNullable<Parameters<typeof requestPlain>[1]['lookup']>;

function alwaysTo(address: string): Lookup {
  const family = isIP(address);
  return (_host, { all }, found) =>
    all === true ? found(null, [{ address, family }]) : found(null, address, family);
}

async function readJson(answer: IncomingMessage, bytesMax: number): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > bytesMax) throw new RangeError('it is too large');
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString());
}

/** The same error as at the other side, where that said which one. */
function refusal(doing: string, status: number, answer: unknown): LoadlineError {
  const { code, detail } = (answer ?? {}) as { readonly code?: unknown; readonly detail?: unknown };
  if (typeof code === 'string' && Object.hasOwn(profilingErrorTable, code)) {
    return profilingError(code as keyof typeof profilingErrorTable, String(detail).slice(0, 1000), {
      facts: { status },
    });
  }
  return profilingError(
    'PROFILING_REFUSED',
    `Cannot ${doing}: the answer is ${status}, and none of a door for profiles.`,
    { facts: { status } },
  );
}
