/** How something that instances show becomes a metric of the store. */
export interface KnownMetric {
  /** The family's name, without `_total`. */
  readonly family: string | RegExp;
  readonly metric: string;
  readonly unit: string;
  /** What one of `unit` is in the unit of the family: 0.001 for milliseconds of seconds. */
  readonly perUnit?: number;
  /** Of which series; the others are left out. */
  readonly where?: (labels: Labels) => boolean;
  /** What tells apart; series that agree in it are added up. */
  readonly endpointOf?: (labels: Labels) => string | undefined;
  /** Of a counter: kept as how much it grew since the look before, and only where it did. */
  readonly isOccasional?: boolean;
}

type Labels = Readonly<Record<string, string>>;

const seconds = 0.001;

/** What a client did wrong is no failure of the service. */
export const isFailure = ({ status = '', status_code: other = status, code = other }: Labels): boolean =>
  code.startsWith('5');

/** `GET /food/:id`; undefined where nothing tells them apart. */
export const endpointOfRequest = ({ method, route, handler, path }: Labels): string | undefined =>
  [method, route ?? handler ?? path].filter((part) => part !== undefined).join(' ') || undefined;

/** A node exporter also tells of devices whose bytes another one carries: they would count twice. */
function isOfWire({ device = '' }: Labels): boolean {
  return !/^(?:lo$|veth|docker|br-|virbr|vnet|tap|tun|wg|cali|cni|flannel|cilium|lxc|podman|kube-|vxlan|dummy)/.test(
    device,
  );
}

/**
 * What everybody is asked for, under one name for all: what `observe` shows, and what other servers call the same. Growth
 * of counters is a second; a counter of seconds becomes a ratio.
 */
const knownMetrics: readonly KnownMetric[] = [
  { family: 'process_cpu_seconds', metric: 'cpu_ratio', unit: 'ratio' },
  { family: 'process_resident_memory_bytes', metric: 'memory_bytes', unit: 'bytes' },
  { family: 'process_memory_limit_bytes', metric: 'memory_limit_bytes', unit: 'bytes' },
  { family: 'process_disk_size_bytes', metric: 'disk_size_bytes', unit: 'bytes' },
  { family: 'process_disk_available_bytes', metric: 'disk_available_bytes', unit: 'bytes' },
  {
    family: 'nodejs_heap_bytes',
    metric: 'heap_bytes',
    unit: 'bytes',
    where: ({ state }) => state === 'used',
  },
  { family: 'nodejs_heap_limit_bytes', metric: 'heap_limit_bytes', unit: 'bytes' },
  {
    family: 'nodejs_heap_used_after_collection_bytes',
    metric: 'heap_after_collection_bytes',
    unit: 'bytes',
  },
  { family: 'nodejs_collection_pause_seconds', metric: 'collection_pause_ms', unit: 'ms', perUnit: seconds },
  { family: 'nodejs_eventloop_active_seconds', metric: 'event_loop_ratio', unit: 'ratio' },
  { family: 'nodejs_eventloop_lag_seconds', metric: 'event_loop_lag_ms', unit: 'ms', perUnit: seconds },
  { family: 'http_server_received_bytes', metric: 'network_received', unit: 'bytes/s' },
  { family: 'http_server_sent_bytes', metric: 'network_sent', unit: 'bytes/s' },
  { family: 'http_server_connections', metric: 'connections', unit: 'count' },
  { family: 'http_server_connections_total', metric: 'connections_opened', unit: 'per second' },
  {
    family: 'node_network_receive_bytes',
    metric: 'system_network_received',
    unit: 'bytes/s',
    where: isOfWire,
  },
  { family: 'node_network_transmit_bytes', metric: 'system_network_sent', unit: 'bytes/s', where: isOfWire },
  { family: 'http_requests_in_flight', metric: 'requests_in_flight', unit: 'count' },
  { family: 'http_requests', metric: 'requests', unit: 'rps' },
  {
    family: 'http_requests',
    metric: 'errors',
    unit: 'rps',
    where: isFailure,
  },
  {
    // Most endpoints have none: a series for each of them all the time would be for nothing.
    family: 'http_requests',
    metric: 'endpoint_errors',
    unit: 'count',
    where: isFailure,
    endpointOf: endpointOfRequest,
    isOccasional: true,
  },
  {
    family: 'http_request_duration_seconds',
    metric: 'latency_ms',
    unit: 'ms',
    perUnit: seconds,
    endpointOf: endpointOfRequest,
  },
  {
    // Whose answer was a failure is not content with its time: Apdex is made of the others.
    family: 'http_request_duration_seconds',
    metric: 'answered_ms',
    unit: 'ms',
    perUnit: seconds,
    where: (labels) => !isFailure(labels),
  },
  {
    family: /(?:^|_)(?:database|db|postgres|pg)_(?:query|statement)_(?:duration_)?seconds$/,
    metric: 'database_query_ms',
    unit: 'ms',
    perUnit: seconds,
  },
  { family: 'database_connections', metric: 'database_connections', unit: 'count' },
  {
    family: /^(?:database_connections_max|hikaricp_connections_max|db_client_connections?_max)$/,
    metric: 'database_connections_max',
    unit: 'count',
  },
  {
    family:
      /^(?:database_connections_waiting|hikaricp_connections_pending|db_client_connections?_pending_requests)$/,
    metric: 'database_connections_waiting',
    unit: 'count',
  },
  {
    family: /^(?:database_connections_refused|hikaricp_connections_timeout|db_client_connections?_timeouts)$/,
    metric: 'database_connections_refused',
    unit: 'per second',
  },
  {
    family: /^(?:database_connection_hold|db_client_connections?_use_time)_seconds$/,
    metric: 'database_connection_hold_ms',
    unit: 'ms',
    perUnit: seconds,
  },
  {
    family: /(?:^|_)cache_lookups$/,
    metric: 'cache_hits',
    unit: 'per second',
    where: ({ outcome, result = outcome }) => result === 'hit',
  },
  { family: /(?:^|_)cache_lookups$/, metric: 'cache_lookups', unit: 'per second' },
  { family: /(?:^|_)cache_hits$/, metric: 'cache_hits', unit: 'per second' },
  { family: /(?:^|_)cache_(?:hits|misses)$/, metric: 'cache_lookups', unit: 'per second' },
  { family: 'queue_depth', metric: 'queue_depth', unit: 'count' },
  { family: 'queue_age_seconds', metric: 'queue_age', unit: 'ms', perUnit: seconds },
  ...(['lcp', 'inp', 'fid', 'fcp', 'ttfb'] as const).map(
    (name): KnownMetric => ({
      family: `web_vitals_${name}_seconds`,
      metric: `web_vital_${name}`,
      unit: 'ms',
      perUnit: seconds,
      endpointOf: ({ page }) => page,
    }),
  ),
  {
    family: 'web_vitals_cls',
    metric: 'web_vital_cls',
    unit: 'ratio',
    endpointOf: ({ page }) => page,
  },
  { family: 'web_speed_ratings', metric: 'web_speed_ratings', unit: 'per second' },
  {
    family: 'web_speed_ratings',
    metric: 'web_speed_fast',
    unit: 'per second',
    where: ({ rating }) => rating === '4' || rating === '5',
  },
];

