import type { Counter, Histogram, Registry } from '../../metrics/index.ts';

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
  /** Call once for each begun request, when its answer is out or its client has gone. */
  end(request: ObservedRequest): void;
  /** How many were answered since the start. */
  readonly answered: number;
}

/** Adds the metrics of an HTTP server: requests and their duration by method, route and status, and those in flight. */
export function observeHttp(registry: Registry): HttpObserver {
  const labels = ['method', 'route', 'status'] as const;
  const requests = registry.counter({
    name: 'http_requests_total',
    help: 'Requests that were answered.',
    labels,
  });
  const durations = registry.histogram({
    name: 'http_request_duration_seconds',
    help: 'From the arrival of a request to the end of its answer.',
    labels,
  });
  const inFlight = registry.gauge({
    name: 'http_requests_in_flight',
    help: 'Requests that have come in and are not answered yet.',
  });
  // Nearly every request is of a kind that was there before: one look-up finds both of its slots.
  const known = new Map<string, Slots>();
  let answered = 0;
  return {
    begin: () => inFlight.add(1),
    get answered() {
      return answered;
    },
    end({ method, route, status, durationMs }) {
      inFlight.add(-1);
      answered++;
      const key = `${status}${method} ${route}`;
      let slots = known.get(key);
      if (slots === undefined) {
        const values = { method, route, status: String(status) };
        slots = { requests: requests.with(values), durations: durations.with(values) };
        if (known.size < knownMax) known.set(key, slots);
      }
      slots.requests.add();
      // A whole number takes the shorter path of a histogram, which would round it anyway.
      slots.durations.record(Math.round(durationMs * 1000));
    },
  };
}

interface Slots {
  readonly requests: Counter;
  readonly durations: Histogram;
}

/** Beyond it they are looked up each time; the registry folds too many series into one. */
const knownMax = 10_000;
