import { type ClientHttp2Stream, constants, type Http2Session } from 'node:http2';
import type { BodyBudget } from './body-budget.ts';
import { decodeContent } from './content-encoding.ts';
import { messageOf, reasonOf } from './socket-failure.ts';
import type { FailureReason, OutgoingRequest, Response } from './transport.ts';

/** Who has sent the request. Called once, with what went wrong, or with nothing where the response is complete. */
export type ExchangeEnd = (problem: ExchangeProblem | undefined) => void;

export interface ExchangeProblem {
  readonly reason: FailureReason;
  readonly message: string;
  /** Whether the server cannot have acted on the request, so that any method may be sent once more. */
  readonly isUntouched: boolean;
}

/** A request on its stream, and the response to it as it comes in. */
export class Http2Exchange implements Response {
  status = 0;
  receivedMs = 0;
  bytesIn = 0;
  bytesOut = 0;
  readonly sentMs: number;
  readonly #stream: ClientHttp2Stream;
  /** Kept, because a closed stream forgets it. */
  readonly #session: Http2Session | undefined;
  readonly #request: OutgoingRequest;
  readonly #bodyBytesMax: number;
  readonly #budget: BodyBudget;
  /** How much of the budget the body holds. */
  #heldBytes = 0;
  readonly #onEnd: ExchangeEnd;
  #isOver = false;
  #error: NodeJS.ErrnoException | undefined;
  /** Names and values in turn, as they came. */
  #rawHeaders: readonly string[] = [];
  #pieces: Buffer[] = [];
  #bodyBytes = 0;

