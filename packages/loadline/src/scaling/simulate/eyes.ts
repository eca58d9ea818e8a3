import { responseMsAt } from '../../capacity/index.ts';
import type { ScalingPolicy } from '../policy/policy.ts';
import { wantedMetrics } from '../policy/wanted-metrics.ts';
import type { Readings } from '../strategies/observation.ts';
import type { Served, SimulatedService } from './service.ts';

/** What a policy's metrics are in a simulation. Those that it does not model are not there, as if nobody measured them. */
export type Eyes = (atMs: number, seen: Seen) => Readings;

interface Seen {
  readonly rate: number;
  readonly ready: number;
  readonly served: Served;
}

export function eyesFor(
  policy: ScalingPolicy,
  service: SimulatedService,
  rateMetrics: readonly string[],
): Eyes {
  const looks = wantedMetrics(policy).flatMap(({ metric, of }): (readonly [string, Look])[] => {
    const isRate = metric.startsWith('custom:') && rateMetrics.includes(metric.slice('custom:'.length));
    const look = isRate ? (of === 'per replica' ? rateEach : rateOfAll) : known[metric];
    return look === undefined ? [] : [[metric, look]];
  });
  return (atMs, seen) => {
    const readings: Record<string, { value: number; atMs: number; count: number }> = {};
    for (const [metric, look] of looks)
      readings[metric] = { value: look(seen, service), atMs, count: seen.ready };
    return readings as Readings;
  };
}

/** The metrics of a policy that a simulation does not model: their rules see nothing, and do what they do then. */
export function unmodelledMetrics(
  policy: ScalingPolicy,
  rateMetrics: readonly string[] = defaultRateMetrics,
): readonly string[] {
  const isModelled = (metric: string): boolean =>
    Object.hasOwn(known, metric) ||
    ofQueueing.has(metric) ||
    (metric.startsWith('custom:') && rateMetrics.includes(metric.slice('custom:'.length)));
  const wanted = wantedMetrics(policy).filter(({ metric }) => !isModelled(metric));
  return [...new Set(wanted.map(({ metric }) => metric))];
}

/** Custom metrics that are requests a second, where nothing else is said. */
export const defaultRateMetrics: readonly string[] = ['requests_per_second', 'http_requests_per_second'];

/** A sizing rule has values of its own for them. */
const ofQueueing: ReadonlySet<string> = new Set(['serviceMs', 'serviceVariability', 'arrivalVariability']);

type Look = (seen: Seen, service: SimulatedService) => number;

const rateEach: Look = ({ rate, ready }) => rate / Math.max(1, ready);
const rateOfAll: Look = ({ rate }) => rate;
const busy: Look = ({ served }) => served.busyRatio;

const known: Readonly<Record<string, Look>> = {
  cpuRatio: busy,
  eventLoopRatio: busy,
  ratePerSecond: rateEach,
  messagesPerSecond: rateOfAll,
  connections: ({ rate, ready, served }, { serviceMs }) =>
    ((rate * serviceMs) / 1000 + served.waiting) / Math.max(1, ready),
  latencyMsP95: latencyMsP95,
  queueDepth: ({ served }) => served.waiting,
  queueAgeMs: (seen, service) => waitMsOf(seen, service),
};

/** While they keep up, by the theory of queues; while they don't, what the last one waits, and its own time. */
function latencyMsP95(seen: Seen, service: SimulatedService): number {
  const servers = seen.ready * service.concurrency;
  const queue = { ...service, servers, ratePerSecond: seen.rate };
  const steady = seen.served.waiting > 0 ? Number.POSITIVE_INFINITY : responseMsAt(queue, 0.95);
  if (steady < service.timeoutMs) return steady;
  const alone = responseMsAt({ ...queue, servers: 1, ratePerSecond: 0 }, 0.95);
  return Math.min(service.timeoutMs, waitMsOf(seen, service)) + alone;
}

function waitMsOf({ served, ready }: Seen, { serviceMs, concurrency }: SimulatedService): number {
  return (served.waiting * serviceMs) / Math.max(1, ready * concurrency);
}
