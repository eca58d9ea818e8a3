import { readFields } from '../message/fields.ts';
import { pairsOf, selectLines, valuesOf } from '../message/lines.ts';
import type { RequestHead } from '../message/request-head.ts';
import type { ResponseHead } from '../message/response-head.ts';
import type { CacheVerdict } from './cache-policy.ts';

/** An answer that is kept. */
export interface StoredAnswer {
  readonly status: number;
  readonly reason: string;
  /** As they came, but without `Age`. */
  readonly lines: string;
  readonly body: Buffer;
  readonly verdict: CacheVerdict;
}

/** What it takes of memory, about. */
export function bytesOf({ lines, body }: StoredAnswer): number {
  return lines.length + body.length + overheadBytes;
}

const overheadBytes = 1024;

/** What goes to a client: the answer whole, or 304 where the client has it already. Pure. */
export function answerFrom(
  stored: StoredAnswer,
  request: RequestHead,
): { readonly head: ResponseHead; readonly body: Buffer } {
  const aged = `${stored.lines}age: ${stored.verdict.ageSeconds()}\r\ncache-status: loadline; hit\r\n`;
  if (stored.status === 200 && hasAlready(request, stored.lines)) return notModified(aged);
  const length = `content-length: ${stored.body.length}\r\n`;
  const head = headOf(stored.status, stored.reason, `${aged}${stored.status === 204 ? '' : length}`);
  return { head, body: request.method === 'HEAD' ? Buffer.alloc(0) : stored.body };
}

/** What is said to the one who asked, and would give away a session if it were said to others. */
export function isForOneClient(name: string): boolean {
  return name === 'set-cookie';
}

/** 304 with what a cache of the client's wants to know. */
export function notModified(lines: string): { readonly head: ResponseHead; readonly body: Buffer } {
  const kept = selectLines(lines, (name) => !name.startsWith('content-') || name === 'content-location');
  return { head: headOf(304, 'Not Modified', kept), body: Buffer.alloc(0) };
}

/** Whether the client says that it has just this one (RFC 9110, section 13.1): by its tag, or where it names none, by its date. */
export function hasAlready(request: RequestHead, lines: string): boolean {
  const asked = valuesOf(request.fields.lines, 'if-none-match');
  if (asked.length > 0) {
    const [tag] = valuesOf(lines, 'etag');
    const tags = asked.flatMap((value) => value.match(/(?:W\/)?"[^"]*"|\*/g) ?? []);
    return tags.includes('*') || (tag !== undefined && tags.some((each) => weak(each) === weak(tag)));
  }
  const [since] = valuesOf(request.fields.lines, 'if-modified-since');
  const [modified] = valuesOf(lines, 'last-modified');
  return since !== undefined && modified !== undefined && Date.parse(modified) <= Date.parse(since);
}

/** The stored lines, with what 304 says anew in their places (RFC 9111, section 3.2). */
export function updatedLines(stored: string, fresh: string): string {
  const isAbout = (name: string): boolean => !/^content-(?:length|encoding|range|type)$/.test(name);
  const renewed = new Set([...pairsOf(fresh)].map(([name]) => name).filter(isAbout));
  return (
    selectLines(stored, (name) => !renewed.has(name)) +
    selectLines(fresh, (name) => name !== 'age' && renewed.has(name))
  );
}

function headOf(status: number, reason: string, lines: string): ResponseHead {
  const fields = readFields(`${lines}\r\n`, 0, Number.POSITIVE_INFINITY);
  return { status, reason, fields, body: Math.max(0, fields.contentLength), keepsAlive: true };
}

function weak(tag: string): string {
  return tag.replace(/^W\//, '');
}
