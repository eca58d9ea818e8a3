import type { Lane } from '../measure/lane.ts';
import { Filler, type SlotLinks } from '../steps/filler.ts';
import { type Judged, prepareJudged } from '../steps/judged.ts';
import { type MatchesMessage, prepareMatch } from '../steps/message-match.ts';
import { prepareHeaders, type RequestParts } from '../steps/request-parts.ts';
import type { ConnectStep, DisconnectStep, Expected, SessionStep } from '../steps/session-step.ts';
import type { SessionProtocol } from '../transports/session.ts';

/** A session step, prepared. */
export type SessionOp = ConnectOp | SendOp | ReceiveOp | DisconnectStep;

export interface ConnectOp {
  readonly kind: 'connect';
  readonly lane: Lane;
  readonly protocol: SessionProtocol;
  readonly parts: RequestParts;
}

export interface SendOp {
  readonly kind: 'send';
  readonly lane: Lane;
  readonly text: Filler;
  readonly answer: ExpectedMessage | undefined;
}

export interface ReceiveOp {
  readonly kind: 'receive';
  readonly lane: Lane;
  readonly message: ExpectedMessage;
}

export interface ExpectedMessage extends Judged {
  readonly matches: MatchesMessage;
  /** What the message has to contain, for each user anew. */
  readonly contains: Filler | undefined;
  readonly timeoutMs: number;
}

/** Prepares a step. @param laneOf where a step of this name is measured; @param timeoutMs where it has no limit of its own. */
export function prepareSessionStep(
  step: SessionStep,
  laneOf: (name: string) => Lane,
  timeoutMs: number,
  links: SlotLinks,
): SessionOp {
  if (step.kind === 'disconnect') return step;
  const lane = laneOf(step.name);
  const expected = (message: Expected): ExpectedMessage => prepareExpected(message, lane, timeoutMs, links);
  switch (step.kind) {
    case 'connect':
      return {
        kind: 'connect',
        lane,
        protocol: step.protocol,
        parts: prepareConnect(step, timeoutMs, links),
      };
    case 'send': {
      const answer = step.answer === undefined ? undefined : expected(step.answer);
      return { kind: 'send', lane, text: new Filler(step.text, 'body', links), answer };
    }
    case 'receive':
      return { kind: 'receive', lane, message: expected(step.message) };
  }
}

function prepareConnect(step: ConnectStep, timeoutMs: number, links: SlotLinks): RequestParts {
  return {
    path: new Filler(step.path, 'path', links),
    headers: prepareHeaders(step.headers, links),
    body: undefined,
    timeoutMs: step.timeoutMs ?? timeoutMs,
    keepsBody: false,
  };
}

function prepareExpected(
  message: Expected,
  lane: Lane,
  timeoutMs: number,
  links: SlotLinks,
): ExpectedMessage {
  const { contains } = message.match;
  return {
    ...prepareJudged(message, lane, links),
    matches: prepareMatch(message.match),
    contains: contains === undefined ? undefined : new Filler(contains, 'body', links),
    timeoutMs: message.timeoutMs ?? timeoutMs,
  };
}
