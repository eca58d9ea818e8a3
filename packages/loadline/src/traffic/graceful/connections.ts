import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../base/index.ts';
import type { Unfinished } from './drain.ts';
import { mayClose } from './idle.ts';

/** A response that was not sent to its end. */
interface UnderWay {
  readonly response: ServerResponse;
  readonly begunMs: number;
  /** Whether we, and not the client, have denied a further request after this one. */
  isDenied: boolean;
}

interface Connection {
  /** In the order of their requests; more than one where a client pipelines. */
  readonly underWay: UnderWay[];
  restingMs: number;
  bytesAtRest: number;
  /** What it speaks instead of HTTP since it was upgraded, for people. */
  upgradedTo: string | undefined;
  /** Where it speaks HTTP/2, which says goodbye and ends by itself. */
  readonly session: Http2Session | undefined;
  /** Below one of TLS, which is counted by itself and alone knows what has begun. */
  readonly isBelowTls: boolean;
  /** The request that was answered last, where that was before all of its body had come. */
  unread: UnderWay | undefined;
}

/** What is to be known of a connection when it is opened. */
export interface ConnectionFacts {
  readonly session?: Http2Session | undefined;
  /** Whether it carries one of TLS, which is told of when its handshake has ended. */
  readonly isBelowTls?: boolean;
}

/** What is needed of a session of `node:http2`. */
export interface Http2Session {
  close(): void;
}

/**
 * The connections of a server, and what is under way on each. From `sayGoodbye` on the last answer on every connection
 * says `Connection: close`; what has been said cannot be taken back, so a connection whose answer has begun before
 * then stays open for one more.
 */
