import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { answerAtNode } from '../../traffic/index.ts';
import { createFollow, type UserOf, type Watcher } from './watcher.ts';

/** What the service knows of a request and `node:http` does not. */
export interface NodeOptions {
  /** The pattern that a request fits, `/food/:id`; what has none is counted as `unmatched`. Asked when it is answered. */
  readonly routeOf?: (request: IncomingMessage) => string | undefined;
  /** Who it is from. Default: nobody is told, and active users are not counted. */
  readonly userOf?: UserOf<IncomingMessage>;
}

/** Watches a handler of `node:http`, and answers at the doors instead of it. */
export function watchHandler(
  watcher: Watcher,
  handler: RequestListener,
  { routeOf, userOf }: NodeOptions = {},
): (request: IncomingMessage, response: ServerResponse) => void {
  const follow = createFollow<IncomingMessage>(watcher, {
    routeOf: routeOf ?? (() => undefined),
    userOf,
  });
  return (request, response) => {
    const door = watcher.doorAt(request.url);
    if (door !== undefined) {
      void answerAtNode(door, request, response);
      return;
    }
    follow(request, response);
    handler(request, response);
  };
}
