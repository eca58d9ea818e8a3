import type { BodyBudget } from './body-budget.ts';
import { decodeContent } from './content-encoding.ts';
import type { Response } from './transport.ts';

/**
 * Reads HTTP/1.1 responses (RFC 9112) from the pieces in which they arrive, byte by byte and in place.
 *
 *   head ──▸ length ──────────────▸ done          1xx heads are passed over
 *     ├────▸ chunk size ⇄ chunk data ─▸ trailer ─▸ done
 *     ├────▸ until close ───────────▸ done (when the peer ends)
 *     └────▸ done                                 HEAD, 204, 304, length 0
 *
 * The common response, whole in one piece, is never copied: head and body are ranges of that piece, valid
 * until `release`. Of one that takes several pieces, what is asked for is copied.
 *
 * Nothing that a server sends makes it throw, loop or grow past its limits: what is not HTTP ends in
 * `malformed`, what is too long in `too large`. A body that nobody reads is counted and thrown away.
 */
export class ResponseParser implements Response {
  status = 0;
  /** Whether the connection may carry another request after this response. */
  keepsAlive = true;
  hasCookies = false;
  bytesIn = 0;
  problem: ParseProblem | undefined;
  /** Set by the channel, so that what was read is a whole response. */
  sentMs = 0;
  receivedMs = 0;
  bytesOut = 0;

  readonly #limits: ParserLimits;
  #state: State = 'idle';
  #isHead = false;
  #keepsBody = false;
  #hasContentEncoding = false;
  /** Of the length or the chunk that is being read. */
  #remaining = 0;
  #bodyBytes = 0;
  #body: Buffer = noBytes;
  #bodyFrom = 0;
  #bodyTo = 0;
  /** How much of the budget the body holds. */
  #heldBytes = 0;
  #head: Buffer = noBytes;
  #headFrom = 0;
  #headTo = 0;
  /** Whether head and body stand in a piece that is only lent to us. */
  #isLent = false;
  /** What is rarely needed: a head or a line that comes in pieces. */
  #partial: Partial | undefined;

  constructor(limits: ParserLimits) {
    this.#limits = limits;
  }

  /** Makes ready for the response to a request. */
  begin(method: string, keepsBody: boolean): void {
    this.release();
    this.status = 0;
    this.keepsAlive = true;
    this.hasCookies = false;
    this.bytesIn = 0;
    this.problem = undefined;
    this.#state = 'head';
    this.#isHead = method === 'HEAD';
    this.#keepsBody = keepsBody;
    this.#hasContentEncoding = false;
    this.#bodyBytes = 0;
  }

