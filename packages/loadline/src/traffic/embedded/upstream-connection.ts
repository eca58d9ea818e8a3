import { connect, type Socket } from 'node:net';
import { BodyReader } from './message/body-reader.ts';
import { MessageWriter } from './message/message-writer.ts';
import { type ResponseHead, readResponseHead } from './message/response-head.ts';
import type { ProxyLimits } from './options.ts';
import type { UpstreamEntry } from './upstream-entry.ts';

/** Why there is no answer, or no whole one. */
export interface Breakage {
  readonly kind: 'unreachable' | 'broken' | 'malformed' | 'late';
  readonly detail: string;
}

/** Who waits for an answer on a connection. */
export interface ConnectionUser {
  onConnected(connection: UpstreamConnection): void;
  onInterim(connection: UpstreamConnection, head: ResponseHead): void;
  onHead(connection: UpstreamConnection, head: ResponseHead): void;
  onData(connection: UpstreamConnection, bytes: Buffer, from: number, to: number): void;
  /** All that came at once was told. */
  onPieceEnd(connection: UpstreamConnection): void;
  onEnd(connection: UpstreamConnection, trailers: string): void;
  onBroken(connection: UpstreamConnection, why: Breakage): void;
  /** It takes bytes again. */
  onDrain(connection: UpstreamConnection): void;
  /** The upstream has ended its side of a connection that was handed over. */
  onStreamEnd(connection: UpstreamConnection): void;
}

/**
 * A connection to an upstream: one request at a time, and the answer's pieces to whoever waits for it. All
 * connections read into one buffer, because what was read is handed on before the next is read.
 */
export class UpstreamConnection {
  readonly entry: UpstreamEntry;
  readonly writer: MessageWriter;
  isConnected = false;
  /** Whether it has carried an answer before: only then may the upstream have closed it in between. */
  isReused: boolean = false;
  /** When the request that it is busy with was sent, on the monotonic clock. */
  sentMs = 0;
  /** Whether any byte of the awaited answer has come. */
  hasBegun = false;
  /** Whether the last answer was all that came. */
  isClean = true;
  /** Until when it is kept while nobody uses it. */
  idleUntilMs: number = Number.POSITIVE_INFINITY;
  readonly #socket: OwnedSocket;
  readonly #limits: ProxyLimits;
  readonly #reader: BodyReader;
  readonly #onClosed: (connection: UpstreamConnection) => void;
  #user: ConnectionUser | undefined;
  #method = '';
  /** The start of a head that is not whole yet. */
  #partial = '';
  #phase: 'head' | 'body' | 'stream' = 'head';

  /** @param onClosed hears when it is of no more use. */
  constructor(entry: UpstreamEntry, limits: ProxyLimits, onClosed: (connection: UpstreamConnection) => void) {
    this.entry = entry;
    this.#onClosed = onClosed;
    this.#limits = limits;
    this.#reader = new BodyReader(limits);
    const { host, port } = entry;
    const socket: OwnedSocket = connect({ host, port, noDelay: true, allowHalfOpen: true, onread });
    socket[owner] = this;
    socket.once('connect', onConnect);
    socket.on('error', onError);
    socket.on('end', onPeerEnd);
    socket.on('close', onClose);
    socket.on('drain', onDrain);
    this.#socket = socket;
    this.writer = new MessageWriter(socket, { areBytesLent: false });
  }

