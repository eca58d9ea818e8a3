import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerAtDoor } from './node-door.ts';
import { createFollow, type UserOf, unmatched, type Watcher } from './watcher.ts';

/** What Express adds to a request, and Connect does not. */
export interface ExpressRequest extends IncomingMessage {
  readonly originalUrl?: string;
  readonly baseUrl?: string;
  readonly route?: { readonly path?: unknown };
}

/** A function for `app.use()` of Express and of whatever else works like Connect. Comes first, to see everything. */
export type ExpressMiddleware = (request: ExpressRequest, response: ServerResponse, next: () => void) => void;

export function expressMiddleware<Request extends ExpressRequest>(
  watcher: Watcher,
  { userOf }: { readonly userOf?: UserOf<Request> } = {},
): ExpressMiddleware {
  const follow = createFollow<Request>(watcher, { routeOf, userOf });
  return (request, response, next) => {
    const door = watcher.doorAt(request.originalUrl ?? request.url);
    if (door !== undefined) {
      void answerAtDoor(door, request, response);
      return;
    }
    follow(request as Request, response);
    next();
  };
}

/** A router's own path and that of its route, as they still stand on an answered request. */
function routeOf({ baseUrl = '', route }: ExpressRequest): string {
  const path = route?.path;
  return path === undefined ? unmatched : `${baseUrl}${String(path)}`;
}
