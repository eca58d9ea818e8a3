import { erlangC } from './erlang.ts';

/** Requests that come by chance, to servers that work on one each, from one queue. */
export interface Queue {
  /** How many are worked on at once: instances × what one of them does at once. */
  readonly servers: number;
  readonly ratePerSecond: number;
  /** How long one takes on average where nothing waits. */
  readonly serviceMs: number;
  /** Squared coefficient of variation of the service times: 0 where all take as long, 1 for exponential ones. Default 1. */
  readonly serviceVariability?: number;
  /** The same of the times between arrivals: 1 where they are independent, more where they come in clusters. Default 1. */
  readonly arrivalVariability?: number;
}

/**
 * The share of requests that take longer than this, from arrival to answer; 1 where more comes than can be done.
 *
 * Whether one waits is Erlang's C; how long is exponential with the mean of A. O. Allen and A. T. Cunneen, which is
 * exact for one server with independent arrivals and for many with exponential service, and else an approximation.
 * Service times have the two moments that were measured: a constant and an exponential part up to a variability of 1,
 * above it two exponential kinds. That many queues act as one is so where the balancer sends each to the least busy.
 */
export function responseExceeds(queue: Queue, latencyMs: number): number {
  const load = loadOf(queue);
  if (load >= queue.servers) return 1;
  return tailOf(queue, erlangC(queue.servers, load), latencyMs);
}

/** The time within which this share of the requests is answered; Infinity where more comes than can be done. */
export function responseMsAt(queue: Queue, quantile: number): number {
  const load = loadOf(queue);
  if (load >= queue.servers) return Number.POSITIVE_INFINITY;
  const waits = erlangC(queue.servers, load);
  return leastWhere((latencyMs) => tailOf(queue, waits, latencyMs) <= 1 - quantile, queue.serviceMs);
}

/** How long a request waits on average before it is served; Infinity where more comes than can be done. */
export function waitingMsMean(queue: Queue): number {
  const load = loadOf(queue);
  return load >= queue.servers ? Number.POSITIVE_INFINITY : erlangC(queue.servers, load) * waitMsOf(queue);
}

/** Requests under way at once, on average, as long as none waits: Erlang's offered load. */
export function loadOf({ ratePerSecond, serviceMs }: Queue): number {
  return (ratePerSecond * serviceMs) / 1000;
}

/** How long those wait who have to, on average. */
function waitMsOf(queue: Queue): number {
  const { servers, serviceMs, serviceVariability = 1, arrivalVariability = 1 } = queue;
  return ((serviceVariability + arrivalVariability) / 2) * (serviceMs / (servers - loadOf(queue)));
}

function tailOf(queue: Queue, waits: number, latencyMs: number): number {
  const { serviceMs, serviceVariability = 1 } = queue;
  const waitMs = waitMsOf(queue);
  const { constantMs, parts } = serviceOf(serviceMs, serviceVariability);
  const beyondMs = latencyMs - constantMs;
  if (beyondMs < 0) return 1;
  let share = 0;
  for (const { weight, meanMs } of parts) {
    const served = meanMs > 0 ? Math.exp(-beyondMs / meanMs) : 0;
    share += weight * ((1 - waits) * served + waits * sumExceeds(meanMs, waitMs, beyondMs));
  }
  return share;
}

interface ServiceTime {
  readonly constantMs: number;
  readonly parts: readonly { readonly weight: number; readonly meanMs: number }[];
}

/** Service times with this mean and squared coefficient of variation. */
function serviceOf(meanMs: number, variability: number): ServiceTime {
  if (variability <= 1) {
    const randomMs = meanMs * Math.sqrt(variability);
    return { constantMs: meanMs - randomMs, parts: [{ weight: 1, meanMs: randomMs }] };
  }
  // Both kinds take as much of the servers' time: "balanced means".
  const weight = (1 + Math.sqrt((variability - 1) / (variability + 1))) / 2;
  return {
    constantMs: 0,
    parts: [
      { weight, meanMs: meanMs / (2 * weight) },
      { weight: 1 - weight, meanMs: meanMs / (2 * (1 - weight)) },
    ],
  };
}

/** The share in which the sum of two exponential times exceeds this. */
function sumExceeds(oneMs: number, otherMs: number, latencyMs: number): number {
  const [longMs, shortMs] = oneMs > otherMs ? [oneMs, otherMs] : [otherMs, oneMs];
  // Of two times that are no times, and where nothing is left of it, the formulas would be 0 / 0.
  if (longMs <= 0 || latencyMs > 700 * longMs) return 0;
  const long = Math.exp(-latencyMs / longMs);
  // The formula below is 0 / 0 where they are the same.
  if (longMs - shortMs < 1e-6 * longMs) return (1 + latencyMs / longMs) * long;
  const short = shortMs > 0 ? Math.exp(-latencyMs / shortMs) : 0;
  return (longMs * long - shortMs * short) / (longMs - shortMs);
}

/** The least number above 0 from which on something holds, to one part in a billion. */
function leastWhere(holds: (value: number) => boolean, start: number): number {
  let high = start;
  while (!holds(high) && high < Number.POSITIVE_INFINITY) high *= 2;
  let low = 0;
  for (let halvings = 0; halvings < halvingsMax && high - low > 1e-9 * high; halvings++) {
    const middle = (low + high) / 2;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** No number has more digits than so many halvings find. */
const halvingsMax = 100;
