import type { Clock } from '../../base/index.ts';
import type { Counter } from '../../metrics/index.ts';
import type { Door } from '../../traffic/index.ts';
import type { ActiveUsers } from '../meters/active-users.ts';
import type { HttpObserver } from '../meters/http-metrics.ts';
import type { NetworkObserver } from '../meters/network-metrics.ts';
import type { ExchangeFollower, Exchanges, NodeResponse } from './exchanges.ts';

/** What an adapter tells of the requests that its framework takes. */
export interface Watcher {
  readonly clock: Clock;
  readonly exchanges: Exchanges;
  readonly http: HttpObserver;
  readonly network: NetworkObserver;
  readonly users: ActiveUsers;
  readonly userFailures: Counter;
  readonly routeFailures: Counter;
  /** The door at a request's target, which then answers instead of the service. */
  doorAt(url: string | undefined): Door | undefined;
}

/** Tells who a request is from; undefined for whoever is not signed in. Called when it has been answered. */
export type UserOf<Request> = (request: Request) => string | undefined;

/** The route of what fits no route. */
const unmatched = 'unmatched';

/** What an adapter knows of a request by whatever its framework gives for one. Asked when it has been answered. */
export interface Asked<Subject> {
  /** The pattern that it fits; undefined where there is none. */
  readonly routeOf: (subject: Subject, response: NodeResponse) => string | undefined;
  readonly userOf: UserOf<Subject> | undefined;
}

/** Follows one request from now on, to the end of its answer or of its connection. */
export type Follow<Subject> = (subject: Subject, response: NodeResponse) => void;

/** Makes what follows the requests of `node:http`, once for each adapter. It is paid for with every request. */
export function createFollow<Subject>(
  watcher: Watcher,
  { routeOf, userOf }: Asked<Subject>,
): Follow<Subject> {
  const { clock, exchanges, http } = watcher;
  const follower: ExchangeFollower<Subject> = {
    begun() {
      http.begin();
      return clock.monotonicMs();
    },
    ended({ subject, response, status, startMs }) {
      const nowMs = clock.monotonicMs();
      http.end({
        method: response.req.method ?? 'GET',
        route: seeRoute(watcher, routeOf, subject, response),
        status,
        durationMs: nowMs - startMs,
      });
      if (userOf !== undefined) seeUser(watcher, userOf, subject, nowMs);
    },
  };
  return (subject, response) => exchanges.follow(response, subject, follower);
}

/** As `seeUser`: what has no route that can be told has none. */
export function seeRoute<Subject, Response>(
  { routeFailures }: Watcher,
  routeOf: (subject: Subject, response: Response) => string | undefined,
  subject: Subject,
  response: Response,
): string {
  try {
    const route = routeOf(subject, response);
    if (typeof route === 'string') return route;
    // Plain JavaScript may tell anything.
    if (route !== undefined) routeFailures.add();
  } catch {
    routeFailures.add();
  }
  return unmatched;
}

/** A service's own function must not break the counting of its requests, nor the request. */
export function seeUser<Subject>(
  { users, userFailures }: Watcher,
  userOf: UserOf<Subject>,
  subject: Subject,
  nowMs: number,
): void {
  try {
    const user = userOf(subject);
    if (user !== undefined) users.see(user, nowMs);
  } catch {
    userFailures.add();
  }
}