export class Connections {
  readonly #clock: Clock;
  readonly #open = new Map<Socket, Connection>();
  /** On which something had begun, without a request under way, when the grace ended. */
  readonly #begun = new Set<Socket>();
  #isLeaving = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Those that still speak HTTP. */
  get count(): number {
    let count = 0;
    for (const { upgradedTo } of this.#open.values()) if (upgradedTo === undefined) count++;
    return count;
  }

  /** A connection was opened. */
  add(socket: Socket, { session, isBelowTls = false }: ConnectionFacts = {}): void {
    if (this.#open.has(socket)) return;
    this.#open.set(socket, {
      underWay: [],
      restingMs: this.#clock.monotonicMs(),
      bytesAtRest: socket.bytesRead,
      upgradedTo: undefined,
      session,
      isBelowTls,
      unread: undefined,
    });
    socket.once('close', () => this.#open.delete(socket));
  }

  /** A request has arrived. */
  begin(response: ServerResponse): void {
    const { socket } = response.req;
    const connection = this.#open.get(socket);
    if (connection === undefined) return;
    const begun: UnderWay = { response, begunMs: this.#clock.monotonicMs(), isDenied: false };
    if (this.#isLeaving) {
      // To be closed after this one, and not before it.
      const before = connection.underWay.at(-1);
      if (before !== undefined) stay(before);
      leave(begun);
    }
    connection.underWay.push(begun);
    response.once('close', () => this.#end(socket, connection, begun));
  }

  /** A connection speaks something else from now on, and whoever does so drains it. */
  upgrade(socket: Socket, request: IncomingMessage): void {
    const connection = this.#open.get(socket);
    if (connection !== undefined) connection.upgradedTo = request.headers.upgrade ?? 'another protocol';
  }

  sayGoodbye(): void {
    this.#isLeaving = true;
    for (const { underWay } of this.#open.values()) {
      const last = underWay.at(-1);
      if (last !== undefined) leave(last);
    }
  }

  /**
   * Closes those that rest, and can be closed without a race.
   *
   * @param closeIdle the server's own way to close all on which no request has begun. Only its parser knows whether the beginning
   *   of one came together with the request that was answered last. It heeds no quiet, and closes on whoever still reads an answer
   *   that was ended: so it is used when all have been quiet, and nobody does.
   */
  closeResting(quietMs: number, closeIdle: (() => void) | undefined): void {
    const nowMs = this.#clock.monotonicMs();
    let [areSomeIdle, areOthersDone] = [false, true];
    for (const [socket, { underWay, restingMs, bytesAtRest, upgradedTo, session }] of this.#open) {
      if (session !== undefined) session.close();
      if (underWay.some(({ response }) => response.writableEnded)) areOthersDone = false;
      if (underWay.length > 0 || upgradedTo !== undefined || session !== undefined) continue;
      if (bytesAtRest > 0 && closeIdle !== undefined) {
        // Bytes that have come since may be an empty line, and what came before may be a beginning: see `closeIdle`.
        if (nowMs - restingMs >= quietMs) areSomeIdle = true;
        else areOthersDone = false;
        continue;
      }
      const resting = { sinceMs: restingMs, bytesThen: bytesAtRest, bytesNow: socket.bytesRead };
      // Not before what was written has been handed over, and with it the answer to somebody slow.
      if (mayClose(resting, nowMs, quietMs)) socket.destroySoon();
    }
    if (areSomeIdle && areOthersDone) closeIdle?.();
  }

  /**
   * Time is over: closes all on which nothing has begun, so that what is still open then has something to be named.
   *
   * @param closeIdle as for `closeResting`. Without it, bytes that have come since the last answer are a beginning.
   */
  endGrace(closeIdle: (() => void) | undefined): void {
    closeIdle?.();
    for (const [socket, { bytesAtRest, isBelowTls }] of this.#open) {
      const hasBegun = closeIdle !== undefined || socket.bytesRead !== bytesAtRest;
      if (hasBegun && !isBelowTls && !socket.destroyed) this.#begun.add(socket);
    }
  }

  /** Ends streams of server-sent events, which never end by themselves; browsers open a new one elsewhere. */
  endEventStreams(): void {
    for (const { underWay } of this.#open.values()) {
      for (const { response } of underWay) {
        if (!isEventStream(response) || response.writableEnded) continue;
        // The service may write on before it notices; unheard, that error would end the process. Its reader comes back
        // with the id of the last event that arrived.
        response.on('error', () => undefined);
        response.end();
      }
    }
  }

  /**
   * What is under way: requests by method and path, and connections that speak something else. When the grace has ended also
   * requests that have only begun, and bodies that outlast their answer.
   */
  unfinished(): readonly Unfinished[] {
    const nowMs = this.#clock.monotonicMs();
    return [...this.#open].flatMap(([socket, connection]): Unfinished[] => {
      const { underWay, unread, upgradedTo, session, restingMs } = connection;
      const other = session === undefined ? upgradedTo : 'HTTP/2 session';
      if (other !== undefined) return [{ name: other, ageMs: nowMs - restingMs }];
      if (underWay.length > 0) return underWay.map((each) => named(each, nowMs));
      if (!this.#begun.has(socket)) return [];
      return unread?.response.req.complete === false
        ? [named(unread, nowMs)]
        : [{ name: 'part of a request' }];
    });
  }

  cut(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #end(socket: Socket, connection: Connection, ended: UnderWay): void {
    connection.underWay.splice(connection.underWay.indexOf(ended), 1);
    connection.unread = ended.response.req.complete ? undefined : ended;
    connection.restingMs = this.#clock.monotonicMs();
    connection.bytesAtRest = socket.bytesRead;
  }
}

/** Node then says `Connection: close` and closes after the answer. Too late, and harmless, where its head was sent. */
function leave(underWay: UnderWay): void {
  const { response } = underWay;
  if (response.headersSent || !response.shouldKeepAlive) return;
  response.shouldKeepAlive = false;
  underWay.isDenied = true;
}

function stay(underWay: UnderWay): void {
  const { response, isDenied } = underWay;
  if (isDenied && !response.headersSent) response.shouldKeepAlive = true;
}

function isEventStream(response: ServerResponse): boolean {
  if (!response.headersSent) return false;
  // What writeHead() was given is not always to be read again, but then the client said what it waits for.
  const type = response.getHeader('content-type') ?? response.req.headers.accept ?? '';
  return String(type).startsWith('text/event-stream');
}

function named({ response: { req }, begunMs }: UnderWay, nowMs: number): Unfinished {
  return { name: `${req.method} ${pathOf(req)}`, ageMs: nowMs - begunMs };
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?')[0]?.slice(0, 200) ?? '/';
}
