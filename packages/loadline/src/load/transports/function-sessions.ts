import type { Clock, Timer } from '../../base/index.ts';
import { createLinkSessions, type Link, type LinkEvents, type SessionLimits } from './link-session.ts';
import type { ConnectRequest, SessionTransport } from './session.ts';
import type { FailureReason } from './transport.ts';

/** What a function answers to a `connect`: a status after `delayMs`, or a failure, or nothing at all. */
export type FunctionHandshake =
  | {
      readonly kind: 'open';
      readonly delayMs: number;
      /** Is told what the user sends. */
      readonly onMessage?: (text: string) => void;
    }
  | { readonly kind: 'refused'; readonly delayMs: number; readonly status: number }
  | { readonly kind: 'failure'; readonly delayMs: number; readonly reason: FailureReason }
  | { readonly kind: 'silence' };

/** The far end of a session. What it says once the session is over is lost. */
export interface FarEnd {
  readonly isOver: boolean;
  /** Its message arrives after the delay; `event` is the type of a server-sent event. */
  say(text: string, delayMs: number, event?: string): void;
  /** Ends the session after the delay. */
  leave(reason: FailureReason, delayMs: number): void;
}

/**
 * Sessions with a function instead of a network, for simulations on a virtual clock. Time limits, early messages
 * and what is forgotten of them are those of every driver.
 */
export function createFunctionSessions(
  clock: Clock,
  answer: (request: ConnectRequest, farEnd: FarEnd) => FunctionHandshake,
  limits: SessionLimits = {},
): SessionTransport {
  return createLinkSessions(clock, limits, (request, events) => {
    const link = new FunctionLink(clock, events);
    link.begin(answer(request, link));
    return link;
  });
}

class FunctionLink implements Link, FarEnd {
  readonly #clock: Clock;
  readonly #events: LinkEvents;
  readonly #timers = new Set<Timer>();
  #isOver = false;
  #onMessage: ((text: string) => void) | undefined;

  constructor(clock: Clock, events: LinkEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  begin(handshake: FunctionHandshake): void {
    if (handshake.kind === 'silence') return;
    if (handshake.kind === 'failure') {
      this.leave(handshake.reason, handshake.delayMs);
      return;
    }
    const isOpen = handshake.kind === 'open';
    const status = isOpen ? 101 : handshake.status;
    this.#after(handshake.delayMs, () => {
      if (isOpen) this.#onMessage = handshake.onMessage;
      else this.destroy();
      this.#events.onHandshake({ status, isOpen, bytesIn: 0, bytesOut: 0 });
    });
  }

  say(text: string, delayMs: number, event?: string): void {
    this.#after(delayMs, () => this.#events.onMessage(Buffer.from(text), event));
  }

  leave(reason: FailureReason, delayMs: number): void {
    this.#after(delayMs, () => {
      this.destroy();
      this.#events.onBroken({ reason, message: reason });
    });
  }

  send(text: string): undefined {
    this.#onMessage?.(text);
  }

  end(whenOver: () => void): void {
    this.destroy();
    whenOver();
  }

  destroy(): void {
    this.#isOver = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#onMessage = undefined;
  }

  #after(delayMs: number, act: () => void): void {
    if (this.#isOver) return;
    const timer = this.#clock.setTimer(() => {
      this.#timers.delete(timer);
      act();
    }, delayMs);
    this.#timers.add(timer);
  }
}
