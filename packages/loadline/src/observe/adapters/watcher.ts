import type { Clock } from '../../base/index.ts';
import type { Counter } from '../../metrics/index.ts';
import { clientWent, type Door } from '../../traffic/index.ts';
import type { ActiveUsers } from '../meters/active-users.ts';
import type { HttpObserver } from '../meters/http-metrics.ts';
import type { CountedSocket, NetworkObserver } from '../meters/network-metrics.ts';

/** What an adapter tells of the requests that its framework takes. */
export interface Watcher {
  readonly clock: Clock;
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

/** What is needed of `http.IncomingMessage`. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly socket: CountedSocket;
  readonly httpVersionMajor: number;
}

/** What is needed of `http.ServerResponse`. */
export interface NodeResponse {
  readonly req: NodeRequest;
  readonly statusCode: number;
  readonly writableEnded: boolean;
  readonly writableFinished: boolean;
  on(event: 'close', listener: (this: NodeResponse) => void): unknown;
}

/** What an adapter knows of a request by whatever its framework gives for one. Asked when it has been answered. */
export interface Asked<Subject> {
  /** The pattern that it fits; undefined where there is none. */
  readonly routeOf: (subject: Subject, response: NodeResponse) => string | undefined;
  readonly userOf: UserOf<Subject> | undefined;
}

/** Follows one request from now on, to the end of its answer or of its connection. */
export type Follow<Subject> = (subject: Subject, response: NodeResponse) => void;

/**
 * Makes what follows the requests of `node:http`, once for each adapter. It is paid for with every request: one function
 * listens to all responses, and what it has to know is kept on the response itself. A closure for each and `once()`,
 * which wraps it, took twice as long as all of this.
 */
export function createFollow<Subject>(
  watcher: Watcher,
  { routeOf, userOf }: Asked<Subject>,
): Follow<Subject> {
  const { clock, http, network } = watcher;
  // Of this adapter alone: a response may be followed by others, too.
  const begunMs = Symbol('begunMs');
  const subjectOf = Symbol('subject');
  interface Followed extends NodeResponse {
    /** NaN when it has been counted: whatever is no number would make another kind of object of each response. */
    [begunMs]?: number;
    [subjectOf]?: Subject;
  }
  function onClose(this: Followed): void {
    const startMs = this[begunMs];
    if (startMs === undefined || Number.isNaN(startMs)) return;
    const subject = this[subjectOf] as Subject;
    this[begunMs] = Number.NaN;
    const nowMs = clock.monotonicMs();
    // Node's HTTP/2 calls every stream finished that is closed, also one to which nothing was ever answered.
    const isAnswered = this.writableFinished && this.writableEnded;
    http.end({
      method: this.req.method ?? 'GET',
      route: seeRoute(watcher, routeOf, subject, this),
      status: isAnswered ? this.statusCode : clientWent,
      durationMs: nowMs - startMs,
    });
    if (userOf !== undefined) seeUser(watcher, userOf, subject, nowMs);
  }
  return (subject, response: Followed) => {
    // A framework may be told twice to use the same adapter, and a request is one all the same.
    if (response[begunMs] !== undefined) return;
    response[begunMs] = clock.monotonicMs();
    response[subjectOf] = subject;
    http.begin();
    // HTTP/2 shows a stand-in for its connection, which many requests share and which counts nothing.
    if (response.req.httpVersionMajor < 2) network.see(response.req.socket);
    response.on('close', onClose);
  };
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
