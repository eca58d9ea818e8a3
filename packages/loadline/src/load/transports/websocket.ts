import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Clock } from '../../base/index.ts';
import { createDial, type DialOptions } from './dial.ts';
import { readHeaderLines } from './header-lines.ts';
import { httpProblem } from './http-problem.ts';
import {
  createLinkSessions,
  type Link,
  type LinkEvents,
  type LinkProblem,
  type SessionLimits,
} from './link-session.ts';
import type { ConnectRequest, SessionTransport } from './session.ts';

export interface WebSocketOptions extends DialOptions, SessionLimits {
  readonly clock: Clock;
  /** The longest message that is taken. Default 1 MiB. */
  readonly messageBytesMax?: number;
  /** Of what was sent, how much the server may leave unread. Default 1 MiB. */
  readonly unsentBytesMax?: number;
  /** Default 64 KiB. */
  readonly headBytesMax?: number;
}

/**
 * WebSocket (RFC 6455) by the library `ws`. A header `sec-websocket-protocol` names the subprotocols; messages
 * are not compressed, so that what is measured is the target's work and not this machine's.
 */
export function createWebSocketTransport(options: WebSocketOptions): SessionTransport {
  const dial = createDial(options, ['http/1.1']);
  return createLinkSessions(options.clock, options, (request, events) => {
    return new WebSocketLink(dial(), request, options, events);
  });
}

class WebSocketLink implements Link {
  readonly #events: LinkEvents;
  readonly #unsentBytesMax: number;
  readonly #webSocket: WebSocket;
  #isOver = false;

  constructor(socket: Socket, request: ConnectRequest, options: WebSocketOptions, events: LinkEvents) {
    this.#events = events;
    this.#unsentBytesMax = options.unsentBytesMax ?? mebibyte;
    this.#webSocket = openWebSocket(socket, request, options);
    this.#webSocket
      .on('open', () => this.#onHandshake(socket, 101))
      .on('unexpected-response', (_, { statusCode }) => this.#onHandshake(socket, statusCode ?? 0))
      .on('message', (data: Buffer) => {
        if (!this.#isOver) events.onMessage(data);
      })
      .on('error', (error) => this.#onBroken(problemOf(error)))
      .on('close', (code) => this.#onBroken(farewell(code)));
  }

  send(text: string): LinkProblem | undefined {
    if (this.#webSocket.bufferedAmount > this.#unsentBytesMax) {
      return { reason: 'timeout', message: 'the target does not read what it is sent' };
    }
    this.#webSocket.send(text);
    return undefined;
  }

  end(whenOver: () => void): void {
    this.#isOver = true;
    this.#webSocket.once('close', whenOver);
    this.#webSocket.close(1000);
  }

  destroy(): void {
    this.#isOver = true;
    this.#webSocket.terminate();
  }

  #onHandshake({ bytesRead, bytesWritten }: Socket, status: number): void {
    if (this.#isOver) return;
    const isOpen = status === 101;
    if (!isOpen) this.destroy();
    this.#events.onHandshake({ status, isOpen, bytesIn: bytesRead, bytesOut: bytesWritten });
  }

  #onBroken(problem: LinkProblem): void {
    if (this.#isOver) return;
    this.destroy();
    this.#events.onBroken(problem);
  }
}

function openWebSocket(socket: Socket, request: ConnectRequest, options: WebSocketOptions): WebSocket {
  const { target, messageBytesMax = mebibyte, headBytesMax = 64 * 1024 } = options;
  const headers: Record<string, string> = { host: target.host };
  for (const [name, value] of readHeaderLines(request.headers)) headers[name] = value;
  const { [subprotocols]: offered, ...others } = headers;
  const path = target.pathname.replace(/\/$/, '') + request.path;
  const settings = {
    createConnection: () => socket,
    headers: others,
    maxPayload: messageBytesMax,
    maxHeaderSize: headBytesMax,
    perMessageDeflate: false,
    closeTimeout: leaveLimitMs,
  };
  try {
    return new WebSocket(
      new URL(path, target),
      offered?.split(',').map((each) => each.trim()) ?? [],
      settings,
    );
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

const subprotocols = 'sec-websocket-protocol';
const mebibyte = 1024 * 1024;
/** How long a server may take to answer a farewell. */
const leaveLimitMs = 2000;

/** What ws says is wrong has a code of its own, or none: then it is about the handshake. */
function problemOf(error: NodeJS.ErrnoException): LinkProblem {
  const { code = '', message } = error;
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH')
    return { reason: 'too large', message: `the target sent a message over the limit` };
  if (code === '' || code.startsWith('WS_ERR_'))
    return { reason: 'malformed', message: `the target sent no WebSocket (${message})` };
  return httpProblem(error);
}

/** RFC 6455, section 7.4.1: 1006 stands for an end without a word. */
function farewell(code: number): LinkProblem {
  if (code === 1006) return { reason: 'reset', message: 'the connection was cut off' };
  return { reason: 'closed', message: `the target ended the session (${code})` };
}
