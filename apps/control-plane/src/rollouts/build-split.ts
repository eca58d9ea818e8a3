import { createPoolSplit, type DriverFleet, type TrafficSplit } from 'loadline/scaling';
import type { Pool } from 'loadline/traffic';
import type { Builds } from './builds.ts';
import type { ServiceDriver } from './service-driver.ts';

/** As much of the proxies of a service as splits its traffic. */
export type SplitPool = Pick<Pool, 'join' | 'status'>;

export interface BuildSplitOptions {
  readonly builds: Builds;
  readonly fleet: Pick<DriverFleet, 'upstreams'>;
  readonly serviceDriver: ServiceDriver;
  readonly poolOf: (service: string) => SplitPool | undefined;
  readonly weights: NewcomerWeights;
}

/** Splits the traffic of each service by the proxies before it, and says which group carries it. */
export function createBuildSplit(options: BuildSplitOptions): TrafficSplit {
  const { builds, fleet, serviceDriver, poolOf, weights } = options;
  const poolBefore = (service: string): SplitPool => {
    const pool = poolOf(service);
    if (pool === undefined) throw new Error(`there is no proxy before ${service}`);
    return pool;
  };
  return {
    async apply(rollout, share, signal) {
      const { group: service, candidate } = rollout;
      const pool = poolBefore(service);
      const upstreams = await fleet.upstreams(rollout);
      const own = builds.candidateGroup(service, candidate);
      const other = builds.groupsOf(service).find((group) => group !== own) ?? own;
      const isCandidate = new Set(upstreams.candidate.map(({ id }) => id));
      const told = {
        status: () => pool.status(),
        join(upstream: Parameters<Pool['join']>[0], until?: AbortSignal) {
          weights.note(isCandidate.has(upstream.id) ? own : other, upstream.weight);
          return pool.join(upstream, until);
        },
      };
      serviceDriver.carry(service, share === 1 ? own : other);
      // Who comes up meanwhile gets nothing but what it is given here.
      if (share === 0) weights.note(own, 0);
      await createPoolSplit({ pool: told, upstreams: () => upstreams }).apply(rollout, share, signal);
    },
    async fitness(rollout, signal) {
      const pool = poolBefore(rollout.group);
      const split = createPoolSplit({ pool, upstreams: (of) => fleet.upstreams(of) });
      return (split.fitness as NonNullable<TrafficSplit['fitness']>)(rollout, signal);
    },
  };
}

/** Which weight an instance of a group gets that has just come up, until the next look at the rollout. */
export interface NewcomerWeights {
  /** Undefined is what proxies take where nothing is said. */
  of(group: string): number | undefined;
  note(group: string, weight: number | undefined): void;
}

/** A build that does not serve gets nothing before its rollout gives it something. */
export function createNewcomerWeights(builds: Builds): NewcomerWeights {
  const noted = new Map<string, number | undefined>();
  return {
    of(group) {
      if (noted.has(group)) return noted.get(group);
      return builds.servingGroup(builds.serviceOf(group)) === group ? undefined : 0;
    },
    note: (group, weight) => void noted.set(group, weight),
  };
}
