import { deadlineHeader } from '../../../resilience/index.ts';
import {
  carriageReturn,
  colon,
  isTokenByte,
  isValueByte,
  lineFeed,
  quote,
  space,
  tab,
} from './characters.ts';
import { selectLines } from './lines.ts';

/**
 * The lines of a head or a trailer, read once (RFC 9112, section 5). Whatever two readers could understand in two
 * ways is a problem instead: that is how one request is smuggled inside another.
 *
 * Lines that are meant for the next neighbour only are taken out (RFC 9110, section 7.6.1), and those that a
 * proxy writes anew. The others are handed on as they came.
 */
export interface Fields {
  /** What is wrong; then nothing else counts. */
  problem: string | undefined;
  /** Behind the empty line that ends them; -1 while that has not come. */
  end: number;
  /** How many there were. */
  count: number;
  /** The lines to hand on, each ended by CR LF. */
  lines: string;
  /** The one Host; undefined where there is none. */
  host: string | undefined;
  /** -1 where there is none. */
  contentLength: number;
  isChunked: boolean;
  hasTransferEncoding: boolean;
  closes: boolean;
  keepsAlive: boolean;
  /** What Upgrade asks for, where Connection names it too. */
  upgrade: string | undefined;
  expect: string | undefined;
  via: string | undefined;
  forwarded: string | undefined;
  forwardedFor: string | undefined;
  forwardedHost: string | undefined;
  forwardedProto: string | undefined;
  /** How much time the request has left, as it is written. */
  timeLeft: string | undefined;
  /** What Keep-Alive says: for how long the peer leaves an idle connection open. -1 where it says nothing. */
  keepAliveSeconds: number;
}

/** Reads the lines from `from` on, up to the empty one. @param countMax more than so many are a problem. */
export function readFields(text: string, from: number, countMax: number): Fields {
  const fields = newFields();
  const named: string[] = [];
  let at = from;
  let keptFrom = from;
  for (;;) {
    const lineFrom = at;
    if (text.charCodeAt(at) === carriageReturn) {
      if (at + 1 >= text.length) return fields;
      if (text.charCodeAt(at + 1) !== lineFeed) return fail(fields, 'a bare CR');
      fields.lines += text.slice(keptFrom, lineFrom);
      fields.end = at + 2;
      break;
    }
    while (isTokenByte[text.charCodeAt(at)] === 1) at++;
    if (at >= text.length) return fields;
    if (text.charCodeAt(at) !== colon || at === lineFrom) return fail(fields, wrongName(text, lineFrom, at));
    const nameTo = at++;
    while (isBlank(text.charCodeAt(at))) at++;
    const valueFrom = at;
    while (isValueByte[text.charCodeAt(at)] === 1) at++;
    if (at + 1 >= text.length && (at >= text.length || text.charCodeAt(at) === carriageReturn)) return fields;
    if (text.charCodeAt(at) !== carriageReturn || text.charCodeAt(at + 1) !== lineFeed)
      return fail(fields, wrongValue(text, lineFrom, at));
    if (++fields.count > countMax) return fail(fields, tooManyFields);
    if (mayBeSpecial(text, lineFrom, nameTo)) {
      const isKept = takeSpecial(
        fields,
        text.slice(lineFrom, nameTo).toLowerCase(),
        text.slice(valueFrom, at),
        named,
      );
      if (fields.problem !== undefined) return fields;
      if (!isKept) {
        fields.lines += text.slice(keptFrom, lineFrom);
        keptFrom = at + 2;
      }
    }
    at += 2;
  }
  // Connection says that these lines are for the next neighbour only, wherever they stand.
  if (named.length > 0) fields.lines = selectLines(fields.lines, (name) => !named.includes(name));
  if (!named.includes('upgrade')) fields.upgrade = undefined;
  return fields;
}

/** Told apart from what is malformed, because it has an answer of its own. */
export const tooManyFields = 'too many header lines';

