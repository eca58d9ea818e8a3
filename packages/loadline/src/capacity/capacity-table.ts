import { fewestWhere } from './fewest-where.ts';
import { responseMsAt } from './queue.ts';
import { rateWithin, type SizingAim } from './size-instances.ts';

/** What so many instances carry, for one aim that is asked again and again: each number is worked out once. */
export class CapacityTable {
  readonly #aim: Omit<SizingAim, 'ratePerSecond'>;
  readonly #rates: number[] = [0];
  /** The response time that the aim's quantile has where nothing waits: no number of instances makes it shorter. */
  readonly latencyMsAlone: number;

  constructor(aim: Omit<SizingAim, 'ratePerSecond'>) {
    this.#aim = aim;
    this.latencyMsAlone = responseMsAt({ ...aim, ratePerSecond: 0, servers: 1 }, aim.quantile);
  }

  /** The most requests a second with which so many instances hold the aim. */
  ratePerSecond(instances: number): number {
    const known = this.#rates[instances];
    if (known !== undefined) return known;
    const { concurrency, quantile, latencyMs } = this.#aim;
    const rate = rateWithin({ ...this.#aim, servers: instances * concurrency }, quantile, latencyMs);
    this.#rates[instances] = rate;
    return rate;
  }

  /**
   * The fewest instances that hold the aim at this rate, at least 1; undefined where none do, or more than the aim's
   * most.
   */
  instancesFor(ratePerSecond: number): number | undefined {
    const { concurrency, serviceMs, instancesMax = 10_000 } = this.#aim;
    if (this.ratePerSecond(1) <= 0 && this.latencyMsAlone > this.#aim.latencyMs) return undefined;
    const busy = Math.floor((ratePerSecond * serviceMs) / 1000 / concurrency);
    const holds = (instances: number): boolean => this.ratePerSecond(instances) >= ratePerSecond;
    // What is busy all the time never holds it; how much more it takes is a root of that, so it is near.
    return fewestWhere(holds, 1 + Math.max(0, Math.min(busy, instancesMax)), instancesMax);
  }
}
