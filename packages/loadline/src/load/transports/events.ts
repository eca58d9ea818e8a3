import { type ClientRequest, type IncomingMessage, request as openRequest } from 'node:http';
import type { Socket } from 'node:net';
import { createParser } from 'eventsource-parser';
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

export interface EventsOptions extends DialOptions, SessionLimits {
  readonly clock: Clock;
  /** The longest event that is taken, in characters. Default 1 Mi. */
  readonly messageCharactersMax?: number;
  /** Default 64 KiB. */
  readonly headBytesMax?: number;
}

/**
 * Server-sent events (HTML, section 9.2): a GET over HTTP/1.1 whose answer does not end. A stream that ends is
 * not opened again by itself, as a browser would: the scenario says when.
 */
export function createEventsTransport(options: EventsOptions): SessionTransport {
  const dial = createDial(options, ['http/1.1']);
  return createLinkSessions(options.clock, options, (request, events) => {
    return new EventsLink(dial(), request, options, events);
  });
}

class EventsLink implements Link {
  readonly #socket: Socket;
  readonly #request: ClientRequest;
  readonly #events: LinkEvents;
  readonly #messageCharactersMax: number;
  #isOver = false;

  constructor(socket: Socket, request: ConnectRequest, options: EventsOptions, events: LinkEvents) {
    this.#socket = socket;
    this.#events = events;
    this.#messageCharactersMax = options.messageCharactersMax ?? 1024 * 1024;
    this.#request = sendRequest(socket, request, options)
      .on('response', (response) => this.#onResponse(response))
      .on('upgrade', () => this.#onBroken(notAsked))
      .on('error', (error) => this.#onBroken(httpProblem(error)));
  }

  send(): LinkProblem {
    return { reason: 'internal', message: 'server-sent events take no message to the server' };
  }

  end(whenOver: () => void): void {
    this.destroy();
    whenOver();
  }

  destroy(): void {
    this.#isOver = true;
    this.#request.destroy();
    this.#socket.destroy();
  }

  #onResponse(response: IncomingMessage): void {
    if (this.#isOver) return;
    response.on('error', (error) => this.#onBroken(httpProblem(error)));
    const { statusCode: status = 0, headers } = response;
    const type = headers['content-type'] ?? 'nothing';
    if (status !== 200) this.#answer(status, false);
    else if (!/^text\/event-stream\s*(;|$)/i.test(type)) this.#onBroken(noEvents('another type of content'));
    else if (headers['content-encoding'] !== undefined)
      this.#onBroken(noEvents('an encoding nobody asked for'));
    else this.#read(response);
  }

  #read(response: IncomingMessage): void {
    this.#answer(200, true);
    const parser = createParser({
      maxBufferSize: this.#messageCharactersMax,
      onEvent: ({ data, event }) => {
        if (!this.#isOver) this.#events.onMessage(Buffer.from(data), event);
      },
      onError: ({ type }) => {
        // Everything else that is wrong with a line is passed over, as the standard says.
        if (type === 'max-buffer-size-exceeded') this.#onBroken(tooLarge);
      },
    });
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      if (!this.#isOver) parser.feed(text);
    });
    response.on('end', () => this.#onBroken(ended));
  }

  #answer(status: number, isOpen: boolean): void {
    const { bytesRead, bytesWritten } = this.#socket;
    if (!isOpen) this.destroy();
    this.#events.onHandshake({ status, isOpen, bytesIn: bytesRead, bytesOut: bytesWritten });
  }

  #onBroken(problem: LinkProblem): void {
    if (this.#isOver) return;
    this.destroy();
    this.#events.onBroken(problem);
  }
}

const ended: LinkProblem = { reason: 'closed', message: 'the target ended the stream of events' };
const tooLarge: LinkProblem = { reason: 'too large', message: 'the target sent an event over the limit' };
const notAsked: LinkProblem = { reason: 'malformed', message: 'the target changed the protocol unasked' };

function noEvents(what: string): LinkProblem {
  return { reason: 'malformed', message: `the target answered with ${what}, not with events` };
}

function sendRequest(
  socket: Socket,
  { path, headers: lines }: ConnectRequest,
  options: EventsOptions,
): ClientRequest {
  const { target, headBytesMax = 64 * 1024 } = options;
  const given = readHeaderLines(lines).filter(([name]) => name !== 'accept-encoding');
  const headers: Record<string, string | string[]> = { host: target.host, accept: 'text/event-stream' };
  for (const [name, value] of given) headers[name] = value;
  try {
    return openRequest({
      createConnection: () => socket,
      path: target.pathname.replace(/\/$/, '') + path,
      headers,
      maxHeaderSize: headBytesMax,
    }).end();
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
