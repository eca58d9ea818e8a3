import type { SimulatedService } from './service.ts';
import type { SimulationResult } from './tally.ts';
import type { Trace } from './trace.ts';

/** Policies that were tried on one trace, side by side. */
export interface SimulationReport {
  readonly trace: Trace;
  readonly service: SimulatedService;
  readonly tried: readonly TriedPolicy[];
  /** Of an instance hour, in any currency. */
  readonly price: number | undefined;
  /** What was not known of the service, and is a default instead. */
  readonly assumed: readonly AssumedFact[];
  /** What could not be tried of the policies less and more generous. */
  readonly leftOut: readonly LeftOut[];
  /** Metrics of the policies that nobody saw in the simulation. */
  readonly unmodelled: readonly string[];
}

/** One policy that was tried, as it is or more or less generous. */
export interface TriedPolicy {
  readonly policy: string;
  /** 1 where it is as it is. */
  readonly generosity: number;
  readonly result: SimulationResult;
}

/** What a default stands in for, of a service. */
export type AssumedFact = 'serviceMs' | 'concurrency' | 'startMs';

/** A policy at a generosity that it cannot have. */
export interface LeftOut {
  readonly policy: string;
  readonly generosity: number;
  readonly because: string;
}

/** What was left out and why, a sentence for each policy and reason. Pure. */
export function tellLeftOut(leftOut: readonly LeftOut[]): string[] {
  const alike = Map.groupBy(leftOut, ({ policy, because }) => JSON.stringify([policy, because]));
  return [...alike.values()].map((all) => {
    const { policy, because } = all[0] as LeftOut;
    return `Left out: ${policy} ${all.map(({ generosity }) => `× ${generosity}`).join(', ')}, as ${because}.`;
  });
}
