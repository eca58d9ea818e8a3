import { unbracketed } from '../base/index.ts';
import { type Fleet, isCrashLooping, type Observed, type ScalingDriver } from './driver.ts';
import type { Capacity } from './rollout/advance.ts';
import type { RolloutBuilds, RolloutFleet } from './rollout/ports.ts';
import type { Build } from './rollout/traffic-seen.ts';
import type { BuildUpstream, BuildUpstreams } from './rollout/weigh.ts';

/** Which driver runs the builds of a rollout, and under which names. */
export interface DriverFleetOptions {
  /** Runs both builds, each as a group of its own: two services, two deployments. */
  readonly driver: ScalingDriver;
  /** The name of a build's group at the driver. */
  readonly groupOf: (builds: RolloutBuilds, build: Build) => string;
}

/** The fleet of a rollout by a scaling driver, and where its instances take requests. */
export interface DriverFleet extends RolloutFleet {
  /** Those that are ready, and those that end what they have; throws where a build cannot be seen, so that nobody loses all of its upstreams by that. */
  upstreams(builds: RolloutBuilds): Promise<BuildUpstreams>;
}

/**
 * Gives the candidate its share of as many instances as the baseline has, rounded up, and more where somebody has given
 * it more already. One that crashes again and again makes it fail.
 */
export function createDriverFleet({ driver, groupOf }: DriverFleetOptions): DriverFleet {
  const look = (builds: RolloutBuilds, build: Build, signal: AbortSignal): Promise<Observed> =>
    driver.observe(groupOf(builds, build), signal);

  /** Has so many, and says how far that has come. */
  async function have(group: string, fleet: Fleet, replicas: number, signal: AbortSignal): Promise<Capacity> {
    if (fleet.wanted !== replicas) {
      const outcome = await driver.apply(group, replicas, signal);
      if (outcome.kind === 'refused') return { kind: 'coming', because: `${group}: ${outcome.because}` };
    }
    return capacityOf(group, fleet, replicas);
  }

  return {
    async carry(builds, share, signal) {
      const group = groupOf(builds, 'candidate');
      const candidate = await look(builds, 'candidate', signal);
      if (candidate.kind === 'unseen') return { kind: 'coming', because: candidate.because };
      if (share === 0) return have(group, candidate, 0, signal);
      const baseline = await look(builds, 'baseline', signal);
      if (baseline.kind === 'unseen') return { kind: 'coming', because: baseline.because };
      // A hair less, so that a third of three is one.
      const needed = Math.max(1, Math.ceil(share * baseline.wanted - 1e-9));
      return have(group, candidate, Math.max(needed, candidate.wanted), signal);
    },
    async promote(builds, signal) {
      const baseline = await look(builds, 'baseline', signal);
      if (baseline.kind === 'unseen') return { kind: 'coming', because: baseline.because };
      return have(groupOf(builds, 'baseline'), baseline, 0, signal);
    },
    async upstreams(builds) {
      const { signal } = new AbortController();
      const [baseline, candidate] = await Promise.all([
        look(builds, 'baseline', signal),
        look(builds, 'candidate', signal),
      ]);
      return { baseline: upstreamsOf(baseline), candidate: upstreamsOf(candidate) };
    },
  };
}

function capacityOf(group: string, { ready, instances }: Fleet, replicas: number): Capacity {
  const crashing = instances.find(isCrashLooping);
  if (replicas > 0 && crashing !== undefined) {
    const why = crashing.remark === undefined ? '' : ` (${crashing.remark})`;
    return { kind: 'failed', because: `${crashing.id} of ${group} crashes again and again${why}` };
  }
  if (replicas === 0) {
    if (instances.length === 0) return { kind: 'ready' };
    return { kind: 'coming', because: `${instances.length} instances of ${group} are not gone yet` };
  }
  if (ready >= replicas) return { kind: 'ready' };
  return { kind: 'coming', because: `${ready} of ${replicas} instances of ${group} are ready` };
}

function upstreamsOf(observed: Observed): BuildUpstream[] {
  if (observed.kind === 'unseen') throw new Error(observed.because);
  return observed.instances.flatMap(({ id, state, url }) => {
    if ((state !== 'ready' && state !== 'draining') || url === undefined) return [];
    const { hostname, port, protocol } = new URL(url);
    const portNumber = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
    const address = { id, host: unbracketed(hostname), port: portNumber };
    return [state === 'draining' ? { ...address, isDraining: true } : address];
  });
}
