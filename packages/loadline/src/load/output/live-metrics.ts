import { createRegistry, type Histogram, type Labelled, type Registry } from '../../metrics/index.ts';

/** What a run has done so far, as plain values: counts since its start, and how it stands now. */
export interface LiveSample {
  readonly endpoints: readonly LiveEndpoint[];
  /** Users that are in an iteration. */
  readonly users: number;
  /** Arrivals that were due and never started. */
  readonly dropped: number;
  readonly iterations: {
    readonly completed: number;
    readonly cutShort: number;
    readonly interrupted: number;
  };
  /** The generator's last second; undefined before there was one. */
  readonly generator: LiveGenerator | undefined;
}

/** The requests of one endpoint in one scenario, since the start of the run. */
export interface LiveEndpoint {
  readonly scenario: string;
  readonly endpoint: string;
  /** All that have ended: responses, messages of sessions, and failures. */
  readonly requests: number;
  /** Responses by status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Requests without a response, by reason. */
  readonly failures: ReadonlyMap<string, { readonly count: number }>;
  /** All requests that failed: those without a response, and those with one that was not expected. */
  readonly errors: number;
  readonly checks: readonly { readonly name: string; readonly passed: number; readonly failed: number }[];
  /** From when a request was due, in microseconds. */
  readonly latency: Histogram;
  /** From when it was sent, in microseconds. */
  readonly service: Histogram;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** How the process that makes the load was doing. */
export interface LiveGenerator {
  /** The busy share of the event loop's time, 0 to 1. */
  readonly loopUtilization: number;
  /** CPU time over elapsed time; 1 is one core. */
  readonly cpuRatio: number;
  readonly loopDelayMsMax: number;
  /** How late steps began; undefined where none began. */
  readonly latenessMsP99: number | undefined;
}

/** The metrics of a run that goes on, in a registry of their own. docs/reference/metrics.md lists them. */
export interface LiveMetrics {
  readonly registry: Registry;
  /** Takes over what a sample says. It is copied: whoever made it goes on counting. */
  show(sample: LiveSample): void;
}

export function createLiveMetrics(): LiveMetrics {
  const registry = createRegistry();
  const shown = new Map<NumberMetric, readonly Series[]>();
  for (const metric of numberMetrics) {
    const { name, help, labels } = metric;
    const read = (): readonly Series[] => shown.get(metric) ?? [];
    registry[metric.kind]({ name, help, labels, read });
  }
  const histograms = histogramMetrics.map(({ of, ...named }) => {
    const slots = registry.histogram({ ...named, labels: endpointLabels, buckets: durationBuckets });
    return (sample: LiveSample) => copyHistograms(slots, sample.endpoints, of);
  });
  return {
    registry,
    show(sample) {
      for (const metric of numberMetrics) shown.set(metric, metric.of(sample));
      for (const copy of histograms) copy(sample);
    },
  };
}

type Series = readonly [labels: Readonly<Record<string, string>>, value: number];

interface NumberMetric {
  readonly kind: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly of: (sample: LiveSample) => Series[];
}

const endpointLabels = ['scenario', 'endpoint'] as const;

const numberMetrics: readonly NumberMetric[] = [
  {
    kind: 'counter',
    name: 'loadline_requests_total',
    help: 'Requests that have ended, by the status of the response; message for one of a session, none where there was no response.',
    labels: [...endpointLabels, 'status'],
    of: byEndpoint(({ requests, statuses, failures }) => {
      const failed = countOf(failures);
      const messages = requests - failed - statuses.values().reduce((sum, count) => sum + count, 0);
      return [
        ...Array.from(statuses, ([status, count]): Series => [{ status: String(status) }, count]),
        ...(messages > 0 ? [[{ status: 'message' }, messages] as const] : []),
        ...(failed > 0 ? [[{ status: 'none' }, failed] as const] : []),
      ];
    }),
  },
  {
    kind: 'counter',
    name: 'loadline_request_errors_total',
    help: 'Requests that failed: without a response, by the reason, or with one whose status was not expected.',
    labels: [...endpointLabels, 'reason'],
    of: byEndpoint(({ failures, errors }) => {
      const unexpected = errors - countOf(failures);
      return [
        ...Array.from(failures, ([reason, { count }]): Series => [{ reason }, count]),
        ...(unexpected > 0 ? [[{ reason: 'status' }, unexpected] as const] : []),
      ];
    }),
  },
  {
    kind: 'counter',
    name: 'loadline_checks_total',
    help: 'Checks of responses, by whether they passed or failed.',
    labels: [...endpointLabels, 'check', 'result'],
    of: byEndpoint(({ checks }) =>
      checks.flatMap(({ name, passed, failed }): Series[] => [
        [{ check: name, result: 'passed' }, passed],
        [{ check: name, result: 'failed' }, failed],
      ]),
    ),
  },
  {
    kind: 'counter',
    name: 'loadline_received_bytes_total',
    help: 'Bytes of responses, as they were on the wire.',
    labels: endpointLabels,
    of: byEndpoint(({ bytesIn }) => [[{}, bytesIn]]),
  },
  {
    kind: 'counter',
    name: 'loadline_sent_bytes_total',
    help: 'Bytes of requests, as they were on the wire.',
    labels: endpointLabels,
    of: byEndpoint(({ bytesOut }) => [[{}, bytesOut]]),
  },
  {
    kind: 'counter',
    name: 'loadline_iterations_total',
    help: 'Iterations that have ended: completed, cut short for want of a value, or interrupted by the end.',
    labels: ['result'],
    of: ({ iterations }) => [
      [{ result: 'completed' }, iterations.completed],
      [{ result: 'cut short' }, iterations.cutShort],
      [{ result: 'interrupted' }, iterations.interrupted],
    ],
  },
  {
    kind: 'counter',
    name: 'loadline_dropped_total',
    help: 'Arrivals that were due and never started, because all users were busy.',
    labels: [],
    of: ({ dropped }) => [[{}, dropped]],
  },
  {
    kind: 'gauge',
    name: 'loadline_users',
    help: 'Users that are in an iteration.',
    labels: [],
    of: ({ users }) => [[{}, users]],
  },
  {
    kind: 'gauge',
    name: 'loadline_generator_loop_utilization',
    help: 'Busy share of the event loop of the process that makes the load, over its last second, 0 to 1.',
    labels: [],
    of: ofGenerator((generator) => generator.loopUtilization),
  },
  {
    kind: 'gauge',
    name: 'loadline_generator_cpu_ratio',
    help: 'CPU time of the process that makes the load over its last second; 1 is one core.',
    labels: [],
    of: ofGenerator((generator) => generator.cpuRatio),
  },
  {
    kind: 'gauge',
    name: 'loadline_generator_loop_delay_seconds',
    help: 'Longest delay of its event loop in the last second.',
    labels: [],
    of: ofGenerator((generator) => generator.loopDelayMsMax / 1000),
  },
  {
    kind: 'gauge',
    name: 'loadline_generator_lateness_seconds',
    help: 'How late steps began against their schedule in the last second, at the 99th percentile.',
    labels: [],
    of: ofGenerator(({ latenessMsP99 }) => latenessMsP99 && latenessMsP99 / 1000),
  },
];

const histogramMetrics = [
  {
    name: 'loadline_request_duration_seconds',
    help: 'Latency: from when a request was due to the end of its answer, or to its failure.',
    of: (endpoint: LiveEndpoint) => endpoint.latency,
  },
  {
    name: 'loadline_request_service_seconds',
    help: 'Service time: from when a request was sent to the end of its answer, or to its failure.',
    of: (endpoint: LiveEndpoint) => endpoint.service,
  },
] as const;

/** From 0.1 ms, for a target that is near, to a minute, for one that has stopped answering. */
const durationBuckets: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** The series of each endpoint, with its names added to their labels. */
function byEndpoint(seriesOf: (endpoint: LiveEndpoint) => Series[]): NumberMetric['of'] {
  return ({ endpoints }) =>
    endpoints.flatMap((each) =>
      seriesOf(each).map(([labels, value]): Series => {
        const { scenario, endpoint } = each;
        return [{ scenario, endpoint, ...labels }, value];
      }),
    );
}

/** One series, where there is a generator and it has the figure. */
function ofGenerator(figureOf: (generator: LiveGenerator) => number | undefined): NumberMetric['of'] {
  return ({ generator }) => {
    const figure = generator && figureOf(generator);
    return figure === undefined ? [] : [[{}, figure]];
  };
}

function countOf(failures: LiveEndpoint['failures']): number {
  let sum = 0;
  for (const { count } of failures.values()) sum += count;
  return sum;
}

/** Emptied first, all of them: beyond the limit of series several endpoints share one slot. */
function copyHistograms(
  slots: Labelled<(typeof endpointLabels)[number], Histogram>,
  endpoints: readonly LiveEndpoint[],
  histogramOf: (endpoint: LiveEndpoint) => Histogram,
): void {
  const pairs = endpoints.map((each) => {
    const { scenario, endpoint } = each;
    return { source: histogramOf(each), target: slots.with({ scenario, endpoint }) };
  });
  for (const { target } of pairs) target.reset();
  for (const { source, target } of pairs) target.merge(source);
}
