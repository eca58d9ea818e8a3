import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { DoorAnswer } from './door.ts';
import {
  clientWent,
  type Follower,
  type Gate,
  type GateRequest,
  isAnswer,
  type Passage,
  pathOf,
} from './gate.ts';

/** A request under way, and where it goes if the gate lets it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  goOn(): void;
  /** Called just before the gate itself answers. */
  takeOver?(): void;
}

/** Puts a gate in front of a handler of `node:http`. */
export function gateHandler(
  gate: Gate,
  handler: RequestListener,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => passNode(gate, { request, response, goOn: () => handler(request, response) });
}

/** Asks a gate about a request, and answers it or lets it go on: at once wherever the gate knows at once. */
export function passNode(gate: Gate, exchange: Exchange): void {
  const passage = gate.take(new NodeRequest(exchange.request));
  if (passage instanceof Promise) void passage.then((found) => settle(found, exchange));
  else settle(passage, exchange);
}

function settle(passage: Passage, exchange: Exchange): void {
  const { request, response } = exchange;
  if (passage === undefined) exchange.goOn();
  else if (isAnswer(passage)) {
    exchange.takeOver?.();
    answerNode(passage, request, response);
  } else {
    followNode(passage, response);
    if (!response.destroyed) exchange.goOn();
  }
}

/** Tells a follower when the answer has gone out, or nobody waits for it any more. */
export function followNode(follower: Follower, response: ServerResponse): void {
  const tell = (): void => {
    const isAnswered = response.writableFinished && response.writableEnded;
    follower.ended(isAnswered ? response.statusCode : clientWent);
  };
  if (response.destroyed) tell();
  else response.on('close', tell);
}

/** Sends an answer that is not the service's own. */
export function answerNode(
  { status, headers, body }: DoorAnswer,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (response.destroyed) return;
  // A body that was not read to its end would be taken for the next request.
  if (!request.complete) response.setHeader('connection', 'close');
  response.writeHead(status, headers);
  if (typeof body === 'string' || body instanceof Uint8Array) response.end(body);
  // Whoever went away while reading has nothing more to be told, and one in the middle of whose answer we fail has to see it.
  else void pipeline(Readable.from(body), response).catch(() => response.destroy());
}

/** Nothing of it is looked up before a gate asks. */
export class NodeRequest implements GateRequest {
  readonly #request: IncomingMessage;
  /** With the query. */
  readonly target: string;
  readonly path: string;

  constructor(request: IncomingMessage) {
    this.#request = request;
    // Express cuts off of `url` what a router is mounted on.
    this.target = (request as { readonly originalUrl?: string }).originalUrl ?? request.url ?? '/';
    this.path = pathOf(this.target);
  }

  get raw(): object {
    return this.#request;
  }

  get method(): string {
    return this.#request.method ?? 'GET';
  }

  get address(): string | undefined {
    return this.#request.socket.remoteAddress;
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }
}
