import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Who waits for a connection to open. */
export interface ConnectionWaiter {
  onOpen(): void;
  /** @param error undefined where the other side, or this one, has closed it. */
  onNoConnection(error: Error | undefined): void;
}

/**
 * One HTTP/2 connection, opening from the beginning.
 *
 *   opening ──▸ open ──▸ retired ──▸ over     retired: what it carries goes on to its end, nothing new is sent
 *      └─────────┴───────────────────▸ over
 *
 * It is retired by the server's GOAWAY, or when nothing came for the whole time limit of a request.
 */
export class Http2Connection {
  /** Whether it has carried a response: only then may the server have closed it in between. */
  hasServed = false;
  readonly #socket: Socket;
  readonly #waiters = new Set<ConnectionWaiter>();
  #state: 'opening' | 'open' | 'retired' | 'over' = 'opening';
  #session: ClientHttp2Session | undefined;
  #streams = 0;
  #bytesInTaken = 0;
  #bytesOutTaken = 0;

  /** @param origin scheme, host and port, for the session. */
  constructor(socket: Socket, origin: string) {
    this.#socket = socket;
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end());
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => this.#begin(origin));
  }

  get isOpen(): boolean {
    const session = this.#session;
    return this.#state === 'open' && session?.closed === false && !session.destroyed;
  }

  /** Whether a request may be sent on it, now or when it has opened. */
  get isUsable(): boolean {
    return this.#state === 'opening' || this.isOpen;
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  get bytesIn(): number {
    return this.#socket.bytesRead;
  }

  wait(waiter: ConnectionWaiter): void {
    this.#waiters.add(waiter);
  }

  /** Gives up waiting; a connection for which nobody waits any more is not opened. */
  leave(waiter: ConnectionWaiter): void {
    this.#waiters.delete(waiter);
    if (this.#state === 'opening' && this.#waiters.size === 0) this.destroy();
  }

  /** Begins a stream on an open connection. @throws what Node finds wrong with the headers. */
  request(headers: OutgoingHttpHeaders, hasBody: boolean): ClientHttp2Stream {
    const stream = (this.#session as ClientHttp2Session).request(headers, { endStream: !hasBody });
    this.#streams++;
    stream.once('close', () => {
      this.#streams--;
      if (this.#state === 'retired') this.#closeIfIdle();
    });
    return stream;
  }

  /**
   * Bytes on the wire since the last call. HTTP/2 packs the headers of all streams of a connection together, so
   * only the sum over a connection is exact; with one user a connection, that is the request and its answer.
   */
  takeBytes(): { readonly bytesIn: number; readonly bytesOut: number } {
    const { bytesRead, bytesWritten } = this.#socket;
    const taken = { bytesIn: bytesRead - this.#bytesInTaken, bytesOut: bytesWritten - this.#bytesOutTaken };
    this.#bytesInTaken = bytesRead;
    this.#bytesOutTaken = bytesWritten;
    return taken;
  }

  /** Lets what is under way end, and takes nothing new. */
  retire(): void {
    if (this.#state !== 'open') return;
    this.#state = 'retired';
    this.#closeIfIdle();
  }

  destroy(): void {
    this.#end();
  }

  #begin(origin: string): void {
    const socket = this.#socket;
    if (this.#state !== 'opening') return;
    if (socket instanceof TLSSocket && socket.alpnProtocol !== 'h2') {
      this.#end(
        Object.assign(new Error('the target speaks no HTTP/2 over TLS'), { code: 'ERR_TLS_NO_HTTP2' }),
      );
      return;
    }
    const session = connect(origin, { createConnection: () => socket, settings, maxHeaderListPairs });
    this.#session = session;
    session.on('error', (error) => this.#end(error));
    session.on('goaway', () => this.retire());
    session.once('connect', () => this.#open(session));
  }

  #open(session: ClientHttp2Session): void {
    if (this.#state !== 'opening') return;
    session.setLocalWindowSize(windowBytes);
    this.#state = 'open';
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.onOpen();
  }

  #closeIfIdle(): void {
    if (this.#streams === 0) this.destroy();
  }

  #end(error?: Error): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#session?.destroy(error);
    this.#socket.destroySoon();
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.onNoConnection(error);
  }
}

/** How much may be on the way before this side has read it; Node's 64 KiB would slow large bodies down. */
const windowBytes = 1024 * 1024;
/** Node's 128 is less than HTTP/1.1 lets through. */
const maxHeaderListPairs = 1000;
const settings = { enablePush: false, initialWindowSize: windowBytes };