  /** Begins a request: its head leaves at once, its body as it comes. */
  send(user: ConnectionUser, method: string, head: string, isChunked: boolean): void {
    this.#user = user;
    this.#method = method;
    this.#phase = 'head';
    this.hasBegun = false;
    this.idleUntilMs = Number.POSITIVE_INFINITY;
    this.writer.begin(head, isChunked);
    this.writer.flush();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Of a connection that was handed over. */
  endStream(): void {
    this.#socket.end();
  }

  /** Both sides have ended: it closes when all is written. */
  letGo(): void {
    this.#user = undefined;
    this.#socket[owner] = undefined;
  }

  /** Nobody waits for anything of it any more. */
  close(): void {
    this.#user = undefined;
    this.#onClosed(this);
    this.#socket[owner] = undefined;
    this.#socket.destroy();
  }

  /** Bytes have come, lent until the next read. */
  take(bytes: Buffer, length: number): void {
    // Nobody asked for them: the next answer on this connection could not be trusted.
    if (this.#user === undefined) this.close();
    this.hasBegun = true;
    for (let at = 0; at < length && this.#user !== undefined; ) {
      at = this.#step(this.#user, bytes, at, length);
      if (this.#phase === 'body' && this.#reader.isDone) {
        this.#finish(at === length);
        return;
      }
    }
    this.#user?.onPieceEnd(this);
  }

  #step(user: ConnectionUser, bytes: Buffer, at: number, to: number): number {
    if (this.#phase === 'head') return this.#readHead(user, bytes, at, to);
    if (this.#phase === 'body') return this.#readBody(bytes, at, to);
    user.onData(this, bytes, at, to);
    return to;
  }

  connected(): void {
    this.isConnected = true;
    this.#user?.onConnected(this);
  }

  drained(): void {
    this.#user?.onDrain(this);
  }

  peerEnded(): void {
    const user = this.#user;
    // While nobody uses it: the next request must not be sent to somebody who is gone.
    if (user === undefined) this.close();
    else if (this.#phase === 'stream') user.onStreamEnd(this);
    else if (this.#phase === 'body' && this.#reader.end()) this.#finish(false);
    else this.broke({ kind: 'broken', detail: 'closed the connection before its answer was whole' });
  }

  broke(why: Breakage): void {
    const user = this.#user;
    this.close();
    user?.onBroken(this, this.isConnected || why.kind !== 'broken' ? why : { ...why, kind: 'unreachable' });
  }

  #readHead(user: ConnectionUser, bytes: Buffer, at: number, to: number): number {
    const before = this.#partial.length;
    const text =
      this.#partial + bytes.toString('latin1', at, Math.min(to, at + this.#limits.headBytesMax + 1));
    const read = readResponseHead(text, this.#method, this.#limits);
    if (read.kind === 'malformed') {
      this.broke({ kind: 'malformed', detail: `sent ${read.problem}` });
      return to;
    }
    if (read.kind === 'incomplete') {
      this.#partial = text;
      return to;
    }
    this.#partial = '';
    this.#takeHead(user, read.head);
    return at + read.end - before;
  }

  #takeHead(user: ConnectionUser, head: ResponseHead): void {
    if (head.status === 101) {
      this.#phase = 'stream';
      user.onHead(this, head);
    } else if (head.status < 200) {
      user.onInterim(this, head);
    } else {
      this.#phase = 'body';
      this.#reader.begin(head.body);
      user.onHead(this, head);
    }
  }

  #readBody(bytes: Buffer, at: number, to: number): number {
    const end = this.#reader.read(bytes, at, to, this);
    const { problem } = this.#reader;
    if (problem !== undefined) {
      this.broke({ kind: 'malformed', detail: `sent ${problem}` });
      return to;
    }
    return end;
  }

  /** For the reader of the body. */
  data(bytes: Buffer, from: number, to: number): void {
    this.#user?.onData(this, bytes, from, to);
  }

  /** The answer is whole. Whoever waited for it decides whether the connection is kept; not where more came than it has. */
  #finish(isClean: boolean): void {
    const user = this.#user;
    this.isClean = isClean;
    this.#user = undefined;
    this.isReused = true;
    user?.onEnd(this, this.#reader.trailers);
  }
}

/** A socket that knows its connection: listeners are shared functions, not closures for each. */
type OwnedSocket = Socket & { [owner]?: UpstreamConnection | undefined };
const owner: unique symbol = Symbol('connection');

const sharedBuffer = Buffer.allocUnsafeSlow(64 * 1024);
const onread = { buffer: sharedBuffer, callback: onRead };

function onRead(this: unknown, length: number): boolean {
  (this as OwnedSocket)[owner]?.take(sharedBuffer, length);
  return true;
}

function onConnect(this: OwnedSocket): void {
  this[owner]?.connected();
}

function onDrain(this: OwnedSocket): void {
  this[owner]?.drained();
}

function onPeerEnd(this: OwnedSocket): void {
  this[owner]?.peerEnded();
}

function onError(this: OwnedSocket, error: NodeJS.ErrnoException): void {
  this[owner]?.broke({ kind: 'broken', detail: `broke off (${error.code ?? error.message})` });
}

function onClose(this: OwnedSocket): void {
  this[owner]?.broke({ kind: 'broken', detail: 'closed the connection before its answer was whole' });
}
