import { isTargetByte, isTokenByte, quote, space } from './characters.ts';
import { type Fields, readFields, tooManyFields } from './fields.ts';
import { valuesOf } from './lines.ts';

/** A request as it is handed on: what can be understood in one way only. */
export interface RequestHead {
  readonly method: string;
  /** A path with its query, or `*`; what came as a whole address is brought to it. */
  readonly target: string;
  /** The Host to hand on; undefined where an HTTP/1.0 request had none. */
  readonly host: string | undefined;
  readonly isHttp11: boolean;
  readonly fields: Fields;
  readonly body: Framing;
  /** Whether the client's connection may carry another request. */
  readonly keepsAlive: boolean;
  /** Whether it asks for a WebSocket. Other protocols are not handed on: they would get around what a proxy checks. */
  readonly isUpgrade: boolean;
  readonly expectsContinue: boolean;
}

/** How long a body is: so many bytes, or as its chunks say, or until the connection ends. */
export type Framing = number | 'chunked' | 'until close';

/** Why a request is not handed on, and with which status it is answered. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
}

export interface HeadLimits {
  readonly headBytesMax: number;
  readonly fieldsMax: number;
}

export type ReadRequest =
  | { readonly kind: 'head'; readonly head: RequestHead; readonly end: number }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/**
 * Reads the head of a request from the start of `text`, in which each byte is a character. Stricter than RFC 9112
 * allows one to be: what it lets a recipient repair is refused, because the next one might repair it otherwise.
 */
export function readRequestHead(text: string, limits: HeadLimits): ReadRequest {
  const methodTo = endOfToken(text, 0);
  if (methodTo === text.length) return tooLongOr(text, limits, incomplete);
  if (methodTo === 0 || methodTo > methodLengthMax || text.charCodeAt(methodTo) !== space)
    return refuse(400, `no HTTP request: ${quote(text)}`);
  let targetTo = methodTo + 1;
  while (isTargetByte[text.charCodeAt(targetTo)] === 1) targetTo++;
  const lineTo = targetTo + versionLength;
  if (lineTo > text.length) return tooLongOr(text, limits, incomplete);
  const version = text.slice(targetTo, lineTo);
  const isHttp11 = version === ' HTTP/1.1\r\n';
  if (!isHttp11 && version !== ' HTTP/1.0\r\n') return wrongVersion(version);
  const fields = readFields(text, lineTo, limits.fieldsMax);
  if (fields.problem !== undefined)
    return refuse(fields.problem === tooManyFields ? 431 : 400, fields.problem);
  if (fields.end < 0) return tooLongOr(text, limits, incomplete);
  if (fields.end > limits.headBytesMax) return tooLong(limits);
  return judge(text.slice(0, methodTo), text.slice(methodTo + 1, targetTo), isHttp11, fields);
}

export const incomplete: ReadRequest = { kind: 'incomplete' };
const methodLengthMax = 32;
const versionLength = ' HTTP/1.1\r\n'.length;

function endOfToken(text: string, from: number): number {
  let at = from;
  while (isTokenByte[text.charCodeAt(at)] === 1) at++;
  return at;
}

function judge(method: string, written: string, isHttp11: boolean, fields: Fields): ReadRequest {
  const address = readTarget(method, written, fields);
  if ('status' in address) return { kind: 'refused', refusal: address };
  if (isHttp11 && fields.host === undefined) return refuse(400, 'no Host');
  if (fields.host !== undefined && !hostPattern.test(fields.host))
    return refuse(400, `a Host of ${quote(fields.host)}`);
  if (fields.isChunked && fields.contentLength >= 0)
    return refuse(400, 'a Content-Length beside a Transfer-Encoding');
  if (fields.isChunked && !isHttp11) return refuse(400, 'a Transfer-Encoding in HTTP/1.0');
  if (fields.expect !== undefined && !isKnown(fields.expect))
    return refuse(417, `an Expect of ${quote(fields.expect)}`);
  if (hasHops(method)) {
    const [hops] = valuesOf(fields.lines, 'max-forwards');
    if (hops !== undefined && /^0+$/.test(hops))
      return refuse(501, `Max-Forwards ends ${method} here, where nothing is told of the proxy itself`);
    fields.lines = withOneHopLess(fields.lines);
  }
  const body = fields.isChunked ? 'chunked' : Math.max(0, fields.contentLength);
  const head: RequestHead = {
    method,
    target: address.target,
    host: address.host ?? fields.host,
    isHttp11,
    fields,
    body,
    keepsAlive: !fields.closes && (isHttp11 || fields.keepsAlive),
    isUpgrade: isHttp11 && body === 0 && fields.upgrade?.toLowerCase() === 'websocket',
    expectsContinue: isHttp11 && body !== 0 && fields.expect !== undefined,
  };
  return { kind: 'head', head, end: fields.end };
}

/** Whose way may be counted, to find out by whom they are carried (RFC 9110, section 7.6.2). */
function hasHops(method: string): boolean {
  return method === 'OPTIONS' || method === 'TRACE';
}

function withOneHopLess(lines: string): string {
  return lines.replace(
    /^(max-forwards:[ \t]*)(\d{1,9})(?=[ \t]*\r$)/gim,
    (_, name, hops) => `${name}${Number(hops) - 1}`,
  );
}

/** RFC 9110, section 10.1.1: a list, of which whoever does not know one member may refuse all. */
function isKnown(expect: string): boolean {
  return expect.split(',').every((member) => member.trim() === '100-continue');
}

/** RFC 9112, section 3.2: a path; a whole address, whose host counts instead of Host; or `*` with OPTIONS. */
function readTarget(
  method: string,
  written: string,
  fields: Fields,
): { readonly target: string; readonly host: string | undefined } | Refusal {
  if (method === 'CONNECT') return { status: 501, reason: 'CONNECT: this proxy opens no tunnels' };
  if (written.includes('#')) return { status: 400, reason: `a target of ${quote(written)}` };
  if (written.startsWith('/')) return { target: written, host: undefined };
  if (written === '*' && method === 'OPTIONS') return { target: '*', host: undefined };
  const absolute = /^https?:\/\/([^/?]+)(.*)$/i.exec(written);
  if (absolute === null || !hostPattern.test(absolute[1] as string) || fields.problem !== undefined)
    return { status: 400, reason: `a target of ${quote(written)}` };
  const path = absolute[2] as string;
  // Of the server as a whole, and not of its root (RFC 9112, section 3.2.4).
  if (method === 'OPTIONS' && path === '') return { target: '*', host: absolute[1] };
  return { target: path.startsWith('/') ? path : `/${path}`, host: absolute[1] };
}

/** A name, or an address, with or without a port. Names of users have no place in it. */
const hostPattern = /^(?:\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._~!$&'()*+,;=%-]{1,255})(?::\d{0,5})?$/;

function wrongVersion(version: string): ReadRequest {
  if (/^ HTTP\/[2-9]/.test(version)) return refuse(505, `a version of ${quote(version.trim())}`);
  return refuse(400, `a request line that ends in ${quote(version)}`);
}

/** What has no end by now is too long, or it has an end that is none: a bare LF would be waited for in vain. */
function tooLongOr(text: string, limits: HeadLimits, otherwise: ReadRequest): ReadRequest {
  if (text.length > limits.headBytesMax) return tooLong(limits);
  return otherwise;
}

function tooLong({ headBytesMax }: HeadLimits): ReadRequest {
  return refuse(431, `a head of over ${headBytesMax} bytes`);
}

function refuse(status: number, reason: string): ReadRequest {
  return { kind: 'refused', refusal: { status, reason } };
}
