import type { Clock } from '../../base/index.ts';
import type { Fleet, Outcome, Quota, TrafficGate } from '../driver.ts';
import type { RestartRecord } from './fleet-record.ts';
import type { InstanceKind, RunningUnit } from './instance-kind.ts';
import { chooseLeavers } from './leavers.ts';
import { ManagedInstance } from './managed-instance.ts';
import { Passage, type PassageCounts } from './passage.ts';
import { RollingRestart } from './rolling-restart.ts';

export interface InstanceGroupOptions<Unit extends RunningUnit, Kind extends InstanceKind<Unit>> {
  readonly name: string;
  readonly clock: Clock;
  readonly gate: TrafficGate | undefined;
  readonly counts: PassageCounts;
  readonly makeKind: (id: string) => Kind;
  /** A name that no instance had before. */
  readonly nextId: () => string;
  /** Where it can be read, for people, why one that had crashed was let go; undefined where nowhere. */
  readonly lastWords?: string | undefined;
  /** In a rolling restart, from the start of a new one until it gets its share of the requests. */
  readonly replaceLimitMs?: number | undefined;
  /** Something else runs, or is to run. */
  readonly onChange: () => void;
  readonly onGone: (member: Member<Unit, Kind>) => void;
}

/** An instance, and what it is made of. */
export interface Member<Unit extends RunningUnit, Kind extends InstanceKind<Unit>> {
  readonly instance: ManagedInstance<Unit>;
  readonly kind: Kind;
}

/** Instances of one kind, of which so many are wanted. */
export class InstanceGroup<Unit extends RunningUnit, Kind extends InstanceKind<Unit>> {
  wanted = 0;
  /** Oldest first. */
  members: readonly Member<Unit, Kind>[] = [];
  readonly #options: InstanceGroupOptions<Unit, Kind>;
  #restart: RollingRestart | undefined;
  /** Killed, and there still after its time: nobody waits for it any more. */
  readonly #outliving = new Set<Member<Unit, Kind>>();

  constructor(options: InstanceGroupOptions<Unit, Kind>) {
    this.#options = options;
  }

  /** Wants so many: makes those that are missing, and lets go those that are too many. */
  resize(wanted: number): void {
    this.wanted = wanted;
    this.fill();
    this.#trim(new Set());
  }

  /** Replaces all of them, one after the other. */
  restart(): Outcome {
    const going = this.#restart?.progress;
    if (going?.state === 'going')
      return {
        kind: 'refused',
        because: `a rolling restart of ${this.#options.name} goes on: ${going.replaced} of ${going.of} are replaced`,
      };
    this.#restart = this.#newRestart();
    this.#options.onChange();
    this.#look();
    return { kind: 'accepted' };
  }

