import type { Socket } from 'node:net';
import { ClientAnswer } from './client-answer.ts';
import { ContinueWait } from './continue-wait.ts';
import { Farewell } from './farewell.ts';
import type { ProxyProblem } from './message/answer.ts';
import { BodyReader } from './message/body-reader.ts';
import { lineFeed } from './message/characters.ts';
import type { Handle, Handling, HandlingOwner } from './message/handling.ts';
import { incomplete, type RequestHead, readRequestHead } from './message/request-head.ts';
import type { ProxyParts } from './proxy-parts.ts';
import { SlowReader } from './slow-reader.ts';
import { SlowSender } from './slow-sender.ts';
import type { Swept } from './sweep.ts';

export interface ClientOptions {
  readonly parts: ProxyParts;
  readonly handle: Handle;
  readonly onClosed: (connection: ClientConnection) => void;
}

/**
 * A client's connection: reads one request after the other and has each seen to.
 *
 *   ┌─▸ head ─▸ body ─▸ (answer) ─┐
 *   └─────────────────────────────┴─▸ stream, after 101
 *        any ─▸ farewell ─▸ closed
 *
 * What comes before its turn, like a second request, is held, at most one piece of it, and nothing more is read.
 */
export class ClientConnection implements HandlingOwner, Swept {
  readonly #socket: Socket;
  readonly #options: ClientOptions;
  readonly #reader: BodyReader;
  readonly #answer: ClientAnswer;
  readonly #address: string;
  #handling: Handling | undefined;
  #keepsAlive = true;
  #isStream = false;
  /** The start of a head that is not whole yet. */
  #partial = '';
  #held: Buffer | undefined;
  /** When the client last did something that was waited for, by the sweep's clock. */
  #sinceMs: number;
  #requests = 0;
  /** Whether it ends after what is under way. */
  #isLast = false;
  /** Whether nothing more is taken. */
  #isOver = false;
  #farewell: Farewell | undefined;
  readonly #slowReader: SlowReader;
  readonly #slowSender: SlowSender;
  readonly #continueWait: ContinueWait;

