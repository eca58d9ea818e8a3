/**
 * Reads HTTP/1.1 responses (RFC 9112) from the pieces in which they arrive.
 *
 *   head ──▸ length ──────────────▸ done          1xx heads are passed over
 *     ├────▸ chunk size ⇄ chunk data ─▸ trailer ─▸ done
 *     ├────▸ until close ───────────▸ done (when the peer ends)
 *     └────▸ done                                 HEAD, 204, 304, length 0
 *
 * Nothing that a server sends makes it throw, loop or grow past its limits: what is not HTTP ends in
 * `malformed`, what is too long in `too large`. A body that nobody reads is counted and thrown away.
 */
export class ResponseParser {
  status = 0;
  /** Whether the connection may carry another request after this response. */
  keepsAlive = true;
  bytesIn = 0;
  problem: ParseProblem | undefined;

  readonly #limits: ParserLimits;
  #state: State = 'idle';
  #isHead = false;
  #keepsBody = false;
  #headText = '';
  /** The beginning of a head that came in pieces; doubles as it fills. */
  #headBuffer: Buffer = noBytes;
  #headBytes = 0;
  #trailerBytes = 0;
  #remaining = 0;
  #line = '';
  #bodyPieces: Buffer[] = [];
  #bodyBytes = 0;

  constructor(limits: ParserLimits) {
    this.#limits = limits;
  }

  /** Makes ready for the response to a request. */
  begin(method: string, keepsBody: boolean): void {
    this.status = 0;
    this.keepsAlive = true;
    this.bytesIn = 0;
    this.problem = undefined;
    this.#state = 'head';
    this.#isHead = method === 'HEAD';
    this.#keepsBody = keepsBody;
    this.#headText = '';
    this.#headBuffer = noBytes;
    this.#headBytes = 0;
    this.#trailerBytes = 0;
    this.#bodyPieces = [];
    this.#bodyBytes = 0;
    this.#line = '';
  }

  /** Whether a response is complete, or given up with a `problem`. */
  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** Whether any byte of the awaited response has come. */
  get hasBegun(): boolean {
    return this.bytesIn > 0;
  }

  /** Takes a piece; the bytes are only valid during the call. Bytes after a complete response are a problem. */
  feed(piece: Buffer): void {
    this.bytesIn += piece.length;
    let at = 0;
    while (at < piece.length && this.#state !== 'done') at = this.#step(piece, at);
    if (at < piece.length && this.problem === undefined) {
      this.#fail('malformed', 'more bytes than the response has');
    }
  }

  /** The peer has closed: completes a body that lasts until then; otherwise false. */
  end(): boolean {
    if (this.#state !== 'until close') return false;
    this.#state = 'done';
    return true;
  }

  /** The first header of this lower-case name, or undefined. */
  header(name: string): string | undefined {
    const lower = this.#headText.toLowerCase();
    const at = lower.indexOf(`\r\n${name}:`);
    if (at < 0) return undefined;
    const from = at + name.length + 3;
    const to = this.#headText.indexOf('\r\n', from);
    return this.#headText.slice(from, to < 0 ? undefined : to).trim();
  }

  /** The kept body as text. */
  text(): string {
    return Buffer.concat(this.#bodyPieces).toString('utf8');
  }

  #step(piece: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(piece, at);
      case 'length':
        return this.#readLength(piece, at);
      case 'until close':
        this.#keep(piece, at, piece.length);
        return piece.length;
      case 'chunk data':
        return this.#readChunkData(piece, at);
      case 'chunk size':
      case 'chunk end':
      case 'trailer':
        return this.#readLine(piece, at);
      case 'idle':
      case 'done':
        return at;
    }
  }

  /** Collects until the empty line. The common case, a head in one piece, copies nothing but its text. */
  #readHead(piece: Buffer, at: number): number {
    const before = this.#headBytes;
    const searched = before === 0 ? piece.subarray(at) : this.#appendToHead(piece.subarray(at));
    const end = searched.indexOf('\r\n\r\n', Math.max(0, before - 3), 'latin1');
    const headBytes = end < 0 ? searched.length : end + 4;
    if (headBytes > this.#limits.headBytesMax)
      return this.#fail('too large', `a head of over ${this.#limits.headBytesMax} bytes`);
    if (end < 0) {
      if (!mayBeHttp(searched))
        return this.#fail('malformed', `no HTTP response: ${quote(searched.toString('latin1', 0, 40))}`);
      if (before === 0) this.#appendToHead(searched);
      return piece.length;
    }
    this.#headBytes = 0;
    this.#parseHead(searched.toString('latin1', 0, end));
    return at + headBytes - before;
  }

  /** Copies a piece behind what has come of the head, and gives the head so far. */
  #appendToHead(piece: Buffer): Buffer {
    const size = this.#headBytes + piece.length;
    if (size > this.#headBuffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(1024, size * 2));
      this.#headBuffer.copy(larger, 0, 0, this.#headBytes);
      this.#headBuffer = larger;
    }
    piece.copy(this.#headBuffer, this.#headBytes);
    this.#headBytes = size;
    return this.#headBuffer.subarray(0, size);
  }

  #parseHead(head: string): void {
    const status = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?(?=\r\n|$)/.exec(head);
    if (status === null) {
      this.#fail('malformed', `no HTTP response: ${quote(head)}`);
      return;
    }
    const code = Number(status[2]);
    if (code < 200 && code !== 101) return;
    this.status = code;
    this.#headText = head;
    const framing = readFraming(head);
    if ('problem' in framing) {
      this.#fail('malformed', framing.problem);
      return;
    }
    const { connection } = framing;
    const persists = status[1] === '1' ? !connection.includes('close') : connection.includes('keep-alive');
    this.keepsAlive = persists && code !== 101;
    this.#chooseBody(framing);
  }

