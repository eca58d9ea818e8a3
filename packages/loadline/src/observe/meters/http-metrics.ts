import { METHODS } from 'node:http';
import type { Histogram, Registry } from '../../metrics/index.ts';

/** One answered request, whatever framework answered it. */
export interface ObservedRequest {
  readonly method: string;
  /** The pattern that matched, `/api/food/:id`, never the path: every id would be a series of its own. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
}

/** Counts and times requests. */
export interface HttpObserver {
  /** Call when a request has come in. */
  begin(): void;
  /** Call once for each begun request, when its answer is out or its client has gone. @throws TypeError where the route is no text, or what is to be a number cannot be one. */
  end(request: ObservedRequest): void;
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
  const routes = new Map<string, Route>();
  function routeAt(pattern: string): Route {
    const known = routes.get(pattern);
    if (known !== undefined) return known;
    const route = new Route((method, status) => durations.with({ method, route: pattern, status }));
    if (routes.size < routesMax) routes.set(pattern, route);
    return route;
  }
  const notes = new Array<string | number>(notesMax * noteLength).fill(0);
  let noted = 0;
  function flush(): void {
    const end = noted;
    noted = 0;
    for (let at = 0; at < end; at += noteLength) {
      const times = routeAt(notes[at + 1] as string).timesOf(notes[at] as string, notes[at + 2] as number);
      times.record(notes[at + 3] as number);
    }
  }
  registry.beforeReading(flush);
  return {
    begin: () => void begun++,
    get answered() {
      return answered;
    },
    end({ method, route, status, durationMs }) {
      if (typeof route !== 'string') throw new TypeError(`A route is a text, got ${typeof route}.`);
      // Whole numbers need no room of their own, and a histogram would round them anyway. What cannot be one is told here: in the
      // middle of all that is noted it would cost the others.
      const code = status | 0;
      const durationUs = Math.round(durationMs * 1000);
      answered++;
      if (noted === notes.length) flush();
      notes[noted] = method;
      notes[noted + 1] = route;
      notes[noted + 2] = code;
      notes[noted + 3] = durationUs;
      noted += noteLength;
    },
  };
}

/**
 * How many requests are noted before they are recorded. Between two requests a service has done so much else that neither
 * our code nor our numbers are in the cache of the CPU any more, and to fetch them takes longer than all that is done with
 * them: so a request is noted in one row of an array that is always the same, and looked up with 63 others.
 */
const notesMax = 64;
/** Method, route, status, and duration in microseconds. */
const noteLength = 4;
const durationsName = 'http_request_duration_seconds';
/** Beyond it they are made each time; the registry folds too many series into one. */
const routesMax = 10_000;

/** What requests of a route are recorded into. Most are like the one before, and then nothing has to be looked up. */
class Route {
  readonly #find: (method: string, status: string) => Histogram;
  readonly #known = new Map<string, Map<number, Histogram>>();
  #method = '';
  #status = 0;
  #times: Histogram | undefined;

  constructor(find: (method: string, status: string) => Histogram) {
    this.#find = find;
  }

  /** Methods that Node.js does not know share `other`: a client may make them up. */
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
