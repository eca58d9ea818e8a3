/**
 * The port through which requests leave. A transport opens a channel for each user; a channel carries one
 * request at a time and always answers, exactly once, never within the call of `send`.
 *
 * Nothing here is made anew for a request where it can be helped: a response is read in place while its
 * handler runs, and a request without holes is built once.
 */
export interface Transport {
  open(handler: ReplyHandler): Channel;
  /** Closes every channel; what is under way fails as `closed`. */
  close(): void;
}

/** The way of one user to the target: a request at a time. */
export interface Channel {
  send(request: OutgoingRequest): void;
  /** What is under way fails as `closed`, within the call. */
  close(): void;
}

/** Who waits for the answers of a channel. */
export interface ReplyHandler {
  /** The response is only valid during the call, and in promises that it settles, until they wait for anything else. */
  onResponse(response: Response): void;
  onFailure(failure: Failure): void;
}

/** A request with everything filled in. Its time limit holds from the call of `send` to the last byte of the answer. */
export interface OutgoingRequest {
  readonly method: string;
  /** Path and query in visible ASCII, beginning with a slash; the transport adds the target's base path. */
  readonly path: string;
  /** Complete lines, each ended by CR LF, without host and content-length: `accept: text/html\r\n`. */
  readonly headers: string;
  readonly body: string | Uint8Array | undefined;
  readonly timeoutMs: number;
  /** Whether the body of the reply will be read; otherwise it is counted and thrown away. */
  readonly keepsBody: boolean;
  /** Whether this very object is sent many times: a transport may keep what it makes of it. */
  readonly isConstant: boolean;
}

/** What came back. Times are on the clock's monotonic scale, sizes in bytes on the wire. */
export interface Response {
  readonly status: number;
  /** When the request was handed to an open connection. */
  readonly sentMs: number;
  readonly receivedMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Whether the server set a cookie: most do not, and nobody has to look. */
  readonly hasCookies: boolean;
  /** Whether it is no longer valid. Absent where it stays. */
  readonly isGone?: boolean;
  /** The first header of this lower-case name. */
  header(name: string): string | undefined;
  /** Every header of this lower-case name. */
  headers(name: string): string[];
  /** The body with its content encoding undone; empty where it was not kept. A view: copy what is to last. */
  body(): Buffer;
  /** Where the body stands within other bytes; for who reads it without a view. Absent where it stands alone. */
  readonly bodyPlace?: { readonly bytes: Buffer; readonly from: number; readonly to: number };
}

/** Why there is no answer. Times are on the clock's monotonic scale, sizes in bytes on the wire. */
export interface Failure {
  readonly reason: FailureReason;
  /** For people, without anything secret. */
  readonly message: string;
  /** Undefined when no connection came about. */
  readonly sentMs: number | undefined;
  readonly receivedMs: number;
  /** What went over the wire nevertheless. Absent where nobody knows. */
  readonly bytesIn?: number;
  readonly bytesOut?: number;
}

/**
 * `refused`: nobody listens. `unreachable`: no way to the host, or no name. `timeout`: no answer in time.
 * `reset`: the connection was cut off. `closed`: it ended before the answer was complete. `malformed`: what
 * came is no HTTP. `too large`: head or body went over the limit. `tls`: no trusted connection. `redirect`:
 * it led to another host, or round in circles. `exhausted`: this machine is out of sockets or ports.
 * `internal`: our own mistake, with its message.
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
  | 'redirect'
  | 'exhausted'
  | 'internal';
