import type { OutgoingHttpHeaders } from 'node:http2';
import type { Clock } from '../../base/index.ts';
import { BodyBudget } from './body-budget.ts';
import { Deadlines, type Waiting } from './deadlines.ts';
import { createDial, type DialOptions } from './dial.ts';
import { type ConnectionWaiter, Http2Connection } from './http2-connection.ts';
import { connectionProblem, type ExchangeProblem, Http2Exchange } from './http2-exchange.ts';
import { createHttp2Headers } from './http2-headers.ts';
import type { Channel, FailureReason, OutgoingRequest, ReplyHandler, Transport } from './transport.ts';

export interface Http2Options extends DialOptions {
  readonly clock: Clock;
  /** How many users share a connection, each with a stream of its own at a time. Default 1. */
  readonly streamsPerConnection?: number;
  /** Default 64 MiB. */
  readonly bodyBytesMax?: number;
  /** Of all bodies that are received at the same time. Default 512 MiB. */
  readonly bodiesBytesMax?: number;
}

/**
 * HTTP/2 (RFC 9113) by Node's own client: over TLS where the server agrees on `h2`, without TLS by prior
 * knowledge. Each user has a connection, as a browser has, unless `streamsPerConnection` lets several share one.
 * Node refuses heads of over 64 KiB.
 */
export function createHttp2Transport(options: Http2Options): Transport {
  const shared = new SharedState(options);
  return {
    open(handler) {
      return shared.open(handler);
    },
    close() {
      shared.close();
    },
  };
}

class SharedState {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly bodyBytesMax: number;
  readonly budget: BodyBudget;
  readonly #dial: () => Http2Connection;
  readonly #channels = new Set<Http2Channel>();
  readonly #connectionUsersMax: number;
  readonly #target: URL;
  readonly #constantHeaders = new Map<OutgoingRequest, OutgoingHttpHeaders>();
  /** The one that may have room for another user. */
  #share: ConnectionShare;

  constructor(options: Http2Options) {
    const dial = createDial(options, ['h2']);
    this.clock = options.clock;
    this.deadlines = new Deadlines(options.clock);
    this.bodyBytesMax = options.bodyBytesMax ?? 64 * 1024 * 1024;
    this.budget = new BodyBudget(options.bodiesBytesMax);
    this.#dial = () => new Http2Connection(dial(), options.target.origin);
    this.#connectionUsersMax = options.streamsPerConnection ?? 1;
    this.#target = options.target;
    this.#share = new ConnectionShare(this.#dial);
  }