  #chooseBody(framing: Framing): void {
    if (this.#isHead || this.status === 204 || this.status === 304 || this.status === 101)
      this.#state = 'done';
    else if (framing.isChunked) this.#state = 'chunk size';
    else if (framing.contentLength === undefined) {
      this.keepsAlive = false;
      this.#state = 'until close';
    } else if (framing.contentLength === 0) this.#state = 'done';
    else {
      this.#remaining = framing.contentLength;
      this.#state = 'length';
    }
  }

  #readLength(piece: Buffer, at: number): number {
    const to = Math.min(piece.length, at + this.#remaining);
    this.#remaining -= to - at;
    this.#keep(piece, at, to);
    if (this.#remaining === 0 && this.problem === undefined) this.#state = 'done';
    return to;
  }

  #readChunkData(piece: Buffer, at: number): number {
    const to = Math.min(piece.length, at + this.#remaining);
    this.#remaining -= to - at;
    this.#keep(piece, at, to);
    if (this.#remaining === 0 && this.problem === undefined) this.#state = 'chunk end';
    return to;
  }

  #readLine(piece: Buffer, at: number): number {
    const newline = piece.indexOf(10, at);
    const to = newline < 0 ? piece.length : newline;
    this.#line += piece.toString('latin1', at, to);
    if (this.#line.length > lineBytesMax) return this.#fail('malformed', 'a chunk line that does not end');
    if (newline < 0) return piece.length;
    const line = this.#line.endsWith('\r') ? this.#line.slice(0, -1) : this.#line;
    this.#line = '';
    this.#takeLine(line);
    return newline + 1;
  }

  #takeLine(line: string): void {
    if (this.#state === 'trailer') {
      this.#trailerBytes += line.length + 2;
      if (line === '') this.#state = 'done';
      else if (this.#trailerBytes > this.#limits.headBytesMax)
        this.#fail('too large', `a trailer of over ${this.#limits.headBytesMax} bytes`);
    } else if (this.#state === 'chunk end') {
      if (line === '') this.#state = 'chunk size';
      else this.#fail('malformed', 'a chunk that is longer than it says');
    } else {
      const size = /^([0-9a-fA-F]{1,13})[ \t]*(?:;.*)?$/.exec(line);
      if (size === null) this.#fail('malformed', `a chunk size of ${quote(line)}`);
      else {
        this.#remaining = Number.parseInt(size[1] as string, 16);
        this.#state = this.#remaining === 0 ? 'trailer' : 'chunk data';
      }
    }
  }

  #keep(piece: Buffer, from: number, to: number): void {
    this.#bodyBytes += to - from;
    if (this.#bodyBytes > this.#limits.bodyBytesMax)
      this.#fail('too large', `a body of over ${this.#limits.bodyBytesMax} bytes`);
    else if (this.#keepsBody) this.#bodyPieces.push(Buffer.from(piece.subarray(from, to)));
  }

  #fail(kind: ParseProblem['kind'], message: string): number {
    this.problem = { kind, message };
    this.keepsAlive = false;
    this.#state = 'done';
    return Number.POSITIVE_INFINITY;
  }
}

export interface ParserLimits {
  readonly headBytesMax: number;
  readonly bodyBytesMax: number;
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

const noBytes = Buffer.alloc(0);
/** Longer than any sensible chunk extension or trailer line. */
const lineBytesMax = 8192;

interface Framing {
  readonly contentLength: number | undefined;
  readonly isChunked: boolean;
  /** In lower case. */
  readonly connection: readonly string[];
}

/** How long the body is (RFC 9112, section 6). Two lengths that differ, or a length beside chunks, may be an attack. */
function readFraming(head: string): Framing | { readonly problem: string } {
  let contentLength: number | undefined;
  const encodings: string[] = [];
  const connection: string[] = [];
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    if (colon < 1 || line.includes('\n')) return { problem: `a header line without a name: ${quote(line)}` };
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'content-length') {
      if (!/^\d{1,15}$/.test(value)) return { problem: `a content-length of ${quote(value)}` };
      if (contentLength !== undefined && contentLength !== Number(value))
        return { problem: 'two different content-lengths' };
      contentLength = Number(value);
    } else if (name === 'transfer-encoding') encodings.push(...listOf(value));
    else if (name === 'connection') connection.push(...listOf(value));
  }
  const isChunked = encodings.at(-1) === 'chunked';
  if (encodings.length > 0 && contentLength !== undefined)
    return { problem: 'a content-length beside a transfer-encoding' };
  return { contentLength, isChunked, connection };
}

/** The members of a header that is a list (RFC 9110, section 5.6.1). */
function listOf(value: string): string[] {
  return value
    .toLowerCase()
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
}

function mayBeHttp(bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, 7);
  return 'HTTP/1.'.startsWith(start);
}

/** What a stranger has sent, fit for a terminal: short, and without anything that would steer it. */
function quote(text: string): string {
  return JSON.stringify(text.slice(0, 40).replace(/[^\x20-\x7e]/g, '·'));
}
