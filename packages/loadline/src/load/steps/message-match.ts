import { OpenedResponse, prepareCheck } from './response-reader.ts';
import type { MessageMatch } from './session-step.ts';

/** A message as far as it can be read. */
export interface ReadableMessage {
  /** The type of a server-sent event, where it has one. */
  readonly event: string | undefined;
  readonly body: Buffer;
}

/** Whether a message is the one that is waited for; `contains` is the match's template, filled. */
export type MatchesMessage = (message: ReadableMessage, contains: string | undefined) => boolean;

/** Prepares a match once, so that passing over a message is little work. */
export function prepareMatch({ event, checks }: Omit<MessageMatch, 'contains'>): MatchesMessage {
  const judges = checks.map(prepareCheck);
  return (message, contains) => {
    if (event !== undefined && event !== (message.event ?? untyped)) return false;
    if (contains !== undefined && !message.body.includes(contains)) return false;
    if (judges.length === 0) return true;
    const opened = openMessage(message);
    return judges.every((holds) => holds(opened));
  };
}

/** A message as checks and extractions read it: a response without status whose one header is `event`. */
export function openMessage({ event = untyped, body }: ReadableMessage): OpenedResponse {
  return new OpenedResponse({
    status: 0,
    header: (name) => (name === 'event' ? event : undefined),
    body: () => body,
  });
}

/** What a server-sent event is that names no type (HTML, section 9.2.6). */
const untyped = 'message';