  constructor(
    stream: ClientHttp2Stream,
    {
      request,
      sentMs,
      bodyBytesMax,
      budget,
    }: {
      readonly request: OutgoingRequest;
      readonly sentMs: number;
      readonly bodyBytesMax: number;
      readonly budget: BodyBudget;
    },
    onEnd: ExchangeEnd,
  ) {
    this.#stream = stream;
    this.#session = stream.session;
    this.#request = request;
    this.sentMs = sentMs;
    this.#bodyBytesMax = bodyBytesMax;
    this.#budget = budget;
    this.#onEnd = onEnd;
    stream.on('response', (headers, _flags, rawHeaders) => {
      this.status = headers[':status'] ?? 0;
      this.#rawHeaders = rawHeaders;
    });
    stream.on('data', (piece: Buffer) => this.#take(piece));
    stream.on('end', () => this.#onStreamEnd());
    stream.on('error', (error) => {
      this.#error = error;
    });
    stream.on('close', () => this.#onStreamClose());
    if (request.body !== undefined) stream.end(request.body);
  }

  /** Whether anything of a response has come. */
  get hasBegun(): boolean {
    return this.status !== 0;
  }

  get hasCookies(): boolean {
    return this.#rawHeaders.includes('set-cookie');
  }

  header(name: string): string | undefined {
    for (let at = 0; at < this.#rawHeaders.length; at += 2) {
      if (this.#rawHeaders[at] === name) return this.#rawHeaders[at + 1];
    }
    return undefined;
  }

  headers(name: string): string[] {
    return this.#rawHeaders.filter((_, at) => at % 2 === 1 && this.#rawHeaders[at - 1] === name);
  }

  body(): Buffer {
    if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0] ?? noBytes;
  }

  /** Gives the exchange up, without a word to who has sent it. */
  cancel(): void {
    this.#isOver = true;
    this.#giveBack();
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  #take(piece: Buffer): void {
    if (this.#isOver) return;
    this.#bodyBytes += piece.length;
    if (this.#bodyBytes > this.#bodyBytesMax) this.#refuse(`a body of over ${this.#bodyBytesMax} bytes`);
    else if (!this.#request.keepsBody) return;
    else if (this.#budget.take(piece.length)) {
      this.#heldBytes += piece.length;
      this.#pieces.push(piece);
    } else this.#refuse(this.#budget.problem);
  }

  #refuse(tooLarge: string): void {
    this.cancel();
    this.#onEnd({ reason: 'too large', message: `the target sent ${tooLarge}`, isUntouched: false });
  }

  #giveBack(): void {
    this.#budget.giveBack(this.#heldBytes);
    this.#heldBytes = 0;
  }

  /** Node ends a stream also when it was cut off, with an error code where the server has given one. */
  #onStreamEnd(): void {
    if (this.#isOver || this.#stream.rstCode) return;
    const problem = this.#isCutShort() ? cutShort : this.#decode();
    this.#end(problem);
  }

  #onStreamClose(): void {
    if (this.#isOver) return;
    const isConnectionOver = this.#session === undefined || this.#session.closed || this.#session.destroyed;
    this.#end(problemOf(this.#error, this.#stream.rstCode ?? 0, isConnectionOver));
  }

  #isCutShort(): boolean {
    if (!this.hasBegun) return true;
    if (this.#request.method === 'HEAD' || this.status === 304) return false;
    const announced = this.header('content-length');
    return announced !== undefined && Number(announced) !== this.#bodyBytes;
  }

  #decode(): ExchangeProblem | undefined {
    const encoding = this.header('content-encoding');
    if (encoding === undefined || this.#pieces.length === 0) return undefined;
    const decoded = decodeContent(this.body(), encoding, this.#bodyBytesMax);
    if ('problem' in decoded) {
      return { reason: decoded.kind, message: `the target sent ${decoded.problem}`, isUntouched: false };
    }
    this.#pieces = [decoded.bytes];
    return undefined;
  }

  #end(problem: ExchangeProblem | undefined): void {
    this.#isOver = true;
    // A server may answer before it has read the whole request; the rest of it serves nobody.
    if (!this.#stream.writableFinished) this.#stream.close(constants.NGHTTP2_CANCEL);
    this.#onEnd(problem);
    this.#giveBack();
  }
}

const noBytes = Buffer.alloc(0);

const cutShort: ExchangeProblem = {
  reason: 'closed',
  message: 'the stream was closed before the answer was complete',
  isUntouched: false,
};

function problemOf(
  error: NodeJS.ErrnoException | undefined,
  rstCode: number,
  isConnectionOver: boolean,
): ExchangeProblem {
  // A stream that the server refuses, or that its GOAWAY leaves out, was not looked at (RFC 9113, section 8.7).
  const isUntouched = rstCode === constants.NGHTTP2_REFUSED_STREAM;
  if (error?.code === 'ERR_HTTP2_STREAM_ERROR' || (error === undefined && !isConnectionOver)) {
    // Node ends a stream with PROTOCOL_ERROR by itself where the response breaks the rules.
    const reason = rstCode === constants.NGHTTP2_PROTOCOL_ERROR ? 'malformed' : 'reset';
    return { reason, message: `the stream was reset (${codeName(rstCode)})`, isUntouched };
  }
  if (error === undefined || error.code === 'ERR_HTTP2_STREAM_CANCEL') return { ...cutShort, isUntouched };
  return { ...connectionProblem(error), isUntouched };
}

/** What an error of a connection means to whoever waits on it. */
export function connectionProblem(error: NodeJS.ErrnoException | undefined): ExchangeProblem {
  if (error === undefined) return { ...cutShort, message: 'the target closed the connection' };
  const isUntouched = false;
  if (error.code === 'ERR_HTTP2_SESSION_ERROR') {
    return { reason: 'reset', message: `the target ended the connection (${error.message})`, isUntouched };
  }
  if (error.code?.startsWith('ERR_HTTP2_')) {
    return { reason: 'malformed', message: `the target sent no HTTP/2 (${error.message})`, isUntouched };
  }
  return { reason: reasonOf(error), message: messageOf(error), isUntouched };
}

function codeName(code: number): string {
  return errorCodes[code] ?? `code ${code}`;
}

/** RFC 9113, section 7. */
const errorCodes: readonly string[] = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
];
