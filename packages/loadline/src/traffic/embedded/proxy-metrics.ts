import type { Counter, Histogram, Labelled, Registry } from '../../metrics/index.ts';

/** What the proxy counts. */
export interface ProxyMetrics {
  upstream(id: string): UpstreamMetrics;
  readonly retries: Counter;
  readonly hedges: Counter;
  readonly overBudget: Counter;
  readonly ejections: Labelled<'upstream', Counter>;
  /** Answers of the proxy's own, by status. */
  readonly refused: Labelled<'status', Counter>;
  /** Answers that broke behind their head. */
  readonly cut: Counter;
  /** Requests whose client went away before they were answered. */
  readonly cancelled: Counter;
  /** Clients that could not be let in, because the system had no room. */
  readonly acceptFailures: Counter;
  readonly cached: Labelled<'outcome', Counter>;
  /** How long those waited in the line that had to, whatever became of them, in microseconds. */
  readonly waited: Histogram;
}

/** Of one upstream; kept, because to find a series costs more than to count. */
export interface UpstreamMetrics {
  /** By the first digit of the status; 0 stands for no answer. */
  readonly answers: readonly Counter[];
  /** In microseconds, to the head of the answer. */
  readonly latency: Histogram;
}

/** What is read when somebody looks. */
export interface ProxyReadings {
  inFlight(): readonly { readonly upstream: string; readonly inFlight: number }[];
  connections(): number;
  /** Requests that wait for an upstream that has room. */
  waiting(): number;
}

export function createProxyMetrics(registry: Registry, proxy: string, read: ProxyReadings): ProxyMetrics {
  const requests = registry.counter({
    name: 'loadline_proxy_requests_total',
    help: 'Requests that upstreams got, by the class of the answer; none for no answer.',
    labels: ['proxy', 'upstream', 'status'],
  });
  const latency = registry.histogram({
    name: 'loadline_proxy_upstream_duration_seconds',
    help: 'From sending a request to the head of its answer.',
    labels: ['proxy', 'upstream'],
  });
  const refused = registry.counter({
    name: 'loadline_proxy_refused_total',
    help: 'Answers of the proxy itself, in place of one of an upstream.',
    labels: ['proxy', 'status'],
  });
  const ejections = registry.counter({
    name: 'loadline_proxy_ejections_total',
    help: 'How often an upstream was taken out because its requests failed.',
    labels: ['proxy', 'upstream'],
  });
  const cached = registry.counter({
    name: 'loadline_proxy_cache_total',
    help: 'Requests that the cache was asked for, by how that ended.',
    labels: ['proxy', 'outcome'],
  });
  const waited = registry.histogram({
    name: 'loadline_proxy_queue_duration_seconds',
    help: 'How long requests waited, until an upstream had room for them, they were refused or their client left; of those that did not have to wait, nothing.',
    labels: ['proxy'],
  });
  const count = (name: string, help: string): Counter =>
    registry.counter({ name, help, labels: ['proxy'] }).with({ proxy });
  showNow(registry, proxy, read);
  return {
    upstream: (id) => ({
      answers: classes.map((status) => requests.with({ proxy, upstream: id, status })),
      latency: latency.with({ proxy, upstream: id }),
    }),
    retries: count('loadline_proxy_retries_total', 'Requests that were sent again after one got no answer.'),
    hedges: count('loadline_proxy_hedges_total', 'Requests that were sent to a second upstream as well.'),
    overBudget: count(
      'loadline_proxy_retries_over_budget_total',
      'Requests that were not sent again, because too many were already.',
    ),
    ejections: { with: ({ upstream }) => ejections.with({ proxy, upstream }) },
    refused: { with: ({ status }) => refused.with({ proxy, status }) },
    cut: count('loadline_proxy_cut_total', 'Answers that broke off behind their head.'),
    cancelled: count('loadline_proxy_cancelled_total', 'Requests whose client went away before the answer.'),
    acceptFailures: count(
      'loadline_proxy_accept_failures_total',
      'Clients that could not be let in, because the system had no room for a connection.',
    ),
    cached: { with: ({ outcome }) => cached.with({ proxy, outcome }) },
    waited: waited.with({ proxy }),
  };
}

/** Not by `read`, which only one of several proxies could give. */
function showNow(registry: Registry, proxy: string, read: ProxyReadings): void {
  const inFlight = registry.gauge({
    name: 'loadline_proxy_in_flight',
    help: 'Requests and connections that an upstream is busy with.',
    labels: ['proxy', 'upstream'],
  });
  const connections = registry.gauge({
    name: 'loadline_proxy_connections',
    help: 'Connections of clients.',
    labels: ['proxy'],
  });
  const waiting = registry.gauge({
    name: 'loadline_proxy_queued',
    help: 'Requests that wait until an upstream has room for them.',
    labels: ['proxy'],
  });
  let shown: readonly string[] = [];
  registry.beforeReading(() => {
    connections.with({ proxy }).set(read.connections());
    waiting.with({ proxy }).set(read.waiting());
    for (const upstream of shown) inFlight.with({ proxy, upstream }).set(0);
    const now = read.inFlight();
    for (const each of now) inFlight.with({ proxy, upstream: each.upstream }).set(each.inFlight);
    shown = now.map(({ upstream }) => upstream);
  });
}

const classes = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'];
