import { quote } from './characters.ts';
import { type Fields, readFields } from './fields.ts';
import type { Framing, HeadLimits } from './request-head.ts';

/** The head of an answer that can be understood in one way only. */
export interface ResponseHead {
  readonly status: number;
  /** The words behind the status, of visible characters. */
  readonly reason: string;
  readonly fields: Fields;
  readonly body: Framing;
  /** Whether the upstream's connection may carry another request. */
  readonly keepsAlive: boolean;
}

export type ReadResponse =
  | { readonly kind: 'head'; readonly head: ResponseHead; readonly end: number }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed'; readonly problem: string };

/** Reads the head of an answer from the start of `text`, in which each byte is a character. @param method of the request. */
export function readResponseHead(text: string, method: string, limits: HeadLimits): ReadResponse {
  const lineTo = text.indexOf('\r\n');
  // One that ends its lines in another way would be waited for in vain.
  if (lineTo < 0 && text.includes('\n')) return noHttp(text);
  if (lineTo < 0) return tooLongOr(text, limits, maybeHttp.test(text) ? incomplete : noHttp(text));
  const line = statusLine.exec(text.slice(0, lineTo));
  if (line === null) return noHttp(text);
  const fields = readFields(text, lineTo + 2, limits.fieldsMax);
  if (fields.problem !== undefined) return malformed(fields.problem);
  if (fields.end < 0) return tooLongOr(text, limits, incomplete);
  if (fields.end > limits.headBytesMax) return tooLong(limits);
  const status = Number(line[2]);
  if (fields.isChunked && fields.contentLength >= 0)
    return malformed('a Content-Length beside a Transfer-Encoding');
  const isHttp11 = line[1] === '1';
  if (fields.isChunked && !isHttp11) return malformed('a Transfer-Encoding in HTTP/1.0');
  const body = framingOf(method, status, fields);
  return {
    kind: 'head',
    end: fields.end,
    head: {
      status,
      reason: line[3] ?? '',
      fields,
      body,
      keepsAlive: body !== 'until close' && !fields.closes && (isHttp11 || fields.keepsAlive),
    },
  };
}

/** Whether an answer has a body, whatever its lines say (RFC 9112, section 6.3). */
function hasNoBody(method: string, status: number): boolean {
  return method === 'HEAD' || status < 200 || status === 204 || status === 304;
}

function framingOf(method: string, status: number, fields: Fields): Framing {
  if (hasNoBody(method, status)) return 0;
  if (fields.isChunked) return 'chunked';
  return fields.contentLength < 0 ? 'until close' : fields.contentLength;
}

const incomplete: ReadResponse = { kind: 'incomplete' };
const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const maybeHttp = /^(?:H(?:T(?:T(?:P(?:\/.*)?)?)?)?)?$/s;

function noHttp(text: string): ReadResponse {
  return malformed(`no HTTP response: ${quote(text)}`);
}

function tooLongOr(text: string, limits: HeadLimits, otherwise: ReadResponse): ReadResponse {
  return text.length > limits.headBytesMax ? tooLong(limits) : otherwise;
}

function tooLong({ headBytesMax }: HeadLimits): ReadResponse {
  return malformed(`a head of over ${headBytesMax} bytes`);
}

function malformed(problem: string): ReadResponse {
  return { kind: 'malformed', problem };
}