/** @returns whether the line is handed on. */
function takeSpecial(fields: Fields, name: string, raw: string, named: string[]): boolean {
  const value = raw.trimEnd();
  switch (name) {
    case 'host':
      if (fields.host !== undefined) fields.problem = 'more than one Host';
      fields.host = value;
      return false;
    case 'content-length':
      takeLength(fields, value);
      return false;
    case 'transfer-encoding':
      if (fields.hasTransferEncoding || value.toLowerCase() !== 'chunked')
        fields.problem = `a Transfer-Encoding other than chunked: ${quote(value)}`;
      fields.hasTransferEncoding = true;
      fields.isChunked = true;
      return false;
    case 'connection':
    case 'proxy-connection':
      takeConnection(fields, value, named);
      return false;
    case 'keep-alive':
      fields.keepAliveSeconds = Number(/(?:^|[\s,])timeout=(\d{1,6})/i.exec(value)?.[1] ?? -1);
      return false;
    case 'upgrade':
      fields.upgrade = value;
      return false;
    case 'expect':
      fields.expect = joined(fields.expect, value.toLowerCase());
      return false;
    case 'via':
      fields.via = joined(fields.via, value);
      return false;
    case 'forwarded':
      fields.forwarded = joined(fields.forwarded, value);
      return false;
    case 'x-forwarded-for':
      fields.forwardedFor = joined(fields.forwardedFor, value);
      return false;
    case 'x-forwarded-host':
      fields.forwardedHost = joined(fields.forwardedHost, value);
      return false;
    case 'x-forwarded-proto':
      fields.forwardedProto = joined(fields.forwardedProto, value);
      return false;
    case deadlineHeader:
      fields.timeLeft = joined(fields.timeLeft, value);
      return false;
    case 'te':
    case 'proxy-authorization':
    case 'proxy-authenticate':
      return false;
    default:
      return true;
  }
}

/** Two lengths are one too many, also where they agree: not everybody takes the same one. */
function takeLength(fields: Fields, value: string): void {
  if (fields.contentLength >= 0) fields.problem = 'more than one Content-Length';
  else if (!/^\d{1,15}$/.test(value)) fields.problem = `a Content-Length of ${quote(value)}`;
  else fields.contentLength = Number(value);
}

function takeConnection(fields: Fields, value: string, named: string[]): void {
  for (const part of value.split(',')) {
    const option = part.trim().toLowerCase();
    if (option === 'close') fields.closes = true;
    else if (option === 'keep-alive') fields.keepsAlive = true;
    else if (option !== '') named.push(option);
  }
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`;
}

/** Whether lines of this name, in lower case, are not handed on as they came. */
export function isWrittenAnew(name: string): boolean {
  return specialNames.includes(name);
}

const specialNames = [
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'proxy-connection',
  'keep-alive',
  'upgrade',
  'expect',
  'via',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  deadlineHeader,
  'te',
  'proxy-authorization',
  'proxy-authenticate',
];

/** By length: a bit for each first letter. Most lines are told by it, without a text of their own for the name. */
const firstLetters: Uint32Array = new Uint32Array(32);
for (const name of specialNames)
  firstLetters[name.length] = (firstLetters[name.length] as number) | bitOf(name);

function bitOf(name: string): number {
  return 1 << (name.charCodeAt(0) & 31);
}

function mayBeSpecial(text: string, from: number, to: number): boolean {
  return ((firstLetters[to - from] ?? 0) & (1 << (text.charCodeAt(from) & 31))) !== 0;
}

function isBlank(code: number): boolean {
  return code === space || code === tab;
}

function wrongName(text: string, from: number, at: number): string {
  const code = text.charCodeAt(at);
  if (at === from && isBlank(code)) return 'a header line that continues the one before';
  if (isBlank(code)) return `a space before the colon: ${quote(text.slice(from, at + 1))}`;
  return `a header line without a name: ${quote(text.slice(from, at + 1))}`;
}

function wrongValue(text: string, from: number, at: number): string {
  const code = text.charCodeAt(at);
  if (code === carriageReturn) return 'a bare CR';
  if (code === lineFeed) return 'a bare LF';
  return `a control character in ${quote(text.slice(from, at))}`;
}

function fail(fields: Fields, problem: string): Fields {
  fields.problem = problem;
  return fields;
}

function newFields(): Fields {
  return {
    problem: undefined,
    end: -1,
    count: 0,
    lines: '',
    host: undefined,
    contentLength: -1,
    isChunked: false,
    hasTransferEncoding: false,
    closes: false,
    keepsAlive: false,
    upgrade: undefined,
    expect: undefined,
    via: undefined,
    forwarded: undefined,
    forwardedFor: undefined,
    forwardedHost: undefined,
    forwardedProto: undefined,
    timeLeft: undefined,
    keepAliveSeconds: -1,
  };
}