  constructor(socket: Socket, options: ClientOptions) {
    const { parts } = options;
    this.#socket = socket;
    this.#options = options;
    this.#reader = new BodyReader(parts.limits);
    this.#sinceMs = parts.sweep.nowMs;
    this.#slowReader = new SlowReader(socket, parts.limits.clientStallMs, this.#sinceMs);
    this.#slowSender = new SlowSender(parts.limits);
    this.#continueWait = new ContinueWait(parts.limits.continueTimeoutMs);
    this.#address = socket.remoteAddress?.replace(/^::ffff:/, '') ?? 'unknown';
    this.#answer = new ClientAnswer(socket, {
      clock: parts.clock,
      metrics: parts.metrics,
      mayStay: () => this.#mayStay,
    });
    socket.on('data', (bytes: Buffer) => this.#onData(bytes));
    socket.on('drain', () => this.#onDrain());
    socket.on('end', () => this.#onPeerEnd());
    socket.on('error', ignore); // Its `close` follows.
    socket.on('close', () => this.#onClose());
    parts.sweep.add(this);
  }

  /** Answers what is under way, and nothing after it. Who is idle is left a moment: a request may be on the wire. */
  closeSoon(): void {
    this.#isLast = true;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** There are too many. */
  turnAway(problem: ProxyProblem): void {
    this.#isLast = true;
    this.#answer.refuse(problem);
    this.#sayFarewell();
  }

  check(nowMs: number): void {
    const forMs = nowMs - this.#sinceMs;
    if (!this.#slowReader.takes(nowMs)) this.#socket.resetAndDestroy();
    else if (this.#farewell !== undefined) this.#farewell.check(nowMs);
    else if (this.#handling === undefined) this.#checkIdle(forMs);
    else this.#checkBody(nowMs);
  }

  resumeBody(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#take(held);
    if (this.#held === undefined && (this.#handling?.takesBody ?? true)) this.#socket.resume();
  }

  onUpgraded(): void {
    this.#isStream = true;
    this.resumeBody();
  }

  onStreamEnd(): void {
    this.#socket.end();
  }

  onFinished(): void {
    this.#handling = undefined;
    this.#sinceMs = this.#options.parts.sweep.nowMs;
    if (this.#socket.destroyed || this.#isOver) return;
    const isLast = this.#answer.closes || this.#isStream || !this.#reader.isDone;
    this.#answer.forget();
    if (isLast) this.#sayFarewell();
    // Not at once: a crowd of requests in one piece would keep everybody else waiting.
    else if (this.#held !== undefined) setImmediate(() => this.resumeBody());
  }

  get #mayStay(): boolean {
    return this.#keepsAlive && !this.#isLast && this.#reader.isDone && this.#reader.problem === undefined;
  }

  get #waitsForBody(): boolean {
    return !this.#reader.isDone && this.#handling?.takesBody === true;
  }

  #checkIdle(forMs: number): void {
    const { limits } = this.#options.parts;
    if (this.#partial !== '' && forMs >= limits.headTimeoutMs)
      this.#refuse({ status: 408, detail: 'The head of the request did not come in time.' });
    else if (this.#partial !== '') return;
    else if (this.#isLast && forMs >= lastIdleMs) this.#sayFarewell();
    else if (forMs >= (this.#requests === 0 ? limits.headTimeoutMs : limits.idleTimeoutMs))
      this.#sayFarewell();
  }

  #checkBody(nowMs: number): void {
    // Who has no leave to send, and may have none any more because its answer has begun, is not slow.
    const isHeldBack = this.#answer.isContinueOwed && this.#slowSender.bytes === 0;
    if (this.#slowSender.isTooSlow(nowMs, this.#waitsForBody && !isHeldBack))
      this.#refuse({ status: 408, detail: 'The body of the request did not come in time.' });
    else if (this.#continueWait.isOver(nowMs, this.#waitsForBody && isHeldBack && !this.#answer.hasHead))
      this.#answer.giveContinue();
  }

  #onData(bytes: Buffer): void {
    if (this.#farewell !== undefined) this.#farewell.onData(bytes);
    else if (this.#held !== undefined) this.#held = Buffer.concat([this.#held, bytes]);
    else this.#take(bytes);
  }

  #take(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && !this.#isOver && !this.#socket.destroyed) {
      if (this.#handling === undefined) at = this.#readHead(bytes, at);
      else if (this.#handling.takesBody && (this.#isStream || !this.#reader.isDone))
        at = this.#readBody(bytes, at);
      else {
        this.#hold(bytes, at);
        return;
      }
    }
    this.#handling?.flushBody();
  }

  #hold(bytes: Buffer, at: number): void {
    this.#handling?.flushBody();
    this.#held = bytes.subarray(at);
    this.#socket.pause();
  }

  #readHead(bytes: Buffer, from: number): number {
    const { limits, sweep } = this.#options.parts;
    let at = from;
    if (this.#partial === '') {
      // An empty line before a request is what old clients send behind a body (RFC 9112, section 2.2).
      if (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) at += 2;
      if (at < bytes.length) this.#sinceMs = sweep.nowMs;
    }
    const before = this.#partial.length;
    const text =
      this.#partial + bytes.toString('latin1', at, Math.min(bytes.length, at + limits.headBytesMax + 1));
    // A head has its end after the end of a line: one that comes byte by byte is not read anew for each.
    const mayBeWhole = before === 0 || text.length > limits.headBytesMax || bytes.includes(lineFeed, at);
    const read = mayBeWhole ? readRequestHead(text, limits) : incomplete;
    if (read.kind === 'incomplete') {
      this.#partial = text;
      return bytes.length;
    }
    this.#partial = '';
    if (read.kind === 'refused') {
      this.#refuse({
        status: read.refusal.status,
        detail: `Cannot take the request: ${read.refusal.reason}.`,
      });
      return bytes.length;
    }
    this.#begin(read.head);
    return at + read.end - before;
  }

  #begin(head: RequestHead): void {
    const { parts, handle } = this.#options;
    this.#requests++;
    this.#keepsAlive = head.keepsAlive;
    this.#slowSender.begin(parts.sweep.nowMs);
    this.#continueWait.begin(parts.sweep.nowMs);
    this.#answer.begin(head);
    this.#reader.begin(head.body);
    if (typeof head.body === 'number' && head.body > parts.limits.bodyBytesMax) {
      this.#refuse(tooLarge(parts.limits.bodyBytesMax));
      return;
    }
    this.#handling = handle({ head, clientAddress: this.#address }, this.#answer, this);
    this.#handling.start();
  }

  #readBody(bytes: Buffer, from: number): number {
    const { limits } = this.#options.parts;
    const handling = this.#handling as Handling;
    if (this.#isStream) {
      handling.data(bytes, from, bytes.length);
      return bytes.length;
    }
    const end = this.#reader.read(bytes, from, bytes.length, handling);
    this.#slowSender.took(end - from);
    if (this.#reader.problem !== undefined) {
      this.#refuse({ status: 400, detail: `Cannot take the request: ${this.#reader.problem}.` });
      return bytes.length;
    }
    if (this.#slowSender.bytes > limits.bodyBytesMax) {
      this.#refuse(tooLarge(limits.bodyBytesMax));
      return bytes.length;
    }
    if (this.#reader.isDone) handling.endBody(this.#reader.trailers);
    return end;
  }

  /** Answers in place of whoever sees to the request, and ends the connection: what follows cannot be told apart. */
  #refuse(problem: ProxyProblem): void {
    this.#isLast = true;
    const handling = this.#handling;
    this.#isOver = true;
    handling?.cancel();
    this.#handling = undefined;
    this.#answer.refuse(problem);
    if (!this.#socket.destroyed) this.#sayFarewell();
  }

  #sayFarewell(): void {
    this.#isOver = true;
    this.#held = undefined;
    this.#farewell = new Farewell(this.#socket, this.#options.parts.sweep.nowMs);
  }

  #onDrain(): void {
    this.#handling?.resumeAnswer();
  }

  /** Who ends while it waits for an answer does not wait any more. Of a stream it is one direction only. */
  #onPeerEnd(): void {
    if (this.#isStream && this.#handling !== undefined) this.#handling.endStream();
    else if (!this.#isOver) this.#socket.destroy();
  }

  #onClose(): void {
    const { parts, onClosed } = this.#options;
    parts.sweep.remove(this);
    this.#handling?.cancel();
    this.#handling = undefined;
    onClosed(this);
  }
}

/** Who was silent for so long will hardly have a request on the wire just now. */
const lastIdleMs = 1000;

function tooLarge(bodyBytesMax: number): ProxyProblem {
  return { status: 413, detail: `The body of the request is longer than ${bodyBytesMax} bytes.` };
}

function ignore(): void {}
