import type { CapacityTable } from '../../capacity/index.ts';

/** A service as a simulation knows it. */
export interface SimulatedService {
  /** How long an instance works on a request, on average, where nothing waits. */
  readonly serviceMs: number;
  /** Squared coefficients of variation: 0 where all are alike, 1 where they are exponential. */
  readonly serviceVariability: number;
  readonly arrivalVariability: number;
  /** How many requests one instance works on at once. */
  readonly concurrency: number;
  /** From the wish for an instance until it takes requests. It costs from the beginning. */
  readonly startMs: number;
  /** What is to be held: this share of the responses within this time. */
  readonly target: { readonly quantile: number; readonly latencyMs: number };
  /** Who would have to wait longer gives up, and is counted as lost. */
  readonly timeoutMs: number;
}

/** What instances made of what came in one interval. Filled anew in every step: there are hundreds of thousands. */
export interface Served {
  /** Whether the target was missed in this interval. */
  isViolated: boolean;
  /** The busy share of all that the instances can do, 0 to 1. */
  busyRatio: number;
  /** Requests that gave up. */
  lost: number;
  /** Requests that wait at the end. */
  waiting: number;
}

/**
 * The queue before the instances, from one interval to the next: steady by the theory of queues while they keep up,
 * and filling like a bucket while they do not.
 */
export class SimulatedQueue {
  readonly served: Served = { isViolated: false, busyRatio: 0, lost: 0, waiting: 0 };
  readonly #service: SimulatedService;
  readonly #capacity: CapacityTable;

  constructor(service: SimulatedService, capacity: CapacityTable) {
    this.#service = service;
    this.#capacity = capacity;
  }

  step(ratePerSecond: number, ready: number, intervalMs: number): Served {
    const { served } = this;
    const { serviceMs, concurrency, target, timeoutMs } = this.#service;
    const workPerSecond = (ready * concurrency * 1000) / serviceMs;
    const came = (ratePerSecond * intervalMs) / 1000;
    const done = (workPerSecond * intervalMs) / 1000;
    const before = served.waiting;
    const after = Math.max(0, before + came - done);
    const bearable = (workPerSecond * timeoutMs) / 1000;
    served.lost = Math.max(0, after - bearable);
    served.waiting = Math.min(after, bearable);
    served.busyRatio = done === 0 ? 1 : Math.min(1, (before + came) / done);
    // Whoever comes last waits until all before are done; a queue that short is the ordinary one.
    const longestMs = workPerSecond === 0 ? timeoutMs : (1000 * Math.max(before, after)) / workPerSecond;
    const isBacklogged = longestMs > target.latencyMs - this.#capacity.latencyMsAlone;
    const isOver = ratePerSecond > this.#capacity.ratePerSecond(ready);
    served.isViolated = came > 0 && (served.lost > 0 || isOver || isBacklogged);
    return served;
  }
}
