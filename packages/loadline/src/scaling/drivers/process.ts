import { join, resolve } from 'node:path';
import type { Clock } from '../../base/index.ts';
import type { Observed, Outcome, ReplacingDriver, TrafficGate } from '../driver.ts';
import { type FleetRecord, type InstanceRecord, readFleetRecord, writeFleetRecord } from './fleet-record.ts';
import { InstanceGroup } from './instance-group.ts';
import { OutputFile } from './output-file.ts';
import type { PassageCounts } from './passage.ts';
import { ProcessKind } from './process-kind.ts';
import { ProcessQuotas } from './process-quotas.ts';
import { type ProcessGroup, recordOf } from './process-record.ts';
import { adoptProcess } from './running-process.ts';
import type { ServiceCommand } from './service-command.ts';

/** What is run, within which limits, and where it is written down. */
export interface ProcessDriverOptions {
  readonly clock: Clock;
  /** How an instance of each group is run; a function is asked for each new one, so that it may be another by then. */
  readonly services: Readonly<Record<string, ServiceSource>>;
  /** Of one group; more are refused, whatever a policy says. Default 64. */
  readonly replicasMax?: number;
  /** The balancer before them: who is ready is let in, who is to go is taken out first. Default: nothing balances. */
  readonly gate?: TrafficGate;
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
  /** Where the system has its control groups; asked only where a service has a quota. Default `/sys/fs/cgroup`. */
  readonly controlGroups?: string;
}

/** Runs instances as processes of this machine. Whoever made it closes it, which drains and stops them all. */
export interface ProcessDriver extends ReplacingDriver, AsyncDisposable {
  /** Takes up what a driver before it has left, where it was held until now. */
  begin(): void;
  /** The last lines that each instance wrote, by its id: at most 200 of at most 1,000 characters. */
  output(group: string): ReadonlyMap<string, readonly string[]>;
  /** Times that a file of the folder could not be written. A driver after this one would not find all. */
  readonly unwritten: number;
  /** How instances came into the traffic and left it. */
  readonly passages: Readonly<PassageCounts>;
  /** Drains and stops every process; where it was held to the end, none. Idempotent; resolves when the last is gone. */
  close(): Promise<void>;
}

/**
 * Makes a driver that starts a command as often as wanted, each with a PORT of its own on loopback, checks by HTTP
 * when it is ready and that it goes on answering, lets it into the traffic and takes it out, stops it by SIGTERM, and
 * starts again what has ended or hangs, after a growing pause. With a folder it takes up what a driver before it has left
 * running.
 *
 * @throws LoadlineError SCALING_RECORD_UNREADABLE
 */