  /** Forgets the response that was read, so that an idle user holds no memory for it. */
  release(): void {
    this.#state = 'idle';
    this.#body = noBytes;
    if (this.#heldBytes > 0) this.#giveBack();
    this.#bodyFrom = 0;
    this.#bodyTo = 0;
    this.#head = noBytes;
    this.#isLent = false;
    this.#partial = undefined;
  }

  /** Whether a response is complete, or given up with a `problem`. */
  get isDone(): boolean {
    return this.#state === 'done';
  }

  get isGone(): boolean {
    return this.#state === 'idle';
  }

  /** Whether any byte of the awaited response has come. */
  get hasBegun(): boolean {
    return this.bytesIn > 0;
  }

  /** Takes bytes; they are only lent during the call, and until `release` where the response ends in them. */
  feed(piece: Buffer, from = 0, to: number = piece.length): void {
    this.bytesIn += to - from;
    let at = from;
    while (at < to && this.#state !== 'done') at = this.#step(piece, at, to);
    if (at < to && this.problem === undefined) this.#fail('malformed', 'more bytes than the response has');
    if (this.#isLent && this.#state !== 'done') this.#own();
  }

  /** The peer has closed: completes a body that lasts until then; otherwise false. */
  end(): boolean {
    if (this.#state !== 'until close') return false;
    this.#state = 'done';
    return true;
  }

  header(name: string): string | undefined {
    return this.headers(name)[0];
  }

  headers(name: string): string[] {
    const head = this.#head.toString('latin1', this.#headFrom, this.#headTo);
    const lower = head.toLowerCase();
    const found: string[] = [];
    const wanted = `\r\n${name}:`;
    for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, at + 2)) {
      const from = at + wanted.length;
      found.push(head.slice(from, head.indexOf('\r\n', from)).trim());
    }
    return found;
  }

  body(): Buffer {
    return this.#body.subarray(this.#bodyFrom, this.#bodyTo);
  }

  get bodyPlace(): { readonly bytes: Buffer; readonly from: number; readonly to: number } {
    return { bytes: this.#body, from: this.#bodyFrom, to: this.#bodyTo };
  }

  /** Undoes the content encoding of a complete response, where there is one and its body was kept. */
  decode(): void {
    if (!this.#hasContentEncoding || this.#bodyFrom === this.#bodyTo) return;
    const decoded = decodeContent(
      this.body(),
      this.headers('content-encoding').join(','),
      this.#limits.bodyBytesMax,
    );
    if ('problem' in decoded) {
      this.#fail(decoded.kind, decoded.problem);
      return;
    }
    this.#body = decoded.bytes;
    this.#bodyFrom = 0;
    this.#bodyTo = decoded.bytes.length;
  }

  #step(piece: Buffer, at: number, to: number): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(piece, at, to);
      case 'length':
      case 'chunk data':
        return this.#readData(piece, at, to);
      case 'until close':
        this.#keep(piece, at, to);
        return to;
      case 'chunk size':
        return this.#readChunkSize(piece, at, to);
      case 'chunk end':
      case 'trailer':
        return this.#readLine(piece, at, to);
      case 'idle':
        return this.#fail('malformed', 'bytes that nobody asked for');
      case 'done':
        return at;
    }
  }

  #readHead(piece: Buffer, at: number, to: number): number {
    if (this.#partial !== undefined) return this.#readPartialHead(piece, at, to);
    const end = this.#parseHead(piece, at, to);
    if (end !== incomplete) return end;
    this.#partial = new Partial();
    return this.#readPartialHead(piece, at, to);
  }

  /** Collects until the empty line: looking for it only in what is new, however small the pieces are. */
  #readPartialHead(piece: Buffer, at: number, to: number): number {
    const partial = this.#partial as Partial;
    const before = partial.length;
    const collected = partial.append(piece, at, to);
    const end = collected.indexOf('\r\n\r\n', Math.max(0, before - 3), 'latin1');
    const headBytes = end < 0 ? collected.length : end + 4;
    if (headBytes > this.#limits.headBytesMax)
      return this.#fail('too large', `a head of over ${this.#limits.headBytesMax} bytes`);
    if (end < 0) {
      if (!mayBeHttp(collected, 0, collected.length))
        return this.#fail('malformed', `no HTTP response: ${quote(collected, 0, collected.length)}`);
      return to;
    }
    this.#partial = undefined;
    const parsedTo = this.#parseHead(collected, 0, headBytes);
    // An empty line ends it, and yet it is no head.
    if (parsedTo === incomplete) return this.#notHttp(collected, 0, headBytes);
    if (parsedTo > headBytes) return parsedTo;
    return at + headBytes - before;
  }

  /** @returns the index after the head; `incomplete`; or past every end, where it failed. */
  #parseHead(bytes: Buffer, from: number, to: number): number {
    if (to - from < shortestStatusLine)
      return mayBeHttp(bytes, from, to) ? incomplete : this.#notHttp(bytes, from, to);
    const code = readStatus(bytes, from);
    if (code === 0) return this.#notHttp(bytes, from, to);
    let at = from + 12;
    while (at < to && bytes[at] !== lineFeed) at++;
    if (at === to) return incomplete;
    if (bytes[at - 1] !== carriageReturn) return this.#notHttp(bytes, from, to);
    at++;
    const framing = newFraming();
    while (at < to && bytes[at] !== carriageReturn) {
      const next = readHeaderLine(bytes, at, to, framing);
      if (next === incomplete) return incomplete;
      if (framing.problem !== undefined) return this.#fail('malformed', framing.problem);
      at = next;
    }
    if (at + 1 >= to) return incomplete;
    if (bytes[at + 1] !== lineFeed)
      return this.#fail('malformed', `a header line without a name: ${quote(bytes, at, to)}`);
    if (at + 2 - from > this.#limits.headBytesMax)
      return this.#fail('too large', `a head of over ${this.#limits.headBytesMax} bytes`);
    if (code >= 200 || code === 101) this.#takeHead(bytes, from, at + 2, code, framing);
    return this.problem === undefined ? at + 2 : pastEveryEnd;
  }

  #takeHead(bytes: Buffer, from: number, to: number, code: number, framing: Framing): void {
    this.status = code;
    this.#head = bytes;
    this.#headFrom = from;
    this.#headTo = to;
    this.#isLent = true;
    this.hasCookies = framing.hasCookies;
    this.#hasContentEncoding = framing.hasContentEncoding;
    const isHttp11 = bytes[from + 7] === digitOne;
    // HTTP/1.0 keeps alive by keep-alive alone, and close overrules.
    this.keepsAlive = !framing.closes && (isHttp11 || framing.keepsAlive) && code !== 101;
    if (framing.hasTransferEncoding && framing.contentLength >= 0) {
      this.#fail('malformed', 'a content-length beside a transfer-encoding');
    } else if (this.#isHead || code === 204 || code === 304 || code === 101) this.#state = 'done';
    else if (framing.isChunked) this.#state = 'chunk size';
    else if (framing.contentLength < 0 || framing.hasTransferEncoding) {
      this.keepsAlive = false;
      this.#state = 'until close';
    } else if (framing.contentLength === 0) this.#state = 'done';
    else {
      this.#remaining = framing.contentLength;
      this.#state = 'length';
    }
  }

  #readData(piece: Buffer, at: number, to: number): number {
    const end = Math.min(to, at + this.#remaining);
    this.#remaining -= end - at;
    this.#keep(piece, at, end);
    if (this.#remaining === 0 && this.problem === undefined)
      this.#state = this.#state === 'length' ? 'done' : 'chunk end';
    return end;
  }

  /** A size and nothing else on its line, in one piece, is read in place; the rest goes by the whole line. */
  #readChunkSize(piece: Buffer, from: number, to: number): number {
    let size = 0;
    let at = from;
    if (this.#partial === undefined) {
      for (let digit = hexDigit(piece[at]); digit >= 0; digit = hexDigit(piece[++at]))
        size = size * 16 + digit;
      if (at > from && at - from <= chunkDigitsMax && at + 1 < to) {
        if (piece[at] === carriageReturn && piece[at + 1] === lineFeed) {
          this.#beginChunk(size);
          return at + 2;
        }
      }
    }
    return this.#readLine(piece, from, to);
  }

  #beginChunk(size: number): void {
    this.#remaining = size;
    this.#state = size === 0 ? 'trailer' : 'chunk data';
  }

  #readLine(piece: Buffer, at: number, to: number): number {
    if (
      this.#partial === undefined &&
      piece[at] === carriageReturn &&
      at + 1 < to &&
      piece[at + 1] === lineFeed
    ) {
      this.#takeLine('', 2);
      return at + 2;
    }
    const newline = piece.subarray(at, to).indexOf(lineFeed);
    const end = newline < 0 ? to : at + newline;
    this.#partial ??= new Partial();
    this.#partial.line += piece.toString('latin1', at, end);
    if (this.#partial.line.length > lineBytesMax)
      return this.#fail('malformed', 'a chunk line that does not end');
    if (newline < 0) return to;
    const { line } = this.#partial;
    this.#partial.line = '';
    this.#takeLine(line.endsWith('\r') ? line.slice(0, -1) : line, line.length + 1);
    return end + 1;
  }

  #takeLine(line: string, lineBytes: number): void {
    if (this.#state === 'trailer') {
      if (line === '') this.#state = 'done';
      else this.#countTrailer(lineBytes);
      return;
    }
    if (this.#state === 'chunk end') {
      this.#partial = undefined;
      if (line === '') this.#state = 'chunk size';
      else this.#fail('malformed', 'a chunk that is longer than it says');
      return;
    }
    const size = /^([0-9a-fA-F]{1,13})[ \t]*(?:;.*)?$/.exec(line);
    this.#partial = undefined;
    if (size === null) this.#fail('malformed', `a chunk size of ${quoteText(line)}`);
    else this.#beginChunk(Number.parseInt(size[1] as string, 16));
  }