  open(handler: ReplyHandler): Channel {
    if (this.#share.users >= this.#connectionUsersMax) this.#share = new ConnectionShare(this.#dial);
    this.#share.users++;
    const channel = new Http2Channel(this, this.#share, handler);
    this.#channels.add(channel);
    return channel;
  }

  close(): void {
    for (const channel of [...this.#channels]) channel.close();
    this.deadlines.stop();
  }

  forget(channel: Http2Channel): void {
    this.#channels.delete(channel);
  }

  /** The headers of a request; those of one that is sent many times are made once. */
  headersOf(request: OutgoingRequest): OutgoingHttpHeaders {
    if (!request.isConstant) return createHttp2Headers(request, this.#target);
    const known = this.#constantHeaders.get(request) ?? createHttp2Headers(request, this.#target);
    this.#constantHeaders.set(request, known);
    return known;
  }
}

/** The users of one connection, and of those that follow it. */
class ConnectionShare {
  users = 0;
  readonly #dial: () => Http2Connection;
  readonly #connections = new Set<Http2Connection>();
  #current: Http2Connection | undefined;

  constructor(dial: () => Http2Connection) {
    this.#dial = dial;
  }

  /** The connection for the next request: the one there is, or a new one. */
  connection(): Http2Connection {
    if (this.#current?.isUsable) return this.#current;
    for (const each of this.#connections) if (each.isOver) this.#connections.delete(each);
    this.#current = this.#dial();
    this.#connections.add(this.#current);
    return this.#current;
  }

  leave(): void {
    this.users--;
    if (this.users === 0) for (const each of this.#connections) each.destroy();
  }
}

class Http2Channel implements Channel, Waiting, ConnectionWaiter {
  isListed = false;
  readonly #shared: SharedState;
  readonly #share: ConnectionShare;
  readonly #handler: ReplyHandler;
  #connection: Http2Connection | undefined;
  #request: OutgoingRequest | undefined;
  #exchange: Http2Exchange | undefined;
  #deadlineMs = 0;
  #bytesInBefore = 0;
  /** Whether the request went out on a connection that had carried another. */
  #isReused = false;
  #mayRepeat = false;
  #isClosed = false;

  constructor(shared: SharedState, share: ConnectionShare, handler: ReplyHandler) {
    this.#shared = shared;
    this.#share = share;
    this.#handler = handler;
  }

  send(request: OutgoingRequest): void {
    this.#request = request;
    this.#deadlineMs = this.#shared.clock.monotonicMs() + request.timeoutMs;
    this.#shared.deadlines.add(this);
    this.#mayRepeat = true;
    this.#begin();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#fail('closed', 'the run has ended');
    this.#share.leave();
    this.#shared.forget(this);
  }

  checkDeadline(nowMs: number): boolean {
    const request = this.#request;
    if (request === undefined) return false;
    if (nowMs < this.#deadlineMs) return true;
    const exchange = this.#exchange;
    const waitedFor =
      exchange === undefined ? 'no connection' : exchange.hasBegun ? 'no complete answer' : 'no answer';
    // Only a new connection can tell a server that is slow from one that is gone.
    if (this.#connection?.bytesIn === this.#bytesInBefore) this.#connection.retire();
    this.#fail('timeout', `${waitedFor} within ${request.timeoutMs} ms`);
    return false;
  }

  onOpen(): void {
    const request = this.#request as OutgoingRequest;
    const { clock, bodyBytesMax, budget } = this.#shared;
    const connection = this.#connection as Http2Connection;
    this.#bytesInBefore = connection.bytesIn;
    const sentMs = clock.monotonicMs();
    try {
      const stream = connection.request(this.#shared.headersOf(request), request.body !== undefined);
      this.#exchange = new Http2Exchange(stream, { request, sentMs, bodyBytesMax, budget }, this.#onEnd);
    } catch (error) {
      // Node has found a header that it does not send. Nobody is called back within `send`.
      queueMicrotask(() => {
        if (this.#request === request) this.#fail('internal', (error as Error).message);
      });
    }
  }

  onNoConnection(error: Error | undefined): void {
    const { reason, message } = connectionProblem(error);
    this.#fail(reason, message);
  }

  #begin(): void {
    const connection = this.#share.connection();
    this.#exchange = undefined;
    this.#connection = connection;
    this.#isReused = connection.hasServed;
    if (connection.isOpen) this.onOpen();
    else connection.wait(this);
  }

  readonly #onEnd = (problem: ExchangeProblem | undefined): void => {
    const exchange = this.#exchange as Http2Exchange;
    const connection = this.#connection as Http2Connection;
    if (problem !== undefined) {
      this.#onBroken(problem, exchange.hasBegun);
      return;
    }
    const { bytesIn, bytesOut } = connection.takeBytes();
    exchange.receivedMs = this.#shared.clock.monotonicMs();
    exchange.bytesIn = bytesIn;
    exchange.bytesOut = bytesOut;
    connection.hasServed = true;
    this.#request = undefined;
    this.#exchange = undefined;
    this.#handler.onResponse(exchange);
  };

  /**
   * What the server cannot have acted on, and what met a connection that was just being closed and is safe to
   * repeat (RFC 9110, section 9.2.2), goes out once more.
   */
  #onBroken({ reason, message, isUntouched }: ExchangeProblem, hasBegun: boolean): void {
    const { method } = this.#request as OutgoingRequest;
    const metClosing = this.#isReused && !hasBegun && !this.#connection?.isUsable && isIdempotent(method);
    if (this.#mayRepeat && (isUntouched || metClosing)) {
      this.#mayRepeat = false;
      this.#begin();
    } else this.#fail(reason, message);
  }

  #fail(reason: FailureReason, message: string): void {
    if (this.#request === undefined) return;
    this.#request = undefined;
    this.#exchange?.cancel();
    this.#connection?.leave(this);
    const bytes = this.#connection?.takeBytes();
    const sentMs = this.#exchange?.sentMs;
    this.#exchange = undefined;
    this.#handler.onFailure({
      reason,
      message,
      sentMs,
      receivedMs: this.#shared.clock.monotonicMs(),
      ...bytes,
    });
  }
}

function isIdempotent(method: string): boolean {
  return method !== 'POST' && method !== 'PATCH';
}
