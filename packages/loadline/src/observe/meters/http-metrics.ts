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
  const known = new Map<string, Map<string, Map<number, Slots>>>();
  let knownCount = 0;
  /** A level for each label: to put a key together took longer than all else that is done for a request here. */
  function slotsOf({ method, route, status }: ObservedRequest): Slots {
    const found = known.get(route)?.get(method)?.get(status);
    if (found !== undefined) return found;
    const values = { method, route, status: String(status) };
    const slots = { requests: requests.with(values), durations: durations.with(values) };
    if (knownCount < knownMax) {
      knownCount++;
      const methods = known.get(route) ?? new Map<string, Map<number, Slots>>();
      const statuses = methods.get(method) ?? new Map<number, Slots>();
      known.set(route, methods.set(method, statuses.set(status, slots)));
    }
    return slots;
  }
  let answered = 0;
  return {
    begin: () => inFlight.add(1),
    get answered() {
      return answered;
    },
    end(request) {
      inFlight.add(-1);
      answered++;
      const slots = slotsOf(request);
      slots.requests.add();
      // A whole number takes the shorter path of a histogram, which would round it anyway.
      slots.durations.record(Math.round(request.durationMs * 1000));
    },
  };
}

interface Slots {
  readonly requests: Counter;
  readonly durations: Histogram;
}

/** Beyond it they are looked up each time; the registry folds too many series into one. */
const knownMax = 10_000;