  #countTrailer(lineBytes: number): void {
    const partial = this.#partial as Partial;
    partial.trailerBytes += lineBytes;
    if (partial.trailerBytes > this.#limits.headBytesMax)
      this.#fail('too large', `a trailer of over ${this.#limits.headBytesMax} bytes`);
  }

  #keep(piece: Buffer, from: number, to: number): void {
    const length = to - from;
    this.#bodyBytes += length;
    if (this.#bodyBytes > this.#limits.bodyBytesMax) {
      this.#fail('too large', `a body of over ${this.#limits.bodyBytesMax} bytes`);
      return;
    }
    if (!this.#keepsBody || length === 0) return;
    if (this.#bodyTo === this.#bodyFrom && this.#isLent) {
      this.#body = piece;
      this.#bodyFrom = from;
      this.#bodyTo = to;
      return;
    }
    if (this.#isLent) this.#own();
    if (this.#bodyTo + length > this.#body.length && !this.#growBody(this.#bodyTo + length)) return;
    piece.copy(this.#body, this.#bodyTo, from, to);
    this.#bodyTo += length;
  }

  /** Copies what stands in a lent piece, because more is to come. */
  #own(): void {
    this.#isLent = false;
    this.#head = Buffer.from(this.#head.subarray(this.#headFrom, this.#headTo));
    this.#headTo -= this.#headFrom;
    this.#headFrom = 0;
    const lent = this.#body;
    const length = this.#bodyTo - this.#bodyFrom;
    // Room for the rest of a body of known length, but never for more than a server has begun to send.
    const room = Math.min(this.#state === 'length' ? this.#remaining : 0, 8 * length + 1024);
    this.#body = this.#keepsBody ? Buffer.allocUnsafeSlow(length + room) : noBytes;
    lent.copy(this.#body, 0, this.#bodyFrom, this.#bodyTo);
    this.#bodyFrom = 0;
    this.#bodyTo = length;
  }

  /** @returns whether there was room. What is lent, or fits into the first small piece, is in nobody's way. */
  #growBody(needed: number): boolean {
    const size = Math.max(1024, needed * 2);
    if (!this.#limits.budget.take(size - this.#heldBytes)) {
      this.#fail('too large', this.#limits.budget.problem);
      return false;
    }
    this.#heldBytes = size;
    const larger = Buffer.allocUnsafeSlow(size);
    this.#body.copy(larger, 0, 0, this.#bodyTo);
    this.#body = larger;
    return true;
  }

  #giveBack(): void {
    this.#limits.budget.giveBack(this.#heldBytes);
    this.#heldBytes = 0;
  }

  #notHttp(bytes: Buffer, from: number, to: number): number {
    return this.#fail('malformed', `no HTTP response: ${quote(bytes, from, to)}`);
  }

  #fail(kind: ParseProblem['kind'], message: string): number {
    this.problem = { kind, message };
    this.keepsAlive = false;
    this.#state = 'done';
    return pastEveryEnd;
  }
}