/** Of which nothing is kept: told in another way, or of no use by the second. */
const leftOut: ReadonlySet<string> = new Set([
  // Distinct users cannot be added up; their sketches can.
  'http_active_users',
  'process_start_time_seconds',
  'service_build_info',
  'nodejs_heap_bytes',
  'nodejs_heap_space_bytes',
]);

/** What becomes of a family: of one there may come several metrics. Empty where nothing is kept. */
export function metricsOf(family: string): readonly KnownMetric[] | 'custom' {
  const known = cached.get(family);
  if (known !== undefined) return known;
  const found = knownMetrics.filter((each) =>
    typeof each.family === 'string' ? each.family === family : each.family.test(family),
  );
  const answer = found.length > 0 || leftOut.has(family) ? found : ('custom' as const);
  // Names come from strangers.
  if (cached.size < 10_000) cached.set(family, answer);
  return answer;
}

const cached = new Map<string, readonly KnownMetric[] | 'custom'>();

/** The unit in which a metric is kept: of one that everybody is asked for its own, of another what its name ends in. */
export function unitOfMetric(metric: string): string {
  return knownMetrics.find((known) => known.metric === metric)?.unit ?? unitOf(metric);
}

/** The unit that a name ends in, as the store has it. */
export function unitOf(name: string): string {
  if (name.endsWith('_seconds')) return 's';
  if (name.endsWith('_ms') || name.endsWith('_milliseconds')) return 'ms';
  if (name.endsWith('_bytes')) return 'bytes';
  if (name.endsWith('_ratio')) return 'ratio';
  if (name.endsWith('_percent')) return 'percent';
  return 'count';
}

/** The unit of a growth a second. */
export function rateUnitOf(name: string): string {
  const unit = unitOf(name.replace(/_sum$/, ''));
  if (unit === 's') return 'ratio';
  return unit === 'bytes' ? 'bytes/s' : 'per second';
}
