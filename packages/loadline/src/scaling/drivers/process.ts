import type { Clock } from '../../base/index.ts';
import type { Fleet, Instance, InstanceState, Observed, Outcome, ScalingDriver } from './driver.ts';
import { ManagedProcess, type ServiceCommand } from './managed-process.ts';

export interface ProcessDriverOptions {
  readonly clock: Clock;
  /** How an instance of each group is run. */
  readonly services: Readonly<Record<string, ServiceCommand>>;
  /** Of one group; more are refused, whatever a policy says. Default 64. */
  readonly replicasMax?: number;
}

/** Runs instances as processes of this machine. Whoever made it closes it, which drains and stops them all. */
export interface ProcessDriver extends ScalingDriver, AsyncDisposable {
  /** The last lines that each instance wrote, by its id: at most 200 of at most 1,000 characters. */
  output(group: string): ReadonlyMap<string, readonly string[]>;
  /** Drains and stops every process. Idempotent; resolves when the last is gone. */
  close(): Promise<void>;
}

interface Group {
  readonly service: ServiceCommand;
  wanted: number;
  instances: ManagedProcess[];
}

/**
 * Makes a driver that starts a command as often as wanted, each with a PORT of its own on loopback, checks by HTTP
 * when it is ready, drains it by SIGTERM, and starts again what has ended by itself, after a growing pause.
 * Should this process be killed, the instances go on; they are not found again by the next one.
 */
export function createProcessDriver({
  clock,
  services,
  replicasMax = 64,
}: ProcessDriverOptions): ProcessDriver {
  const groups = new Map<string, Group>(
    Object.entries(services).map(([name, service]) => [name, { service, wanted: 0, instances: [] }]),
  );
  let made = 0;
  let closing: Promise<void> | undefined;

  function start(name: string, group: Group): void {
    made++;
    const instance = new ManagedProcess(`${name}-${made}`, group.service, clock);
    group.instances.push(instance);
    void instance.gone.then(() => {
      group.instances = group.instances.filter((each) => each !== instance);
    });
  }

  const driver: ProcessDriver = {
    async observe(name): Promise<Observed> {
      const group = groups.get(name);
      return group === undefined ? { kind: 'unseen', because: noGroup(name) } : fleetOf(group);
    },
    async apply(name, replicas): Promise<Outcome> {
      const group = groups.get(name);
      if (group === undefined) return { kind: 'refused', because: noGroup(name) };
      if (closing !== undefined) return { kind: 'refused', because: 'the driver was closed' };
      if (!Number.isSafeInteger(replicas) || replicas < 0 || replicas > replicasMax) {
        return {
          kind: 'refused',
          because: `this machine runs 0 to ${replicasMax} of a group, not ${replicas}`,
        };
      }
      group.wanted = replicas;
      const active = group.instances.filter(({ state }) => state !== 'draining');
      for (let count = active.length; count < replicas; count++) start(name, group);
      for (const surplus of leastUseful(active).slice(0, Math.max(0, active.length - replicas))) {
        void surplus.drain();
      }
      return { kind: 'accepted' };
    },
    output(name) {
      const instances = groups.get(name)?.instances ?? [];
      return new Map(instances.map(({ id, output }) => [id, output.lines]));
    },
    close() {
      closing ??= Promise.all(
        [...groups.values()].flatMap((group) => {
          group.wanted = 0;
          return group.instances.map((instance) => instance.drain());
        }),
      ).then(() => undefined);
      return closing;
    },
    [Symbol.asyncDispose]: () => driver.close(),
  };
  return driver;
}

function noGroup(name: string): string {
  return `no command is known for the group ${JSON.stringify(name)}`;
}

/** Whoever carries nothing goes first; of those that do, the youngest, whose caches are the coldest. */
function leastUseful(instances: readonly ManagedProcess[]): ManagedProcess[] {
  const order: readonly InstanceState[] = ['waiting', 'starting', 'ready', 'draining'];
  return instances.toReversed().toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
}

function fleetOf({ wanted, instances }: Group): Fleet {
  const described = instances.map((instance): Instance => instance.describe());
  const count = (...states: readonly InstanceState[]): number =>
    described.filter(({ state }) => states.includes(state)).length;
  return {
    kind: 'seen',
    wanted,
    ready: count('ready'),
    starting: count('starting', 'waiting'),
    stopping: count('draining'),
    instances: described,
  };
}
