import type { Clock, Timer } from '../../base/index.ts';
import type {
  Channel,
  FailureReason,
  OutgoingRequest,
  ReplyHandler,
  Response,
  Transport,
} from './transport.ts';

/** What a function answers: a response after `delayMs`, or a failure, or nothing at all. */
export type FunctionReply =
  | {
      readonly kind: 'response';
      readonly delayMs: number;
      readonly status: number;
      readonly body?: string;
      /** By lower-case names; several values of one header in a list. */
      readonly headers?: Readonly<Record<string, string | readonly string[]>>;
    }
  | { readonly kind: 'failure'; readonly delayMs: number; readonly reason: FailureReason }
  | { readonly kind: 'silence' };

/**
 * A transport that calls a function instead of a network: for simulations on a virtual clock, and to load
 * something that lives in this process. Silence ends by the request's time limit, as it would on a network.
 */
export function createFunctionTransport(
  clock: Clock,
  answer: (request: OutgoingRequest, sentMs: number) => FunctionReply,
): Transport {
  const open = new Set<Channel>();
  return {
    open(handler) {
      const channel = new FunctionChannel(clock, answer, handler, () => open.delete(channel));
      open.add(channel);
      return channel;
    },
    close() {
      for (const channel of [...open]) channel.close();
    },
  };
}

class FunctionChannel implements Channel {
  readonly #clock: Clock;
  readonly #answer: (request: OutgoingRequest, sentMs: number) => FunctionReply;
  readonly #handler: ReplyHandler;
  readonly #forget: () => void;
  #timer: Timer | undefined;
  #sentMs = 0;

  constructor(
    clock: Clock,
    answer: (request: OutgoingRequest, sentMs: number) => FunctionReply,
    handler: ReplyHandler,
    forget: () => void,
  ) {
    this.#clock = clock;
    this.#answer = answer;
    this.#handler = handler;
    this.#forget = forget;
  }

  send(request: OutgoingRequest): void {
    this.#sentMs = this.#clock.monotonicMs();
    const reply = this.#answer(request, this.#sentMs);
    const isLate = reply.kind === 'silence' || reply.delayMs > request.timeoutMs;
    this.#timer = this.#clock.setTimer(
      () => {
        this.#timer = undefined;
        if (isLate) this.#fail('timeout', `no answer within ${request.timeoutMs} ms`);
        else if (reply.kind === 'failure') this.#fail(reply.reason, reply.reason);
        else this.#handler.onResponse(responseOf(reply, this.#sentMs, this.#clock.monotonicMs()));
      },
      isLate ? request.timeoutMs : reply.delayMs,
    );
  }

  close(): void {
    this.#forget();
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    this.#fail('closed', 'the run has ended');
  }

  #fail(reason: FailureReason, message: string): void {
    this.#handler.onFailure({
      reason,
      message,
      sentMs: this.#sentMs,
      receivedMs: this.#clock.monotonicMs(),
    });
  }
}

function responseOf(
  reply: FunctionReply & { kind: 'response' },
  sentMs: number,
  receivedMs: number,
): Response {
  const body = Buffer.from(reply.body ?? '');
  const headers = reply.headers ?? {};
  const valuesOf = (name: string): string[] =>
    Object.hasOwn(headers, name) ? ([headers[name] ?? []].flat() as string[]) : [];
  return {
    status: reply.status,
    sentMs,
    receivedMs,
    bytesIn: body.length,
    bytesOut: 0,
    hasCookies: valuesOf('set-cookie').length > 0,
    header: (name) => valuesOf(name)[0],
    headers: valuesOf,
    body: () => body,
  };
}
