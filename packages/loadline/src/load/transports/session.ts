import type { Failure, Transport } from './transport.ts';

/**
 * The port for what is no request and response: a connection that lasts, over which messages come at any time.
 * A transport opens a session for each user, which connects as often as it likes, one connection at a time.
 *
 * `connect` and `waitFor` are questions: one at a time, each answered exactly once, never within the call.
 */
export interface SessionTransport {
  open(handler: SessionHandler): Session;
  readonly counts: SessionCounts;
  /** Closes every session; what is under way fails as `closed`. */
  close(): void;
}

/** `websocket`: both sides send (RFC 6455). `events`: the server does (HTML, section 9.2). */
export type SessionProtocol = (typeof sessionProtocols)[number];
export const sessionProtocols = ['websocket', 'events'] as const;

/** By the protocols that a plan has. */
export type SessionTransports = { readonly [Protocol in SessionProtocol]?: SessionTransport };

/** A transport of requests which, for a plan with sessions, opens those too. Closes all. */
export interface LoadTransport extends Transport {
  readonly sessions?: SessionTransports;
  /** The transport to another origin, to which a redirect leads; undefined where it may not be followed. */
  elsewhere?(origin: URL): Transport | undefined;
}

/** Sessions beside requests, closed together. */
export function withSessions(requests: LoadTransport, sessions: SessionTransports): LoadTransport {
  return {
    ...requests,
    sessions,
    close() {
      requests.close();
      for (const transport of Object.values(sessions)) transport.close();
    },
  };
}

export interface Session {
  /** Answered by `onHandshake` or `onFailure`. Whatever was connected before is dropped, with what came over it. */
  connect(request: ConnectRequest): void;
  /** @returns why the message could not be handed over; undefined where it was. */
  send(text: string): Failure | undefined;
  /** Answered by `onMatch` or `onFailure`. A session that has ended still gives the messages that came before. */
  waitFor(wait: Wait): void;
  /** Takes leave of the server, and forgets what came. Nothing may be under way. */
  disconnect(): void;
  /** Ends it for good; what is under way fails as `closed`, within the call. */
  close(): void;
}

/** Who waits for what happens in a session. */
export interface SessionHandler {
  onHandshake(handshake: Handshake): void;
  onMatch(message: Message): void;
  /** Its `sentMs` says since when a message was waited for. */
  onFailure(failure: Failure): void;
}

/** What a connection of a session begins with. Its time limit holds from the call to the server's answer. */
export interface ConnectRequest {
  /** Path and query, beginning with a slash; the transport adds the target's base path. */
  readonly path: string;
  /** Complete lines, each ended by CR LF, without host. */
  readonly headers: string;
  readonly timeoutMs: number;
}

export interface Wait {
  readonly matches: (message: Message) => boolean;
  readonly timeoutMs: number;
  /** Whether a message will do that came before; the answer to something just sent has yet to come. */
  readonly takesEarlier: boolean;
}

/** The server's answer to `connect`. An unwelcome status is an answer, not a failure. */
export interface Handshake {
  readonly status: number;
  /** Whether the session is open: 101 for a WebSocket, 200 for server-sent events. */
  readonly isOpen: boolean;
  /** When it began to connect: opening the connection is part of what a `connect` takes. */
  readonly sentMs: number;
  readonly receivedMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** What the server has sent: only valid during the call. */
export interface Message {
  /** The type of a server-sent event, where it has one. */
  readonly event: string | undefined;
  readonly body: Buffer;
  /** When it arrived, which may be before anybody waited for it. */
  readonly receivedMs: number;
}

/** What happened in all sessions of a transport. */
export interface SessionCounts {
  readonly messagesIn: number;
  /** Of the messages, without their framing. */
  readonly bytesIn: number;
  /** Messages that nobody had waited for when the queue of their session was full. */
  readonly messagesDropped: number;
  /** Sessions that ended while nobody waited for anything. */
  readonly brokenIdle: number;
}
