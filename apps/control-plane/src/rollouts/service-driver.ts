import type { Instance, ScalingDriver } from 'loadline/scaling';
import type { Builds } from './builds.ts';

/** A driver for which a service is one group: that of the build which carries its traffic. */
export interface ServiceDriver extends ScalingDriver {
  /** This group of the service carries its traffic. */
  carry(service: string, group: string): void;
}

/** For whoever scales services and need not know that one may have two builds. */
export function createServiceDriver(driver: ScalingDriver, builds: Builds): ServiceDriver {
  const carriers = new Map<string, string>();
  const groupOf = (service: string): string => carriers.get(service) ?? builds.servingGroup(service);
  const { restart, endRestart } = driver;
  return {
    ...(restart && { restart: (service, signal) => restart.call(driver, groupOf(service), signal) }),
    ...(endRestart && {
      endRestart: (service, because, signal) => endRestart.call(driver, groupOf(service), because, signal),
    }),
    observe: (service, signal) => driver.observe(groupOf(service), signal),
    apply: (service, replicas, signal) => driver.apply(groupOf(service), replicas, signal),
    carry: (service, group) => void carriers.set(service, group),
  };
}

/** An instance that takes requests, for whoever watches. */
export interface RunningInstance {
  readonly service: string;
  readonly instance: string;
  readonly url: string;
}

/** Everybody who takes requests now, of all builds. */
export async function runningInstances(driver: ScalingDriver, builds: Builds): Promise<RunningInstance[]> {
  const groups = builds.services.flatMap((service) => builds.groupsOf(service));
  const found = await Promise.all(
    groups.map(async (group) =>
      (await readyInstances(driver, group, never)).map(({ id, url }) => ({
        service: builds.serviceOf(group),
        instance: id,
        url,
      })),
    ),
  );
  return found.flat();
}

const never = new AbortController().signal;

/** Those of a group that are ready and say where; none where it cannot be seen. */
export async function readyInstances(
  driver: ScalingDriver,
  group: string,
  signal: AbortSignal,
): Promise<readonly (Instance & { readonly url: string })[]> {
  const fleet = await driver.observe(group, signal);
  if (fleet.kind === 'unseen') return [];
  return fleet.instances.flatMap((each) =>
    each.state === 'ready' && each.url !== undefined ? [{ ...each, url: each.url }] : [],
  );
}
