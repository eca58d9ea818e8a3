import type { Clock } from '../../base/index.ts';
import type { Lane } from '../measure/lane.ts';
import type { Recorder } from '../measure/recorder.ts';
import { Filler, type Scope } from '../steps/filler.ts';
import type { Judged } from '../steps/judged.ts';
import { openMessage } from '../steps/message-match.ts';
import { buildRequest } from '../steps/request-parts.ts';
import type { OpenedResponse } from '../steps/response-reader.ts';
import type {
  Handshake,
  LoadTransport,
  Message,
  Session,
  SessionHandler,
  SessionProtocol,
  SessionTransport,
} from '../transports/session.ts';
import type { Failure, OutgoingRequest } from '../transports/transport.ts';
import type { ConnectOp, ExpectedMessage, ReceiveOp, SendOp, SessionOp } from './session-op.ts';

/** The virtual user behind a session. */
export interface SessionHost extends Scope {
  needsRest: boolean;
  withCookies(request: OutgoingRequest): OutgoingRequest;
  judge(asked: Judged, opened: OpenedResponse): void;
  /** Waits until `resume`. */
  wait(): void;
  /** What was waited for is there, and the next step is due. */
  resume(dueMs: number): void;
  setDue(dueMs: number): void;
  pause(durationMs: number): void;
  /** Ends the iteration, because a template of a step could not be filled. */
  cutShort(lane: Lane, unfilled: Filler): void;
}

export interface SessionContext {
  readonly clock: Clock;
  readonly recorder: Recorder;
  readonly transport: LoadTransport;
  /** The run's start on the clock's monotonic scale. */
  readonly startMs: number;
}

/**
 * What a user does over connections that last: one at a time, over which it waits for one thing at a time.
 * Latency counts from when a step was due to the handshake or the message; a message that came before has none.
 */
export class SessionUser implements SessionHandler {
  readonly #host: SessionHost;
  readonly #context: SessionContext;
  #protocol: SessionProtocol;
  #session: Session;
  #asked: Asked | undefined;
  /** Counts what has ended within its call, or as good as that. */
  #hasty = 0;

  constructor(host: SessionHost, context: SessionContext) {
    this.#host = host;
    this.#context = context;
    // Whoever has never connected learns that from a session of any protocol.
    this.#protocol = Object.keys(context.transport.sessions ?? {})[0] as SessionProtocol;
    this.#session = this.#open();
  }

  /** Does a step that was due at `dueMs`. @returns whether the user has to wait before it goes on. */
  begin(op: SessionOp, dueMs: number): boolean {
    switch (op.kind) {
      case 'connect':
        return this.#connect(op, dueMs);
      case 'send':
        return this.#send(op, dueMs);
      case 'receive':
        return this.#receive(op, dueMs);
      case 'disconnect':
        this.disconnect();
        return false;
    }
  }

  /** Takes leave, where it is connected. Only when nothing is waited for. */
  disconnect(): void {
    this.#session.disconnect();
  }

  /** Gives up what is under way; nobody is told. */
  abandon(): void {
    this.#asked = undefined;
  }

  close(): void {
    this.abandon();
    this.#session.close();
  }

  onHandshake({ status, isOpen, sentMs, receivedMs, bytesIn, bytesOut }: Handshake): void {
    const asked = this.#takeAsked();
    if (asked === undefined) return;
    const { lane, dueMs } = asked;
    this.#tellTime(receivedMs);
    lane.bytesIn += bytesIn;
    lane.bytesOut += bytesOut;
    lane.response(status, !isOpen, receivedMs - dueMs, receivedMs - sentMs);
    this.#host.resume(receivedMs);
  }

  onMatch(message: Message): void {
    const asked = this.#takeAsked();
    if (asked === undefined) return;
    const { lane, dueMs, askedMs, expected } = asked as AskedMessage;
    const endedMs = Math.max(message.receivedMs, dueMs);
    this.#tellTime(endedMs);
    lane.bytesIn += message.body.length;
    lane.message(endedMs - dueMs, Math.max(0, message.receivedMs - askedMs));
    this.#host.judge(expected, openMessage(message));
    this.#host.resume(endedMs);
  }

