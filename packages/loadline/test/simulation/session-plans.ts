import type { Clock } from 'loadline/base';
import {
  type ConnectRequest,
  createFunctionSessions,
  type FarEnd,
  type FunctionHandshake,
  type SessionTransport,
  type SessionTransports,
} from 'loadline/load';
import type { ConnectStep, Expected, ReceiveStep, SendStep } from '../../src/load/steps/session-step.ts';
import { template } from './simulate.ts';

export function connect(path: string, given: Partial<ConnectStep> = {}): ConnectStep {
  return {
    kind: 'connect',
    name: 'connect',
    protocol: 'websocket',
    path: template(path),
    headers: [],
    ...given,
  };
}

export function send(text: string, answer?: Expected): SendStep {
  return { kind: 'send', name: 'send', text: template(text), ...(answer === undefined ? {} : { answer }) };
}

export function receive(message: Expected, name = 'receive'): ReceiveStep {
  return { kind: 'receive', name, message };
}

export const disconnect = { kind: 'disconnect' } as const;

/** A message with this in its text. */
export function containing(text: string, given: Partial<Expected> = {}): Expected {
  return { match: { contains: template(text), checks: [] }, checks: [], saves: [], ...given };
}

export const any: Expected = { match: { checks: [] }, checks: [], saves: [] };

export const opensAfter = (delayMs: number, onMessage?: (text: string) => void): FunctionHandshake => ({
  kind: 'open',
  delayMs,
  ...(onMessage === undefined ? {} : { onMessage }),
});

/** What was asked of sessions, however it ended. */
export interface SeenSessions {
  readonly sessions: (clock: Clock) => SessionTransports;
  readonly farEnds: readonly FarEnd[];
  readonly requests: readonly ConnectRequest[];
  /** Handshakes, messages and answers that were waited for, and messages that were only sent. */
  steps(): number;
  /** How many were opened, and how many closed. */
  users(): { readonly opened: number; readonly closed: number };
}

/** Sessions of both protocols with a function at the far end. */
export function watchedSessions(
  answer: (farEnd: FarEnd, request: ConnectRequest) => FunctionHandshake,
): SeenSessions {
  const farEnds: FarEnd[] = [];
  const requests: ConnectRequest[] = [];
  let steps = 0;
  let opened = 0;
  const closed = new Set<object>();
  const open = (clock: Clock): SessionTransport => {
    const inner = createFunctionSessions(clock, (request, farEnd) => {
      farEnds.push(farEnd);
      requests.push(request);
      return answer(farEnd, request);
    });
    return {
      counts: inner.counts,
      open(handler) {
        opened++;
        const session = inner.open(handler);
        return {
          connect(request) {
            steps++;
            session.connect(request);
          },
          send(text) {
            steps++;
            return session.send(text);
          },
          waitFor(wait) {
            // The answer to what was sent belongs to the sending.
            if (wait.takesEarlier) steps++;
            session.waitFor(wait);
          },
          disconnect: () => session.disconnect(),
          close() {
            closed.add(session);
            session.close();
          },
        };
      },
      close: () => inner.close(),
    };
  };
  return {
    sessions: (clock) => ({ websocket: open(clock), events: open(clock) }),
    farEnds,
    requests,
    steps: () => steps,
    users: () => ({ opened, closed: closed.size }),
  };
}