export interface ParserLimits {
  readonly headBytesMax: number;
  readonly bodyBytesMax: number;
  /** Of all whose bodies are received at the same time. */
  readonly budget: BodyBudget;
}

export interface ParseProblem {
  readonly kind: 'malformed' | 'too large';
  /** Completes the sentence "the target sent …". */
  readonly message: string;
}

type State =
  | 'idle'
  | 'head'
  | 'length'
  | 'chunk size'
  | 'chunk data'
  | 'chunk end'
  | 'trailer'
  | 'until close'
  | 'done';

/** The beginning of a head or of a line. */
class Partial {
  line = '';
  trailerBytes = 0;
  length = 0;
  #bytes: Buffer = noBytes;

  /** @returns all that has come so far. */
  append(piece: Buffer, from: number, to: number): Buffer {
    const size = this.length + to - from;
    if (size > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(1024, size * 2));
      this.#bytes.copy(larger, 0, 0, this.length);
      this.#bytes = larger;
    }
    piece.copy(this.#bytes, this.length, from, to);
    this.length = size;
    return this.#bytes.subarray(0, size);
  }
}

const noBytes = Buffer.alloc(0);
const incomplete = -1;
const pastEveryEnd = Number.MAX_SAFE_INTEGER;
/** Longer than any sensible chunk extension or trailer line. */
const lineBytesMax = 8192;
/** More would not be a whole number that JavaScript can count with. */
const chunkDigitsMax = 13;
/** Fifteen nines are still a whole number that JavaScript can count with. */
const lengthDigitsMax = 15;
/** `HTTP/1.1 200` and the byte after it. */
const shortestStatusLine = 13;

