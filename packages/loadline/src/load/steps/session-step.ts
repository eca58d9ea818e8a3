import type { SessionProtocol } from '../transports/session.ts';
import type { HeaderTemplate } from './request-parts.ts';
import type { Check, Extraction } from './response-values.ts';
import type { Template } from './template.ts';

/**
 * The steps of a connection that lasts. A user has one at a time, and its iteration ends it at the latest.
 *
 *   - connect: /prices?of={{item}}              a WebSocket, or `as: events`
 *   - send: { type: subscribe, id: "{{id}}" }   measured to the message that answers it
 *     await: { json: { /type: subscribed } }
 *   - receive: { contains: "{{id}}" }           measured to the next message that matches
 *     within: 10s
 *   - disconnect: true
 */
export type SessionStep = ConnectStep | SendStep | ReceiveStep | DisconnectStep;

/** Connects, and drops what was connected before. Measured to the server's answer. */
export interface ConnectStep {
  readonly kind: 'connect';
  /** In the report: steps of the same name share a row. */
  readonly name: string;
  readonly protocol: SessionProtocol;
  /** With the query. */
  readonly path: Template;
  readonly headers: readonly HeaderTemplate[];
  /** Instead of the plan's. */
  readonly timeoutMs?: number;
}

/** Sends a message over a WebSocket. With `answer` it is measured from when it was due to the message that matches. */
export interface SendStep {
  readonly kind: 'send';
  readonly name: string;
  readonly text: Template;
  /** Only what comes after the sending can be the answer. Absent where nothing is waited for. */
  readonly answer?: Expected;
}

/** Waits for a message, which may have come already. Measured from when it was due. */
export interface ReceiveStep {
  readonly kind: 'receive';
  readonly name: string;
  readonly message: Expected;
}

/** Takes leave. Not measured. */
export interface DisconnectStep {
  readonly kind: 'disconnect';
}

export interface Expected {
  readonly match: MessageMatch;
  /** Instead of the plan's time limit of a request. */
  readonly timeoutMs?: number;
  readonly checks: readonly Check[];
  readonly saves: readonly { readonly name: string; readonly from: Extraction }[];
}

/** What a message has to be. All that is named must hold; where nothing is, any message will do. */
export interface MessageMatch {
  /** The type of a server-sent event; one that names none is a `message`. */
  readonly event?: string;
  /** A part of its text: `"{{id}}"` finds a user's own message among those for all. */
  readonly contains?: Template;
  /** Of its text and of what it holds as JSON. */
  readonly checks: readonly Check[];
}
