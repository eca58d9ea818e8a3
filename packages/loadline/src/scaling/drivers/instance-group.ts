import type { Clock } from '../../base/index.ts';
import type { Fleet, Quota, TrafficGate } from '../driver.ts';
import { chooseLeavers } from './leavers.ts';
import { type InstanceKind, ManagedInstance, type RunningUnit } from './managed-instance.ts';
import { Passage, type PassageCounts } from './passage.ts';

export interface InstanceGroupOptions<Unit extends RunningUnit, Kind extends InstanceKind<Unit>> {
  readonly name: string;
  readonly clock: Clock;
  readonly gate: TrafficGate | undefined;
  readonly counts: PassageCounts;
  readonly makeKind: (id: string) => Kind;
  /** A name that no instance had before. */
  readonly nextId: () => string;
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

  constructor(options: InstanceGroupOptions<Unit, Kind>) {
    this.#options = options;
  }

  /** Wants so many: makes those that are missing, and lets go those that are too many. */
  resize(wanted: number): void {
    this.wanted = wanted;
    this.fill();
    const active = this.members
      .filter(({ instance }) => instance.state !== 'draining')
      .map(({ instance }) => ({ instance, state: instance.state, inFlight: instance.inFlight }));
    for (const { candidate, because } of chooseLeavers(active, active.length - wanted))
      void candidate.instance.drain(because);
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
    });
    const member = { instance, kind };
    this.members = [...this.members, member];
    void instance.gone.then(() => {
      this.members = this.members.filter((each) => each !== member);
      onGone(member);
    });
    return member;
  }

  /** Lets all of them go; resolves when the last is gone. */
  async drain(): Promise<void> {
    this.wanted = 0;
    await Promise.all(this.members.map(({ instance }) => instance.drain()));
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
      stopping: count('draining'),
      instances,
      ...(quota === undefined ? {} : { quota }),
    };
  }
}