const lineFeed = 10;
const carriageReturn = 13;
const space = 32;
const colon = 58;
const digitZero = 48;
const digitOne = 49;

/** The status of a status line that begins at `at`, or 0 where it is none. */
function readStatus(bytes: Buffer, at: number): number {
  const minor = bytes[at + 7] as number;
  if ((minor !== digitZero && minor !== digitOne) || bytes[at + 8] !== space || !isHttp1(bytes, at)) return 0;
  const hundreds = (bytes[at + 9] as number) - digitZero;
  const tens = (bytes[at + 10] as number) - digitZero;
  const ones = (bytes[at + 11] as number) - digitZero;
  if (hundreds < 1 || hundreds > 9 || tens < 0 || tens > 9 || ones < 0 || ones > 9) return 0;
  const after = bytes[at + 12];
  return after === space || after === carriageReturn ? hundreds * 100 + tens * 10 + ones : 0;
}

function isHttp1(bytes: Buffer, at: number): boolean {
  return (
    bytes[at] === 72 &&
    bytes[at + 1] === 84 &&
    bytes[at + 2] === 84 &&
    bytes[at + 3] === 80 &&
    bytes[at + 4] === 47 &&
    bytes[at + 5] === 49 &&
    bytes[at + 6] === 46
  );
}

function mayBeHttp(bytes: Buffer, from: number, to: number): boolean {
  return 'HTTP/1.'.startsWith(bytes.toString('latin1', from, Math.min(to, from + 7)));
}

/** What a head says of the body and the connection (RFC 9112, sections 6 and 9). */
interface Framing {
  /** −1 where there is none. */
  contentLength: number;
  hasTransferEncoding: boolean;
  isChunked: boolean;
  closes: boolean;
  keepsAlive: boolean;
  hasCookies: boolean;
  hasContentEncoding: boolean;
  problem: string | undefined;
}

/** One for all heads: each is read to its end before the next begins. */
const sharedFraming: Framing = {
  contentLength: -1,
  hasTransferEncoding: false,
  isChunked: false,
  closes: false,
  keepsAlive: false,
  hasCookies: false,
  hasContentEncoding: false,
  problem: undefined,
};

function newFraming(): Framing {
  sharedFraming.contentLength = -1;
  sharedFraming.hasTransferEncoding = false;
  sharedFraming.isChunked = false;
  sharedFraming.closes = false;
  sharedFraming.keepsAlive = false;
  sharedFraming.hasCookies = false;
  sharedFraming.hasContentEncoding = false;
  sharedFraming.problem = undefined;
  return sharedFraming;
}

