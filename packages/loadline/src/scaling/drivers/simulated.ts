import type { Clock } from '../../base/index.ts';
import type { Fleet, Instance, Observed, Outcome, ScalingDriver } from '../driver.ts';

/** What there is at the start, and how long instances take. Durations are milliseconds. */
export interface SimulatedOptions {
  readonly clock: Clock;
  /** Each group's instances at the start, ready already. */
  readonly groups: Readonly<Record<string, number>>;
  /** From the start of an instance until it is ready. Default 5,000. */
  readonly startMs?: number;
  /** From the wish that it stops until it is gone. Default 1,000. */
  readonly stopMs?: number;
}

/**
 * What the next call does instead of its work. `half` does half of a step and accepts; `lie` does nothing and
 * accepts; `hang` never answers and heeds no signal.
 */
export type SimulatedFault = 'throw' | 'refuse' | 'half' | 'lie' | 'hang' | 'unseen';

/** Instances that are only told of: for simulations, for tests of scalers, and to try a policy without an engine. */
export interface SimulatedDriver extends ScalingDriver {
  /** The next call of this kind goes wrong; several queue up. */
  breakNext(call: 'observe' | 'apply', fault: SimulatedFault): void;
  /** An instance that is ready ends by itself and is started again; false where none is ready. */
  crashOne(group: string): boolean;
}

interface Simulated {
  readonly id: string;
  startedMs: number;
  readyMs: number;
  /** Undefined while it is wanted. */
  goneMs: number | undefined;
  restarts: number;
}

/** Makes a driver whose instances take their time to start and to go, and fail when they are told to. */
export function createSimulatedDriver({
  clock,
  groups: atStart,
  startMs = 5000,
  stopMs = 1000,
}: SimulatedOptions): SimulatedDriver {
  const faults = { observe: [] as SimulatedFault[], apply: [] as SimulatedFault[] };
  const groups = new Map<string, { wanted: number; instances: Simulated[] }>();
  let made = 0;
  const make = (readyMs: number): Simulated => {
    made++;
    return { id: `simulated-${made}`, startedMs: clock.now(), readyMs, goneMs: undefined, restarts: 0 };
  };
  for (const [group, count] of Object.entries(atStart)) {
    groups.set(group, { wanted: count, instances: Array.from({ length: count }, () => make(clock.now())) });
  }

  function resize(group: { wanted: number; instances: Simulated[] }, to: number): void {
    const now = clock.now();
    group.wanted = to;
    const kept = group.instances.filter(({ goneMs }) => goneMs === undefined);
    for (let count = kept.length; count < to; count++) group.instances.push(make(now + startMs));
    for (const youngest of kept.slice(to)) youngest.goneMs = now + stopMs;
  }

  return {
    async observe(name): Promise<Observed> {
      const fault = faults.observe.shift();
      if (fault === 'hang') return new Promise(() => undefined);
      if (fault === 'throw') throw new Error('the simulated engine is out of order');
      const group = groups.get(name);
      if (fault !== undefined || group === undefined) return { kind: 'unseen', because: noGroup(name) };
      const now = clock.now();
      group.instances = group.instances.filter(({ goneMs }) => goneMs === undefined || goneMs > now);
      return fleetOf(group.wanted, group.instances, now);
    },
    async apply(name, replicas): Promise<Outcome> {
      const fault = faults.apply.shift();
      if (fault === 'hang') return new Promise(() => undefined);
      if (fault === 'throw') throw new Error('the simulated engine is out of order');
      if (fault === 'refuse') return { kind: 'refused', because: 'the simulated engine is full' };
      const group = groups.get(name);
      if (group === undefined) return { kind: 'refused', because: noGroup(name) };
      if (!Number.isSafeInteger(replicas) || replicas < 0)
        return { kind: 'refused', because: `there cannot be ${replicas} of ${name}` };
      if (fault === 'lie') return { kind: 'accepted' };
      const half = group.wanted + Math.trunc((replicas - group.wanted) / 2);
      resize(group, fault === 'half' ? half : replicas);
      return { kind: 'accepted' };
    },
    breakNext(call, fault) {
      faults[call].push(fault);
    },
    crashOne(name) {
      const now = clock.now();
      const victim = groups.get(name)?.instances.find((each) => stateOf(each, now) === 'ready');
      if (victim === undefined) return false;
      victim.startedMs = now;
      victim.readyMs = now + startMs;
      victim.restarts++;
      return true;
    },
  };
}

function noGroup(name: string): string {
  return `there is no group ${JSON.stringify(name)} in this simulation`;
}

function stateOf({ readyMs, goneMs }: Simulated, now: number): Instance['state'] {
  if (goneMs !== undefined) return 'draining';
  return readyMs <= now ? 'ready' : 'starting';
}

function fleetOf(wanted: number, simulated: readonly Simulated[], now: number): Fleet {
  const instances = simulated.map((each): Instance => {
    const state = stateOf(each, now);
    const sinceMs = state === 'ready' ? each.readyMs : each.startedMs;
    return { id: each.id, state, url: undefined, sinceMs, restarts: each.restarts };
  });
  const count = (state: Instance['state']): number => instances.filter((each) => each.state === state).length;
  return {
    kind: 'seen',
    wanted,
    ready: count('ready'),
    starting: count('starting'),
    stopping: count('draining'),
    instances,
  };
}
