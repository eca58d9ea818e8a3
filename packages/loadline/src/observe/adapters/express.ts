import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerAtNode } from '../../traffic/index.ts';
import { patternsOf, prefixOf } from './express-prefix.ts';
import { createFollow, type UserOf, type Watcher } from './watcher.ts';

/** What Express adds to a request, and Connect does not. */
export interface ExpressRequest extends IncomingMessage {
  readonly originalUrl?: string;
  readonly baseUrl?: string;
  readonly route?: { readonly path?: unknown };
  readonly app?: unknown;
}

/** A function for `app.use()` of Express and of whatever else works like Connect. Comes first, to see everything. */
export type ExpressMiddleware = (request: ExpressRequest, response: ServerResponse, next: () => void) => void;

/** What the service knows of a request and Express does not tell. */
export interface ExpressOptions<Request> {
  /** The pattern that a request fits, where Express does not tell it, or not well enough; undefined where there is none. */
  readonly routeOf?: (request: Request) => string | undefined;
  /** Who it is from. Default: nobody is told, and active users are not counted. */
  readonly userOf?: UserOf<Request>;
}

export function expressMiddleware<Request extends ExpressRequest>(
  watcher: Watcher,
  { routeOf, userOf }: ExpressOptions<Request> = {},
): ExpressMiddleware {
  const follow = createFollow<Request>(watcher, { routeOf: routeOf ?? createRouteFinder(), userOf });
  return (request, response, next) => {
    const door = watcher.doorAt(request.originalUrl ?? request.url);
    if (door !== undefined) {
      void answerAtNode(door, request, response);
      return;
    }
    follow(request as Request, response);
    next();
  };
}

/** Under how many prefixes that we know no pattern of a route may be found. */
const prefixesMax = 100;

/** What is known of a route by the prefixes under which it was found. */
interface Found {
  readonly patterns: readonly string[];
  readonly byPrefix: Map<string, string>;
}

/**
 * Finds the pattern of an answered request: that of its router's mount, and that of its route. Express tells the second,
 * and of the first only what a request had there: every id would be a series of its own.
 */
function createRouteFinder(): (request: ExpressRequest) => string | undefined {
  const known = new WeakMap<object, Found>();
  return ({ baseUrl = '', route, app }) => {
    if (route?.path === undefined) return undefined;
    let found = known.get(route);
    if (found === undefined) {
      found = { patterns: patternsOf(app), byPrefix: new Map() };
      known.set(route, found);
    }
    const { patterns, byPrefix } = found;
    const seen = byPrefix.get(baseUrl);
    if (seen !== undefined) return seen;
    const prefix = prefixOf(baseUrl, patterns, byPrefix.size < prefixesMax);
    const pattern = `${prefix}${String(route.path)}`;
    if (byPrefix.size < prefixesMax) byPrefix.set(baseUrl, pattern);
    return pattern;
  };
}
