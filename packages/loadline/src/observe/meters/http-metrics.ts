import { METHODS } from 'node:http';
import type { Histogram, Registry } from '../../metrics/index.ts';
import { createBatch } from './batch.ts';

/** One answered request, whatever framework answered it. */
export interface ObservedRequest {
  readonly method: string;
  /** The pattern that matched, `/api/food/:id`, never the path: every id would be a series of its own. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
}

/** A route that requests fit. To be kept: finding it costs more than counting. */
export interface HttpRoute {
  /** What requests are recorded into. Methods that Node.js does not know share `other`: a client may make them up. */
  timesOf(method: string, status: number): Histogram;
}

/** As `ObservedRequest`, of whoever keeps routes. */
export interface RoutedRequest {
  readonly method: string;
  readonly route: HttpRoute;
  readonly status: number;
  readonly durationMs: number;
}

/** Counts and times requests. */
export interface HttpObserver {
  /** Call when a request has come in. */
  begin(): void;
  /** Call once for each begun request, when its answer is out or its client has gone. */
  end(request: ObservedRequest): void;
  /** The same for whoever keeps routes. */
  endRouted(request: RoutedRequest): void;
  /** @throws TypeError where the pattern is no text. */
  route(pattern: string): HttpRoute;
  /** How many were answered since the start. */
  readonly answered: number;
}

/** Adds the metrics of an HTTP server: requests and their duration by method, route and status, and those in flight. */
export function observeHttp(registry: Registry): HttpObserver {
  let begun = 0;
  let answered = 0;
  const labels = ['method', 'route', 'status'] as const;
  // Each answered request has a duration: a counter beside it would be the same number, raised twice for every request.
  registry.counter({
    name: 'http_requests_total',
    help: 'Requests that were answered.',
    labels,
    read: counts,
  });
  const durations = registry.histogram({
    name: durationsName,
    help: 'From the arrival of a request to the end of its answer.',
    labels,
  });
  registry.gauge({
    name: 'http_requests_in_flight',
    help: 'Requests that have come in and are not answered yet.',
    read: () => begun - answered,
  });
  function* counts(): Generator<readonly [Record<(typeof labels)[number], string>, number]> {
    const family = registry.families().find(({ name }) => name === durationsName);
    if (family?.kind !== 'histogram') return;
    for (const { labels: values, histogram } of family.series()) {
      const [method, route, status] = values as [string, string, string];
      yield [{ method, route, status }, histogram.count];
    }
  }
  const routes = new Map<string, HttpRoute>();
  function routeAt(pattern: string): HttpRoute {
    const known = routes.get(pattern);
    if (known !== undefined) return known;
    if (typeof pattern !== 'string') throw new TypeError(`A route is a text, got ${typeof pattern}.`);
    const route = new KeptRoute((method, status) => durations.with({ method, route: pattern, status }));
    if (routes.size < routesMax) routes.set(pattern, route);
    return route;
  }
  const batch = createBatch<RoutedRequest>(({ route, method, status, durationMs }) => {
    // A whole number takes the shorter path of a histogram, which would round it anyway.
    route.timesOf(method, status).record(Math.round(durationMs * 1000));
  });
  registry.beforeReading(batch.flush);
  function endRouted(request: RoutedRequest): void {
    answered++;
    batch.note(request);
  }
  return {
    begin: () => void begun++,
    get answered() {
      return answered;
    },
    end: ({ method, route, status, durationMs }) =>
      endRouted({ method, route: routeAt(route), status, durationMs }),
    endRouted,
    route: routeAt,
  };
}

const durationsName = 'http_request_duration_seconds';
/** Beyond it they are made each time; the registry folds too many series into one. */
const routesMax = 10_000;

/** Most requests of a route are like the one before it, and then nothing has to be looked up. */
class KeptRoute implements HttpRoute {
  readonly #find: (method: string, status: string) => Histogram;
  readonly #known = new Map<string, Map<number, Histogram>>();
  #method = '';
  #status = 0;
  #times: Histogram | undefined;

  constructor(find: (method: string, status: string) => Histogram) {
    this.#find = find;
  }

  timesOf(method: string, status: number): Histogram {
    const last = this.#times;
    if (last !== undefined && method === this.#method && status === this.#status) return last;
    const label = knownMethods.has(method) ? method : 'other';
    const statuses = this.#known.get(label) ?? new Map<number, Histogram>();
    const times = statuses.get(status) ?? this.#find(label, String(status));
    // Whoever may answer with any number is not to fill the memory with it.
    if (statuses.size < statusesMax) this.#known.set(label, statuses.set(status, times));
    this.#method = method;
    this.#status = status;
    this.#times = times;
    return times;
  }
}

const knownMethods: ReadonlySet<string> = new Set(METHODS);
const statusesMax = 100;
