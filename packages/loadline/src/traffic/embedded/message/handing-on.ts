import type { Clock } from '../../../base/index.ts';
import { deadlineHeader, writeDeadlineHeader } from '../../../resilience/index.ts';
import type { Fields } from './fields.ts';
import type { RequestHead } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';

/** Who asks, as told to the upstream. */
export interface ClientFacts {
  readonly address: string;
  /** Whether what the client says of those before it is believed: only where a proxy of ours is before this one. */
  readonly trustsForwarded: boolean;
  /** How long it still waits, in milliseconds; Infinity where it has not said, and nobody for it. */
  readonly remainingMs: number;
}

/** The head of a request as it goes to an upstream. @param instead the Host of one who gave none. */
export function requestHeadFor(head: RequestHead, client: ClientFacts, instead: string): string {
  const { fields, body } = head;
  const host = head.host ?? instead;
  return (
    `${head.method} ${head.target} HTTP/1.1\r\nhost: ${host}\r\n${fields.lines}` +
    (body === 'chunked' ? 'transfer-encoding: chunked\r\n' : lengthLine(head)) +
    (head.isUpgrade ? 'connection: upgrade\r\nupgrade: websocket\r\n' : '') +
    (head.expectsContinue ? 'expect: 100-continue\r\n' : '') +
    forwardedLines(fields, host, client) +
    timeLine(client.remainingMs) +
    `via: ${fields.via === undefined ? '' : `${fields.via}, `}${head.isHttp11 ? '1.1' : '1.0'} loadline\r\n\r\n`
  );
}

/** Where there is a length, however it was spelled, it is told as a number. */
function lengthLine({ fields }: RequestHead): string {
  return fields.contentLength < 0 ? '' : `content-length: ${fields.contentLength}\r\n`;
}

/** RFC 7239, and the lines that came before it and that most frameworks read. */
function forwardedLines(fields: Fields, host: string, client: ClientFacts): string {
  const { address } = client;
  const own = `for=${nodeName(address)};host="${host.replaceAll('"', '')}";proto=http`;
  if (!client.trustsForwarded) {
    return (
      `x-forwarded-for: ${address}\r\nx-forwarded-host: ${host}\r\nx-forwarded-proto: http\r\n` +
      `forwarded: ${own}\r\n`
    );
  }
  return (
    `x-forwarded-for: ${before(fields.forwardedFor)}${address}\r\n` +
    `x-forwarded-host: ${fields.forwardedHost ?? host}\r\nx-forwarded-proto: ${fields.forwardedProto ?? 'http'}\r\n` +
    `forwarded: ${before(fields.forwarded)}${own}\r\n`
  );
}

/** How much is left now, and not what there was when it came. */
function timeLine(remainingMs: number): string {
  const value = writeDeadlineHeader(remainingMs);
  return value === undefined ? '' : `${deadlineHeader}: ${value}\r\n`;
}

function before(value: string | undefined): string {
  return value === undefined ? '' : `${value}, `;
}

/** An IPv6 address stands in brackets and quotes (RFC 7239, section 6). */
function nodeName(address: string): string {
  return address.includes(':') ? `"[${address}]"` : address;
}

/** How the body goes to the client, and whether its connection stays open. */
export interface ResponseFraming {
  readonly isChunked: boolean;
  readonly closes: boolean;
}

/** Decides how an answer is framed for a client. @param mayStay whether the connection could carry another request. */
export function framingFor(
  head: ResponseHead,
  request: Pick<RequestHead, 'isHttp11'>,
  mayStay: boolean,
): ResponseFraming {
  if (typeof head.body === 'number') return { isChunked: false, closes: !mayStay };
  // HTTP/1.0 knows no chunks: there a body of unknown length ends with the connection.
  return request.isHttp11 ? { isChunked: true, closes: !mayStay } : { isChunked: false, closes: true };
}

/** The head of an answer as it goes to the client. @param clock for an answer that does not say when it was made. */
export function responseHeadFor(
  head: ResponseHead,
  request: Pick<RequestHead, 'isHttp11'>,
  framing: ResponseFraming,
  clock: Pick<Clock, 'now'>,
): string {
  const { fields, status } = head;
  const length = fields.contentLength;
  return (
    `HTTP/1.1 ${status} ${head.reason}\r\n${fields.lines}` +
    (hasDate(fields.lines) ? '' : `date: ${new Date(clock.now()).toUTCString()}\r\n`) +
    (framing.isChunked ? 'transfer-encoding: chunked\r\n' : '') +
    (length >= 0 && status !== 204 ? `content-length: ${length}\r\n` : '') +
    (framing.closes ? 'connection: close\r\n' : request.isHttp11 ? '' : 'connection: keep-alive\r\n') +
    `via: ${before(fields.via)}1.1 loadline\r\n\r\n`
  );
}

/** Mostly it is spelled so, and not the first; to look for others takes longer. RFC 9110, section 6.6.1, has whoever hands on add one. */
function hasDate(lines: string): boolean {
  return lines.includes('\nDate:') || /^date:/im.test(lines);
}

/** The head of an answer that comes before the answer, like 103; or of 101, which hands the connection over. */
export function interimHeadFor(head: ResponseHead): string {
  const upgrade = head.status === 101 ? 'connection: upgrade\r\nupgrade: websocket\r\n' : '';
  return `HTTP/1.1 ${head.status} ${head.reason}\r\n${head.fields.lines}${upgrade}\r\n`;
}
