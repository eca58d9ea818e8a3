import { fewestWhere } from './fewest-where.ts';
import { loadOf, type Queue, responseExceeds, responseMsAt } from './queue.ts';

/** What instances are to carry, and how well. */
export interface SizingAim extends Omit<Queue, 'servers'> {
  /** How many requests one instance works on at once. */
  readonly concurrency: number;
  /** The share of requests that are to be answered within `latencyMs`, like 0.95. */
  readonly quantile: number;
  readonly latencyMs: number;
  /** No more are looked at. Default 10,000. */
  readonly instancesMax?: number;
}

/** How many are enough, or that no number is. */
export type Sizing =
  | {
      readonly kind: 'enough';
      /** The fewest that hold the aim; at least 1. */
      readonly instances: number;
      /** What the aim's quantile of the response times is with so many. */
      readonly latencyMs: number;
      /** The busy share of what all can do, 0 to 1. */
      readonly busyRatio: number;
    }
  | {
      /** However many there are: a request takes too long where nothing waits, or there would be too many. */
      readonly kind: 'never';
      readonly because: string;
    };

/** How many instances keep a quantile of the response times within its limit, by Erlang's C; see `responseExceeds`. */
export function sizeInstances(aim: SizingAim): Sizing {
  const { concurrency, quantile, latencyMs, instancesMax = 10_000 } = aim;
  const with_ = (instances: number): Queue => ({ ...aim, servers: instances * concurrency });
  const holds = (instances: number): boolean =>
    responseExceeds(with_(instances), latencyMs) <= (1 - quantile) * (1 + 1e-9);
  if (!holds(Number.MAX_SAFE_INTEGER)) {
    const alone = responseMsAt({ ...aim, ratePerSecond: 0, servers: 1 }, quantile);
    return {
      kind: 'never',
      because: `served at once, it takes ${round(alone)} ms, above ${round(latencyMs)} ms`,
    };
  }
  const fewest = Math.max(1, Math.floor(loadOf(with_(1)) / concurrency));
  const instances = fewestWhere(holds, fewest, instancesMax);
  if (instances === undefined)
    return { kind: 'never', because: `it takes more than ${instancesMax} instances` };
  return {
    kind: 'enough',
    instances,
    latencyMs: responseMsAt(with_(instances), quantile),
    busyRatio: loadOf(with_(instances)) / (instances * concurrency),
  };
}

/** The most requests a second with which so many servers hold the aim; 0 where even one request alone misses it. */
export function rateWithin(queue: Omit<Queue, 'ratePerSecond'>, quantile: number, latencyMs: number): number {
  const holds = (ratePerSecond: number): boolean =>
    responseExceeds({ ...queue, ratePerSecond }, latencyMs) <= 1 - quantile;
  let low = 0;
  let high = (queue.servers * 1000) / queue.serviceMs;
  if (!holds(0)) return 0;
  while (high - low > 1e-7 * high) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