/** Passes over one header line and notes what it says of the framing. Its name is told by its length first. */
function readHeaderLine(bytes: Buffer, from: number, to: number, framing: Framing): number {
  let at = from;
  let byte = bytes[at] as number;
  while (byte !== colon) {
    if (byte <= space) {
      framing.problem = `a header line without a name: ${quote(bytes, from, to)}`;
      return from;
    }
    if (++at === to) return incomplete;
    byte = bytes[at] as number;
  }
  const nameTo = at;
  do {
    if (++at === to) return incomplete;
    byte = bytes[at] as number;
  } while (byte !== lineFeed);
  if (bytes[at - 1] !== carriageReturn || nameTo === from) {
    framing.problem = `a header line without a name: ${quote(bytes, from, to)}`;
    return from;
  }
  switch (nameTo - from) {
    case 10:
      if (isName(bytes, from, connectionName)) noteConnection(bytes, nameTo + 1, at - 1, framing);
      else if (isName(bytes, from, setCookieName)) framing.hasCookies = true;
      break;
    case 14:
      if (isName(bytes, from, contentLengthName)) noteContentLength(bytes, nameTo + 1, at - 1, framing);
      break;
    case 16:
      if (isName(bytes, from, contentEncodingName)) framing.hasContentEncoding = true;
      break;
    case 17:
      if (isName(bytes, from, transferEncodingName)) noteTransferEncoding(bytes, nameTo + 1, at - 1, framing);
      break;
  }
  return at + 1;
}

const connectionName = Buffer.from('connection');
const setCookieName = Buffer.from('set-cookie');
const contentLengthName = Buffer.from('content-length');
const contentEncodingName = Buffer.from('content-encoding');
const transferEncodingName = Buffer.from('transfer-encoding');
const keepAliveWord = Buffer.from('keep-alive');

/** Whether the bytes are this lower-case name, in whatever case. */
function isName(bytes: Buffer, from: number, name: Buffer): boolean {
  for (let index = 0; index < name.length; index++) {
    // Letters differ by this bit from their capitals, and a dash has it set.
    if (((bytes[from + index] as number) | 0x20) !== name[index]) return false;
  }
  return true;
}

/** Two lengths that differ may be an attack. */
function noteContentLength(bytes: Buffer, from: number, to: number, framing: Framing): void {
  const first = skipSpace(bytes, from, to);
  const last = trimSpace(bytes, first, to);
  let length = 0;
  for (let at = first; at < last; at++) {
    const digit = (bytes[at] as number) - digitZero;
    length = digit >= 0 && digit <= 9 ? length * 10 + digit : Number.NaN;
  }
  if (last === first || last - first > lengthDigitsMax || Number.isNaN(length))
    framing.problem = `a content-length of ${quoteText(bytes.toString('latin1', first, last))}`;
  else if (framing.contentLength >= 0 && framing.contentLength !== length)
    framing.problem = 'two different content-lengths';
  else framing.contentLength = length;
}

/** Mostly it is one word. */
function noteConnection(bytes: Buffer, from: number, to: number, framing: Framing): void {
  const first = skipSpace(bytes, from, to);
  if (to - first === keepAliveWord.length && isName(bytes, first, keepAliveWord)) {
    framing.keepsAlive = true;
    return;
  }
  const members = listOf(bytes.toString('latin1', first, to));
  if (members.includes('close')) framing.closes = true;
  if (members.includes('keep-alive')) framing.keepsAlive = true;
}

function noteTransferEncoding(bytes: Buffer, from: number, to: number, framing: Framing): void {
  const encodings = listOf(bytes.toString('latin1', from, to));
  if (encodings.length === 0) return;
  framing.hasTransferEncoding = true;
  framing.isChunked = encodings.at(-1) === 'chunked';
}

/** The members of a header that is a list (RFC 9110, section 5.6.1). */
function listOf(value: string): string[] {
  return value
    .toLowerCase()
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
}

function skipSpace(bytes: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to && isSpace(bytes[at])) at++;
  return at;
}

function trimSpace(bytes: Buffer, from: number, to: number): number {
  let at = to;
  while (at > from && isSpace(bytes[at - 1])) at--;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === space || byte === 9;
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** The beginning of a line. */
function quote(bytes: Buffer, from: number, to: number): string {
  const text = bytes.toString('latin1', from, Math.min(to, from + 42));
  const end = text.indexOf('\r\n');
  return quoteText(end < 0 ? text : text.slice(0, end));
}

/** What a stranger has sent, fit for a terminal: short, and without anything that would steer it. */
function quoteText(text: string): string {
  return JSON.stringify(text.slice(0, 40).replace(/[^\x20-\x7e]/g, '·'));
}
