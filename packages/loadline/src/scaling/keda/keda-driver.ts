import type { Clock } from '../../base/index.ts';
import type { Fleet, ScalingDriver } from '../driver.ts';
import type { KedaReading, KedaSource } from './keda-source.ts';
import { type Standstill, standstillOf } from './standstill.ts';

/** Which groups KEDA scales, and who sees what is there. */
export interface KedaDriverOptions {
  readonly clock: Clock;
  /** Says what is there; its `apply` is never called. */
  readonly engine: Pick<ScalingDriver, 'observe'>;
  readonly groups: readonly string[];
  /**
   * So long what KEDA was told, and its autoscaler has not even begun to make, counts as on its way. Default 120,000: KEDA asks
   * every 30 s, its autoscaler every 15 s, and one that may change once a minute is at it then.
   */
  readonly takeUpMsMax?: number;
}

/** Both ends of one number: a scaler wants it here, and KEDA asks for it there. */
export interface KedaDriver extends ScalingDriver, KedaSource {}

/** The one metric: wanted replicas, of which one replica carries one. */
const metricName = 'loadline-wanted-replicas';

/**
 * Makes a driver that changes nothing itself: what is wanted of a group stands ready for KEDA, whose autoscaler makes it so
 * within its own rules. Until somebody wants another number it is the one that is there; so nothing moves when this process
 * starts, and nothing when it is gone.
 */
export function createKedaDriver(options: KedaDriverOptions): KedaDriver {
  const { clock, engine, groups, takeUpMsMax = 120_000 } = options;
  const told = new Map<string, number>();
  const standstills = new Map<string, Standstill | undefined>();
  const watchers = new Map<string, Set<() => void>>(groups.map((group) => [group, new Set()]));
  const tell = (group: string, replicas: number): void => {
    const wasActive = (told.get(group) ?? 0) > 0;
    const isNew = !told.has(group);
    told.set(group, replicas);
    if (isNew || wasActive !== replicas > 0) for (const onChange of watchers.get(group) ?? []) onChange();
  };
  return {
    groups,
    async observe(group, signal) {
      if (!watchers.has(group)) return { kind: 'unseen', because: noGroup(group) };
      const observed = await engine.observe(group, signal);
      if (observed.kind === 'unseen') return observed;
      if (!told.has(group)) tell(group, observed.wanted);
      const wanted = told.get(group) as number;
      const nowMs = clock.monotonicMs();
      const standstill = standstillOf(standstills.get(group), { wanted, there: observed.wanted, nowMs });
      standstills.set(group, standstill);
      if (standstill === undefined) return { ...observed, wanted };
      const isOverdue = nowMs - standstill.sinceMs >= takeUpMsMax;
      return isOverdue ? withUnmet(observed, wanted) : withUnderWay(observed, wanted);
    },
    async apply(group, replicas) {
      if (!watchers.has(group)) return { kind: 'refused', because: noGroup(group) };
      if (!Number.isSafeInteger(replicas) || replicas < 0)
        return { kind: 'refused', because: `there cannot be ${replicas} of ${group}` };
      tell(group, replicas);
      return { kind: 'accepted' };
    },
    async read(group): Promise<KedaReading | undefined> {
      if (!watchers.has(group)) return undefined;
      const replicas = told.get(group);
      if (replicas === undefined) throw new Error(`the group ${group} was not looked at yet`);
      return { isActive: replicas > 0, metrics: [{ name: metricName, value: replicas, target: 1 }] };
    },
    watch(group, onChange) {
      watchers.get(group)?.add(onChange);
      return () => void watchers.get(group)?.delete(onChange);
    },
  };
}

/** What KEDA was told and has not made yet is under way. */
function withUnderWay(fleet: Fleet, wanted: number): Fleet {
  const change = wanted - fleet.wanted;
  return {
    ...fleet,
    wanted,
    starting: fleet.starting + Math.max(0, change),
    stopping: fleet.stopping + Math.max(0, -change),
  };
}

/** What has not come for long will not: whoever waited for it would never take anything away again. */
function withUnmet(fleet: Fleet, wanted: number): Fleet {
  const limit = wanted > fleet.wanted ? 'maxReplicaCount' : 'minReplicaCount and scaleDown';
  const unmet = `KEDA was told ${wanted}, and its autoscaler leaves it at ${fleet.wanted}: look at ${limit} of its ScaledObject`;
  return { ...fleet, wanted, unmet };
}

function noGroup(group: string): string {
  return `KEDA is told nothing of a group ${JSON.stringify(group)}`;
}
