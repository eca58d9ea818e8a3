import { join } from 'node:path';
import type { Clock } from '../../base/index.ts';
import type { Fleet, Instance, InstanceState, Observed, Outcome, ScalingDriver } from '../driver.ts';
import {
  type FleetRecord,
  type GroupRecord,
  type InstanceRecord,
  readFleetRecord,
  writeFleetRecord,
} from './fleet-record.ts';
import { ManagedProcess, type ServiceCommand } from './managed-process.ts';
import { OutputFile } from './output-file.ts';
import { adoptProcess } from './running-process.ts';

export interface ProcessDriverOptions {
  readonly clock: Clock;
  /** How an instance of each group is run. */
  readonly services: Readonly<Record<string, ServiceCommand>>;
  /** Of one group; more are refused, whatever a policy says. Default 64. */
  readonly replicasMax?: number;
  /**
   * Where it writes down what runs, and the instances their output, so that a driver after it takes up what outlived
   * it. For one driver at a time. Without it, whoever is killed leaves instances that nobody finds; so it does on
   * systems other than Linux.
   */
  readonly folder?: string;
  /**
   * Does nothing until `begin()`, and whoever asks waits for that: for those who do not know yet whether they will run at
   * all. Default: begins at once.
   */
  readonly isHeld?: boolean;
}

/** Runs instances as processes of this machine. Whoever made it closes it, which drains and stops them all. */
export interface ProcessDriver extends ScalingDriver, AsyncDisposable {
  /** Takes up what a driver before it has left, where it was held until now. */
  begin(): void;
  /** The last lines that each instance wrote, by its id: at most 200 of at most 1,000 characters. */
  output(group: string): ReadonlyMap<string, readonly string[]>;
  /** Times that a file of the folder could not be written. A driver after this one would not find all. */
  readonly unwritten: number;
  /** Drains and stops every process; where it was held to the end, none. Idempotent; resolves when the last is gone. */
  close(): Promise<void>;
}

interface Group {
  readonly service: ServiceCommand;
  wanted: number;
  instances: ManagedProcess[];
}

/**
 * Makes a driver that starts a command as often as wanted, each with a PORT of its own on loopback, checks by HTTP
 * when it is ready and that it goes on answering, drains it by SIGTERM, and starts again what has ended or hangs, after
 * a growing pause. With a folder it takes up what a driver before it has left running.
 *
 * @throws LoadlineError SCALING_RECORD_UNREADABLE
 */
export function createProcessDriver({
  clock,
  services,
  replicasMax = 64,
  folder,
  isHeld = false,
}: ProcessDriverOptions): ProcessDriver {
  const groups = new Map<string, Group>(
    Object.entries(services).map(([name, service]) => [name, { service, wanted: 0, instances: [] }]),
  );
  let made = 0;
  let unwritten = 0;
  let closing: Promise<void> | undefined;
  /** Instances of services that are not described any more. */
  const leaving: Promise<unknown>[] = [];
  const record = folder === undefined ? undefined : readFleetRecord(folder);
  const start = Promise.withResolvers<void>();
  let hasBegun = false;
  if (!isHeld) begin();

  function begin(): void {
    if (hasBegun || closing !== undefined) return;
    hasBegun = true;
    if (record !== undefined) takeUp(record);
    start.resolve();
  }

  function takeUp(record: FleetRecord): void {
    made = record.made;
    for (const [name, { wanted, instances }] of record.groups) {
      const group = groups.get(name);
      if (group === undefined) {
        leaving.push(...instances.map((instance) => letGo(instance, clock)));
        continue;
      }
      group.wanted = wanted;
      // Those that were to go are not taken up as if they were to stay.
      instances.forEach((instance, index) => {
        const taken = add(group, instance);
        if (index >= wanted) void taken.drain();
      });
      fill(name, group);
    }
    note();
  }

  /** Makes as many as are missing. */
  function fill(name: string, group: Group): void {
    const active = group.instances.filter(({ state }) => state !== 'draining').length;
    for (let count = active; count < group.wanted; count++) {
      made++;
      add(group, { id: `${name}-${made}`, restarts: 0, running: undefined });
    }
  }

  function add(group: Group, found: InstanceRecord): ManagedProcess {
    const { id } = found;
    const outputFile = folder === undefined ? undefined : join(folder, `${id}.log`);
    const instance = new ManagedProcess({
      id,
      service: group.service,
      clock,
      outputFile,
      found,
      onChange: note,
    });
    group.instances.push(instance);
    void instance.gone.then(() => {
      group.instances = group.instances.filter((each) => each !== instance);
      const { output } = instance;
      if (output instanceof OutputFile) attempt(() => output.remove());
      note();
    });
    return instance;
  }

  /** Writes down what runs now. */
  function note(): void {
    if (folder === undefined) return;
    const recordOf = ({ wanted, instances }: Group): GroupRecord => ({
      wanted,
      instances: keepersFirst(instances).map(({ record }) => record),
    });
    const records = new Map([...groups].map(([name, group]) => [name, recordOf(group)]));
    attempt(() => writeFleetRecord(folder, { made, groups: records }));
  }

  /** A disk that is full is no reason to let go of what runs. */
  function attempt(work: () => void): void {
    try {
      work();
    } catch {
      unwritten++;
    }
  }

  const driver: ProcessDriver = {
    begin,
    async observe(name): Promise<Observed> {
      await start.promise;
      if (!hasBegun) return { kind: 'unseen', because: neverBegan };
      const group = groups.get(name);
      if (group === undefined) return { kind: 'unseen', because: noGroup(name) };
      for (const { output } of group.instances)
        if (output instanceof OutputFile) attempt(() => output.trim());
      return fleetOf(group);
    },
    async apply(name, replicas): Promise<Outcome> {
      await start.promise;
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
      fill(name, group);
      for (const surplus of leastUseful(active).slice(0, Math.max(0, active.length - replicas))) {
        void surplus.drain();
      }
      note();
      return { kind: 'accepted' };
    },
    output(name) {
      const instances = groups.get(name)?.instances ?? [];
      return new Map(instances.map(({ id, output }) => [id, output.lines]));
    },
    get unwritten() {
      return unwritten;
    },
    close() {
      closing ??= Promise.all([
        ...leaving,
        ...[...groups.values()].flatMap((group) => {
          group.wanted = 0;
          return group.instances.map((instance) => instance.drain());
        }),
      ]).then(() => undefined);
      start.resolve();
      return closing;
    },
    [Symbol.asyncDispose]: () => driver.close(),
  };
  return driver;
}

const neverBegan = 'the driver was closed before it began';

function noGroup(name: string): string {
  return `no command is known for the group ${JSON.stringify(name)}`;
}

const letGoGraceMs = 30_000;

/** Ends what a driver before us has started, and nobody would look after any more. */
async function letGo({ running }: InstanceRecord, clock: Clock): Promise<void> {
  const left = running && adoptProcess(running, running.port, clock);
  if (left === undefined) return;
  left.terminate();
  const timer = clock.setTimer(() => left.killAll(), letGoGraceMs);
  await left.ended;
  timer.cancel();
}

/** Those that are to go stand last, so that whoever reads the record knows them. */
function keepersFirst(instances: readonly ManagedProcess[]): readonly ManagedProcess[] {
  const isLeaving = ({ state }: ManagedProcess): number => (state === 'draining' ? 1 : 0);
  return instances.toSorted((a, b) => isLeaving(a) - isLeaving(b));
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
