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
