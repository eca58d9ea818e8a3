import type { Clock } from '../../base/index.ts';
import type { Observed, Outcome, ReplacingDriver, TrafficGate } from '../driver.ts';
import { scalingError } from '../errors.ts';
import { GivenKind, type GivenServers, type GivenUnit } from './given-kind.ts';
import { InstanceGroup } from './instance-group.ts';
import type { PassageCounts } from './passage.ts';

/** What is run, and what spreads requests over it. */
export interface GivenDriverOptions {
  readonly clock: Clock;
  /** How the servers of each group are started. */
  readonly groups: Readonly<Record<string, GivenServers>>;
  /** What spreads requests over them: a router of queries, a proxy. Default: nothing. */
  readonly gate?: TrafficGate;
}

/** Runs servers by what it was given. Whoever made it closes it, which drains and stops them all. */
export interface GivenDriver extends ReplacingDriver, AsyncDisposable {
  /** How servers came into the traffic and left it. */
  readonly passages: Readonly<PassageCounts>;
  /** Times that a `stop()` or a `kill()` threw. Who is not gone by it is there until its `ended` says otherwise. */
  readonly unheeded: number;
  /**
   * Idempotent; resolves when the last one is gone.
   *
   * @throws LoadlineError SCALING_SERVERS_LEFT where one has not told its end within `killLimitMs` of its kill.
   */
  close(): Promise<void>;
}

type Group = InstanceGroup<GivenUnit, GivenKind>;

/**
 * Makes a driver for whatever can be started and stopped: read replicas of a database, say. It looks after them as the process
 * driver does after processes: ready before they are let in, out before they are stopped, started again after a growing pause.
 *
 * @example
 * createGivenDriver({ clock, groups: { database_read_replicas: { start: async () => startReplica() } } });
 */
export function createGivenDriver({ clock, groups: given, gate }: GivenDriverOptions): GivenDriver {
  const passages: PassageCounts = { drained: 0, overdue: 0, unverified: 0, notAdmitted: 0 };
  let made = 0;
  let unheeded = 0;
  const onUnheeded = (): void => {
    unheeded++;
  };
  let closing: Promise<void> | undefined;
  const groups = new Map(
    Object.entries(given).map(([name, servers]): [string, Group] => [
      name,
      new InstanceGroup({
        ...{ name, clock, gate, counts: passages },
        nextId: () => `${name}-${++made}`,
        makeKind: (id) => new GivenKind({ id, given: servers, clock, onUnheeded }),
        onChange: () => undefined,
        onGone: () => undefined,
      }),
    ]),
  );
  function whenOpen(name: string, work: (group: Group) => Outcome): Outcome {
    const group = groups.get(name);
    if (group === undefined) return { kind: 'refused', because: noGroup(name) };
    if (closing !== undefined) return { kind: 'refused', because: 'the driver was closed' };
    return work(group);
  }

  const driver: GivenDriver = {
    async observe(name): Promise<Observed> {
      return groups.get(name)?.fleet() ?? { kind: 'unseen', because: noGroup(name) };
    },
    async apply(name, replicas): Promise<Outcome> {
      return whenOpen(name, (group) => {
        const { replicasMax = 16 } = given[name] as GivenServers;
        if (!Number.isSafeInteger(replicas) || replicas < 0 || replicas > replicasMax)
          return { kind: 'refused', because: `there can be 0 to ${replicasMax} of ${name}, not ${replicas}` };
        group.resize(replicas);
        return { kind: 'accepted' };
      });
    },
    restart: async (name) => whenOpen(name, (group) => group.restart()),
    endRestart: async (name, because) => whenOpen(name, (group) => group.endRestart(because)),
    get passages() {
      return { ...passages };
    },
    get unheeded() {
      return unheeded;
    },
    close() {
      closing ??= drainAll([...groups.values()]);
      return closing;
    },
    [Symbol.asyncDispose]: () => driver.close(),
  };
  return driver;
}

/** A server that does not say that it has ended must not keep a whole process from its end. */
async function drainAll(groups: readonly Group[]): Promise<void> {
  const left = (await Promise.all(groups.map((group) => group.drain()))).flat();
  if (left.length === 0) return;
  throw scalingError(
    'SCALING_SERVERS_LEFT',
    `Cannot end every given server: ${left.join(', ')} had not ended in time after the kill, and may be there still. Look where they were started, and end them there.`,
    { facts: { servers: left } },
  );
}

function noGroup(name: string): string {
  return `nothing is given to start the group ${JSON.stringify(name)}`;
}