export function createProcessDriver({
  clock,
  services,
  replicasMax = 64,
  gate,
  folder,
  isHeld = false,
  controlGroups,
}: ProcessDriverOptions): ProcessDriver {
  const passages: PassageCounts = { drained: 0, overdue: 0, unverified: 0, notAdmitted: 0 };
  const quotas = new ProcessQuotas(controlGroups);
  const groups = new Map(Object.entries(services).map(([name, service]) => [name, makeGroup(name, service)]));
  let made = 0;
  let unwritten = 0;
  let closing: Promise<void> | undefined;
  /** Instances of services that are not described any more. */
  const leaving: Promise<unknown>[] = [];
  const record = folder === undefined ? undefined : readFleetRecord(folder);
  const start = Promise.withResolvers<void>();
  let hasBegun = false;
  if (!isHeld) begin();

  function makeGroup(name: string, service: ServiceSource): ProcessGroup {
    const lastWords = `${name}-last-crash.log`;
    return new InstanceGroup({
      ...{ name, clock, gate, counts: passages },
      ...(folder === undefined ? {} : { lastWords: resolve(folder, lastWords) }),
      nextId() {
        made++;
        return `${name}-${made}`;
      },
      makeKind: (id) => {
        const outputFile = folder === undefined ? undefined : join(folder, `${id}.log`);
        const present = presentOf(service);
        return new ProcessKind({ id, service: present, clock, outputFile, quota: quotas.of(present) });
      },
      onChange: note,
      onGone({ kind, instance }) {
        kind.close();
        const { output } = kind;
        if (output instanceof OutputFile)
          attempt(() => (instance.hasLeftCrashed ? output.keepAs(lastWords) : output.remove()));
        note();
      },
    });
  }

  function begin(): void {
    if (hasBegun || closing !== undefined) return;
    hasBegun = true;
    if (record !== undefined) takeUp(record);
    start.resolve();
  }

  function takeUp(record: FleetRecord): void {
    made = record.made;
    for (const [name, { wanted, instances, restart }] of record.groups) {
      const group = groups.get(name);
      if (group === undefined) {
        leaving.push(...instances.map((instance) => letGo(instance, clock)));
        continue;
      }
      group.wanted = wanted;
      // Those that were to go are not taken up as if they were to stay.
      instances.forEach((found, index) => {
        const { restarts } = found;
        const taken = group.add(found.id, (kind) => ({ unit: kind.adopt(found), restarts }));
        if (index >= wanted) void taken.instance.drain();
      });
      group.fill();
      if (restart !== undefined) group.tellRestart(restart);
    }
    note();
  }

  /** Writes down what runs now. */
  function note(): void {
    if (folder === undefined) return;
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

  function whenOpen(name: string, work: (group: ProcessGroup) => Outcome): Outcome {
    const group = groups.get(name);
    if (group === undefined) return { kind: 'refused', because: noGroup(name) };
    if (closing !== undefined) return { kind: 'refused', because: 'the driver was closed' };
    return work(group);
  }

  const driver: ProcessDriver = {
    begin,
    async observe(name): Promise<Observed> {
      await start.promise;
      if (!hasBegun) return { kind: 'unseen', because: neverBegan };
      const group = groups.get(name);
      if (group === undefined) return { kind: 'unseen', because: noGroup(name) };
      for (const { kind } of group.members) {
        const { output } = kind;
        if (output instanceof OutputFile) attempt(() => output.trim());
      }
      return group.fleet(quotas.of(presentOf(services[name] as ServiceSource))?.described);
    },
    async apply(name, replicas): Promise<Outcome> {
      await start.promise;
      return whenOpen(name, (group) => {
        if (!Number.isSafeInteger(replicas) || replicas < 0 || replicas > replicasMax) {
          const because = `this machine runs 0 to ${replicasMax} of a group, not ${replicas}`;
          return { kind: 'refused', because };
        }
        group.resize(replicas);
        note();
        return { kind: 'accepted' };
      });
    },
    async restart(name): Promise<Outcome> {
      await start.promise;
      return whenOpen(name, (group) => group.restart());
    },
    async endRestart(name, because): Promise<Outcome> {
      await start.promise;
      return whenOpen(name, (group) => group.endRestart(because));
    },
    output(name) {
      const members = groups.get(name)?.members ?? [];
      return new Map(members.map(({ instance, kind }) => [instance.id, kind.output.lines]));
    },
    get unwritten() {
      return unwritten;
    },
    get passages() {
      return { ...passages };
    },
    close() {
      closing ??= Promise.all([...leaving, ...[...groups.values()].map((group) => group.drain())]).then(() =>
        quotas.close(),
      );
      start.resolve();
      return closing;
    },
    [Symbol.asyncDispose]: () => driver.close(),
  };
  return driver;
}

type ServiceSource = ServiceCommand | (() => ServiceCommand);

function presentOf(service: ServiceSource): ServiceCommand {
  return typeof service === 'function' ? service() : service;
}

const neverBegan = 'the driver was closed before it began';

function noGroup(name: string): string {
  return `no command is known for the group ${JSON.stringify(name)}: it is described no more, or never was`;
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