  onFailure(failure: Failure): void {
    const asked = this.#takeAsked();
    if (asked === undefined) return;
    this.#fail(asked.lane, asked.dueMs, failure);
    if (!this.#rest(failure.receivedMs)) this.#host.resume(failure.receivedMs);
  }

  #connect({ lane, parts, protocol }: ConnectOp, dueMs: number): boolean {
    const request = buildRequest('GET', parts, this.#host);
    if (request instanceof Filler) return this.#cutShort(lane, request);
    if (protocol !== this.#protocol) this.#changeTo(protocol);
    this.#ask({ lane, dueMs });
    this.#session.connect(this.#host.withCookies(request));
    return true;
  }

  #send({ lane, text, answer }: SendOp, dueMs: number): boolean {
    const filled = text.fill(this.#host);
    if (filled === undefined) return this.#cutShort(lane, text);
    const contains = this.#fillContains(answer);
    if (contains instanceof Filler) return this.#cutShort(lane, contains);
    const sentMs = this.#context.clock.monotonicMs();
    const failure = this.#session.send(filled);
    if (failure !== undefined) {
      this.#fail(lane, dueMs, failure);
      return this.#rest(failure.receivedMs);
    }
    lane.bytesOut += Buffer.byteLength(filled);
    if (answer !== undefined)
      return this.#waitFor({ lane, dueMs, askedMs: sentMs, expected: answer }, contains, false);
    this.#tellTime(sentMs);
    lane.sent();
    return this.#rest(sentMs);
  }

  #receive({ lane, message }: ReceiveOp, dueMs: number): boolean {
    const contains = this.#fillContains(message);
    if (contains instanceof Filler) return this.#cutShort(lane, contains);
    const askedMs = this.#context.clock.monotonicMs();
    return this.#waitFor({ lane, dueMs, askedMs, expected: message }, contains, true);
  }

  #waitFor(asked: AskedMessage, contains: string | undefined, takesEarlier: boolean): boolean {
    const { matches, timeoutMs } = asked.expected;
    this.#ask(asked);
    this.#session.waitFor({ matches: (message) => matches(message, contains), timeoutMs, takesEarlier });
    return true;
  }

  /** What a message has to contain; the template itself where there is no value for it. */
  #fillContains(expected: ExpectedMessage | undefined): string | Filler | undefined {
    return expected?.contains?.fill(this.#host) ?? expected?.contains;
  }

  #ask(asked: Asked): void {
    this.#asked = asked;
    this.#host.wait();
  }

  #takeAsked(): Asked | undefined {
    const asked = this.#asked;
    this.#asked = undefined;
    return asked;
  }

  #fail(lane: Lane, dueMs: number, { reason, message, sentMs, receivedMs }: Failure): void {
    this.#tellTime(receivedMs);
    const serviceMs = sentMs === undefined ? undefined : receivedMs - sentMs;
    lane.failure(reason, message, receivedMs - dueMs, serviceMs);
    this.#host.needsRest = true;
  }

  /** Lets the others have a turn, once in many steps that took no time. @returns whether the user pauses. */
  #rest(endedMs: number): boolean {
    this.#host.setDue(endedMs);
    this.#hasty = (this.#hasty + 1) % hastyMax;
    if (this.#hasty > 0) return false;
    this.#host.pause(restMs);
    return true;
  }

  #cutShort(lane: Lane, unfilled: Filler): boolean {
    this.#host.cutShort(lane, unfilled);
    return true;
  }

  #changeTo(protocol: SessionProtocol): void {
    this.#session.disconnect();
    this.#session.close();
    this.#protocol = protocol;
    this.#session = this.#open();
  }

  #open(): Session {
    const transport = this.#context.transport.sessions?.[this.#protocol] as SessionTransport;
    return transport.open(this);
  }

  #tellTime(atMs: number): void {
    const { recorder, startMs } = this.#context;
    recorder.at(atMs - startMs);
  }
}

/** What is under way, and where it is measured. */
interface Asked {
  readonly lane: Lane;
  readonly dueMs: number;
}

interface AskedMessage extends Asked {
  /** When the question was sent, or the waiting began. */
  readonly askedMs: number;
  readonly expected: ExpectedMessage;
}

const hastyMax = 100;
const restMs = 1;
