import type { WantedMetric } from './policy/metric.ts';
import type { Readings } from './strategies/observation.ts';
import type { SeriesByMetric } from './strategies/strategy.ts';

/** Where the values come from that rules are held against. */
export interface ReadingsPort {
  /** The present value of each metric, or why there is none; those that nobody measures are left out. */
  read(group: string, metrics: readonly WantedMetric[], signal: AbortSignal): Promise<Readings>;
  /**
   * The present value of those metrics that are each instance's own, by its id: for an autoscaler object, which looks at
   * each. Without it every instance that is ready is taken for an average one.
   */
  readEach?(
    group: string,
    metrics: readonly WantedMetric[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Readings>>;
  /**
   * The past of each metric as one number of the whole group, for forecasts: weeks where they are kept. Without it
   * nothing is forecast.
   */
  history?(group: string, metrics: readonly WantedMetric[], signal: AbortSignal): Promise<SeriesByMetric>;
}