  endRestart(because: string): Outcome {
    if (this.#restart?.isGoing !== true)
      return { kind: 'refused', because: `no rolling restart of ${this.#options.name} goes on` };
    this.#restart.stop(because);
    return { kind: 'accepted' };
  }

  /** Somebody before us has begun one. */
  tellRestart(found: RestartRecord): void {
    this.#restart = this.#newRestart(found);
  }

  /** Makes as many as are missing. */
  fill(): void {
    const active = this.members.filter(({ instance }) => instance.state !== 'draining').length;
    for (let count = active; count < this.wanted; count++) this.add(this.#options.nextId());
  }

  /** @param find what runs of it already. */
  add(
    id: string,
    find?: (kind: Kind) => { readonly unit: Unit | undefined; readonly restarts: number },
  ): Member<Unit, Kind> {
    const { name, clock, gate, counts, makeKind, onChange, onGone } = this.#options;
    const kind = makeKind(id);
    const passage = gate && new Passage({ gate, clock, counts });
    const instance = new ManagedInstance({
      group: name,
      id,
      kind,
      clock,
      passage,
      found: find?.(kind),
      onChange,
      onState: () => this.#look(),
    });
    const member = { instance, kind };
    this.members = [...this.members, member];
    void instance.outlived.then(() => {
      this.#outliving.add(member);
      this.#look();
    });
    void instance.gone.then(() => {
      this.#outliving.delete(member);
      this.members = this.members.filter((each) => each !== member);
      onGone(member);
      this.#look();
    });
    return member;
  }

  /**
   * Lets all of them go; resolves when the last is gone, or has outlived its kill.
   *
   * @returns those that may be there still, by their ids.
   */
  async drain(): Promise<readonly string[]> {
    this.wanted = 0;
    this.#restart?.stop('the driver was closed');
    const left = await Promise.all(
      this.members.map(({ instance }) =>
        Promise.race([instance.drain().then(() => []), instance.outlived.then(() => [instance.id])]),
      ),
    );
    return left.flat();
  }

  fleet(quota?: Quota): Fleet {
    const instances = this.members.map(({ instance }) => instance.describe());
    const count = (...states: readonly string[]): number =>
      instances.filter(({ state }) => states.includes(state)).length;
    return {
      kind: 'seen',
      wanted: this.wanted,
      ready: count('ready'),
      starting: count('starting', 'waiting'),
      // Whoever waited for one that outlives its kill would never take anything away again.
      stopping: count('draining') - this.#outliving.size,
      instances,
      ...(quota === undefined ? {} : { quota }),
      ...(this.#restart === undefined ? {} : { restart: this.#restart.progress }),
    };
  }

  /** For whoever looks after the group when we have ended; undefined where there is nothing to know. */
  get restartRecord(): RestartRecord | undefined {
    return this.#restart?.record;
  }

  /** A restart goes on with what is there, once all of what has just changed is known. */
  #look(): void {
    const restart = this.#restart;
    if (restart?.isGoing === true) queueMicrotask(() => restart.advance());
  }

  /** Lets go those that are too many; a restart has one more. Of those that are named as many as there are go first. */
  #trim(first: ReadonlySet<string>): void {
    const active = this.members
      .filter(({ instance }) => instance.state !== 'draining')
      .map(({ instance }) => ({ instance, state: instance.state, inFlight: instance.inFlight }));
    const isExtra = this.#restart?.isGoing === true && active.length > this.wanted;
    const surplus = active.length - this.wanted - (isExtra ? 1 : 0);
    const named = active.filter(({ instance }) => first.has(instance.id));
    const leavers = chooseLeavers(named, Math.min(surplus, named.length));
    const chosen = new Set(leavers.map(({ candidate }) => candidate));
    const others = active.filter((each) => !chosen.has(each));
    for (const { candidate, because } of [...leavers, ...chooseLeavers(others, surplus - leavers.length)])
      void candidate.instance.drain(because);
  }

  /** How one has crashed, without what comes next: nothing does. */
  #farewellOf({ crash = 'crashed' }: ManagedInstance<Unit>): string {
    const { lastWords } = this.#options;
    return lastWords === undefined ? crash : `${crash}; what it wrote is in ${lastWords}`;
  }

  #newRestart(found?: RestartRecord): RollingRestart {
    const { clock, onChange, nextId, replaceLimitMs = 300_000 } = this.#options;
    const group = this;
    return new RollingRestart({
      clock,
      limitMs: replaceLimitMs,
      found,
      hands: {
        get wanted() {
          return group.wanted;
        },
        get members() {
          const awaited = group.members.filter((member) => !group.#outliving.has(member));
          return awaited.map(({ instance }) => {
            const { id, state, remark } = instance.describe();
            return { id, state, remark: state === 'waiting' ? group.#farewellOf(instance) : remark };
          });
        },
        start: () => void group.add(nextId()),
        retire: (id, because) =>
          void group.members.find(({ instance }) => instance.id === id)?.instance.drain(because),
        trim: (first) => group.#trim(first),
        onChange,
      },
    });
  }
}
