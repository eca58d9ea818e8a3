import type { Answer } from './answer.ts';
import type { DataSink } from './body-reader.ts';
import type { RequestHead } from './request-head.ts';

/** One request, and who asks. */
export interface ProxiedRequest {
  readonly head: RequestHead;
  readonly clientAddress: string;
}

/** A request that somebody sees to, as a client's connection has to do with it. */
export interface Handling extends DataSink {
  start(): void;
  /** Whether all of the request's body has been taken. */
  readonly isBodyWhole: boolean;
  /** Whether bytes of the body can be taken now. */
  readonly takesBody: boolean;
  /** What came of the body in one piece is over. */
  flushBody(): void;
  endBody(trailers: string): void;
  /** The client has ended its side of a connection that was handed over. */
  endStream(): void;
  /** The client takes bytes again. */
  resumeAnswer(): void;
  /** The client is gone. */
  cancel(): void;
}

/** Who gives the request's body, and hears how it ends. */
export interface HandlingOwner {
  /** More of the body can be taken. */
  resumeBody(): void;
  /** The connection is a stream of bytes in both directions now. */
  onUpgraded(): void;
  /** Of such a stream, the upstream has ended its side. */
  onStreamEnd(): void;
  /** It is over: the answer is complete, refused or cut. */
  onFinished(): void;
}

/** Finds who sees to a request. */
export type Handle = (request: ProxiedRequest, answer: Answer, owner: HandlingOwner) => Handling;
