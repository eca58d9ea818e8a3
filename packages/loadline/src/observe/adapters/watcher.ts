import type { Clock } from '../../base/index.ts';
import type { Counter } from '../../metrics/index.ts';
import type { Door } from '../doors/door.ts';
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
  /** The door at a path, which then answers instead of the service. */
  doorAt(path: string): Door | undefined;
}

/** Tells who a request is from; undefined for whoever is not signed in. Called when it has been answered. */
export type UserOf<Request> = (request: Request) => string | undefined;

/** The status of a request whose client went away first; nginx's number for it. */
const clientWent = 499;
/** The route of what fits no route. */
export const unmatched = 'unmatched';

/** What is needed of `http.IncomingMessage`. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly socket: CountedSocket;
  readonly httpVersionMajor: number;
}

/** What is needed of `http.ServerResponse`. */
export interface NodeResponse {
  readonly statusCode: number;
  readonly writableFinished: boolean;
  once(event: 'close', listener: () => void): unknown;
}

/** Follows one request of `node:http` from now on; `ask` is called at its end, when the route and the user are known. */
export function follow(
  watcher: Watcher,
  request: NodeRequest,
  response: NodeResponse,
  ask: { readonly route: () => string; readonly user: () => string | undefined },
): void {
  const startMs = watcher.clock.monotonicMs();
  watcher.http.begin();
  // HTTP/2 shows a stand-in for its connection, which many requests share and which counts nothing.
  if (request.httpVersionMajor < 2) watcher.network.see(request.socket);
  response.once('close', () => {
    watcher.http.end({
      method: request.method ?? 'GET',
      route: ask.route(),
      status: response.writableFinished ? response.statusCode : clientWent,
      durationMs: watcher.clock.monotonicMs() - startMs,
    });
    seeUser(watcher, ask.user);
  });
}

/** A service's own function must not break the counting of its requests, nor the request. */
export function seeUser({ users, userFailures }: Watcher, ask: () => string | undefined): void {
  try {
    const user = ask();
    if (user !== undefined) users.see(user);
  } catch {
    userFailures.add();
  }
}

/** The path of a request's target, without the query. */
export function pathOf(url: string | undefined): string {
  if (url === undefined) return '/';
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}
