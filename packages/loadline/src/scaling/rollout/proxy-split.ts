import type { ProxyDriver, Upstream, WantedUpstream } from '../../traffic/index.ts';
import { fitnessOf, type ProxyView } from './fitness.ts';
import type { RolloutBuilds, TrafficSplit } from './ports.ts';
import { type BuildUpstreams, weigh } from './weigh.ts';

export interface ProxySplitOptions {
  /** Each is told the whole list: nobody else may tell them another. */
  readonly drivers: readonly ProxyDriver[];
  /** Who serves each build now, and who ends what it has. */
  readonly upstreams: (builds: RolloutBuilds) => BuildUpstreams | Promise<BuildUpstreams>;
}

/** Splits traffic by the weights of proxies that it has for itself. */
export function createProxySplit({ drivers, upstreams }: ProxySplitOptions): TrafficSplit {
  return {
    async apply(builds, share, signal) {
      const wanted = weigh(await upstreams(builds), share);
      const told = await Promise.allSettled(drivers.map((driver) => driver.apply(wanted, signal)));
      throwUnlessAll(told, (index) => (drivers[index] as ProxyDriver).name);
    },
    async fitness(builds, signal) {
      const { candidate } = await upstreams(builds);
      const looks = drivers.map(async (driver): Promise<ProxyView> => {
        const { name } = driver;
        try {
          return { name, seen: await driver.observe(signal) };
        } catch {
          return { name, seen: undefined };
        }
      });
      return fitnessOf(
        candidate.filter(({ isDraining = false }) => !isDraining),
        await Promise.all(looks),
      );
    },
  };
}

/** As much of a pool as a split needs. */
export interface WeightedPool {
  join(upstream: Upstream, signal?: AbortSignal): Promise<void>;
  status(): { readonly proxies: readonly ProxyView[] };
}

export interface PoolSplitOptions {
  readonly pool: WeightedPool;
  readonly upstreams: ProxySplitOptions['upstreams'];
}

/**
 * Splits traffic by the weights of a pool's upstreams, beside whoever lets others join and leave. An upstream that is to
 * get nothing is not waited for: it may be just the one that is down. A pool says who is up, and tells weights right then.
 */
export function createPoolSplit({ pool, upstreams }: PoolSplitOptions): TrafficSplit {
  return {
    async apply(builds, share, signal) {
      const wanted = weigh(await upstreams(builds), share);
      const join = ({ mode: _, ...upstream }: WantedUpstream): Promise<void> => pool.join(upstream, signal);
      // Who leaves a pool leaves it by whoever lets it go.
      const staying = wanted.filter(({ mode }) => mode === 'serving');
      const serving = staying.filter(({ weight }) => weight !== 0);
      throwUnlessAll(await Promise.allSettled(serving.map(join)), (index) => serving[index]?.id ?? '');
      // Only then, so that there is somebody to send requests to all along.
      for (const each of staying) if (each.weight === 0) join(each).catch(ignore);
    },
    async fitness(builds) {
      const { candidate } = await upstreams(builds);
      return fitnessOf(
        candidate.filter(({ isDraining = false }) => !isDraining),
        pool.status().proxies,
      );
    },
  };
}

/** Whoever waits has told why by the signal. */
function ignore(): void {}

function throwUnlessAll(
  told: readonly PromiseSettledResult<void>[],
  nameOf: (index: number) => string,
): void {
  const failed = told.flatMap((each, index) =>
    each.status === 'rejected'
      ? [`${nameOf(index)}: ${String((each.reason as Error)?.message ?? each.reason)}`]
      : [],
  );
  if (failed.length > 0) throw new Error(failed.join('; '));
}
