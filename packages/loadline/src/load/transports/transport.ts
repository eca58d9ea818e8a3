/**
 * The port through which requests leave. A transport opens a channel for each user; a channel carries one
 * request at a time and always answers, exactly once, never within the call of `send`.
 */
export interface Transport {
  open(): Channel;
  /** Closes every channel; what is under way fails as `closed`. */
  close(): void;
}

export interface Channel {
  /** Sends, and calls back with a response or a failure. The reply is only valid during the call. */
  send(request: OutgoingRequest, onReply: (reply: Reply) => void): void;
  close(): void;
}

export interface OutgoingRequest {
  readonly method: string;
  /** Path and query, beginning with a slash; the transport adds the target's base path. */
  readonly path: string;
  /** Complete lines, each ended by CR LF, without host and content-length: `accept: text/html\r\n`. */
  readonly headers: string;
  readonly body: string | undefined;
  readonly timeoutMs: number;
  /** Whether the body of the reply will be read; otherwise it is counted and thrown away. */
  readonly keepsBody: boolean;
}

export type Reply = ResponseReply | FailureReply;

export interface ResponseReply {
  readonly kind: 'response';
  readonly status: number;
  /** When the request was handed to an open connection, on the clock's monotonic scale. */
  readonly sentMs: number;
  readonly receivedMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  header(name: string): string | undefined;
  text(): string;
}

export interface FailureReply {
  readonly kind: 'failure';
  readonly reason: FailureReason;
  /** For people, without anything secret. */
  readonly message: string;
  /** Undefined when no connection came about. */
  readonly sentMs: number | undefined;
  readonly receivedMs: number;
}

/**
 * `refused`: nobody listens. `unreachable`: no way to the host, or no name. `timeout`: no answer in time.
 * `reset`: the connection was cut off. `closed`: it ended before the answer was complete. `malformed`: what
 * came is no HTTP. `too large`: head or body went over the limit. `tls`: no trusted connection.
 * `exhausted`: this machine is out of sockets or ports. `internal`: our own mistake, with its message.
 */
export type FailureReason =
  | 'refused'
  | 'unreachable'
  | 'timeout'
  | 'reset'
  | 'closed'
  | 'malformed'
  | 'too large'
  | 'tls'
  | 'exhausted'
  | 'internal';
