import type { Capacity } from './advance.ts';
import type { Fitness } from './fitness.ts';
import type { TrafficTotals } from './traffic-seen.ts';

/** Which rollout something is asked for. */
export interface RolloutBuilds {
  readonly id: string;
  readonly group: string;
  readonly baseline: string;
  readonly candidate: string;
}

/**
 * Runs the instances of both builds. It is told at every look what is wanted, so that each call may be repeated; a call
 * returns when the wish has been taken up, and says how far it has come.
 */
export interface RolloutFleet {
  /**
   * The candidate is to have instances for this share of the group's traffic, 0 to 1; at 0 it is to have none. Those of
   * the baseline stay as they are. `ready` may include whatever else the candidate has to pass: a smoke test, a look at
   * its health.
   */
  carry(builds: RolloutBuilds, share: number, signal: AbortSignal): Promise<Capacity>;
  /** The candidate is the group's build from now on: the baseline's instances are drained and go. */
  promote(builds: RolloutBuilds, signal: AbortSignal): Promise<Capacity>;
}

/** Sends a share of the requests to the candidate. */
export interface TrafficSplit {
  /**
   * Resolves when whatever spreads the requests has taken up the share, 0 to 1, and throws where one of several has not:
   * the others go on. The same share twice changes nothing; instances that came or went meanwhile are taken in.
   */
  apply(builds: RolloutBuilds, share: number, signal: AbortSignal): Promise<void>;
  /**
   * How the candidate's instances are found where requests are spread. Where this is absent they are taken for fit as
   * soon as the fleet has them ready. A proxy that takes out who fails keeps errors from users, and from the figures too.
   */
  fitness?(builds: RolloutBuilds, signal: AbortSignal): Promise<Fitness>;
}

/** Tells what the instances of both builds have counted. */
export interface RolloutReadings {
  /** Throws where it cannot say, or where what it knows is old. */
  read(builds: RolloutBuilds, signal: AbortSignal): Promise<TrafficTotals>;
}
