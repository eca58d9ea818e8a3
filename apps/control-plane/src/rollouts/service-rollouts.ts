import { type Clock, ended } from 'loadline/base';
import {
  createDocumentRolloutMemory,
  createDriverFleet,
  isRolloutUnderWay,
  openRollouts,
  type RolloutBuilds,
  type RolloutCommand,
  type RolloutFleet,
  type RolloutHold,
  type RolloutMemory,
  type RolloutState,
  type RolloutStatus,
  type Rollouts,
  type ScalingDriver,
  type ScalingGate,
} from 'loadline/scaling';
import type { Documents } from 'loadline/store';
import type { Pull } from '../collect/index.ts';
import { Problem, unknownName } from '../problems/index.ts';
import { defaultPlan, type ServiceDescription, type ServicesRead } from '../scaling/index.ts';
import { createBuildReadings } from './build-readings.ts';
import { createBuildSplit, type NewcomerWeights, type SplitPool } from './build-split.ts';
import type { Builds } from './builds.ts';
import { orRefusal } from './refusals.ts';
import type { ServiceDriver } from './service-driver.ts';

export interface ServiceRolloutsOptions {
  readonly clock: Clock;
  readonly documents: Pick<Documents, 'put' | 'list' | 'remove'>;
  readonly driver: ScalingDriver;
  /** Told which build carries a service. */
  readonly serviceDriver: ServiceDriver;
  readonly builds: Builds;
  /** What the services file says by now. */
  readonly readServices: () => ServicesRead;
  readonly poolOf: (service: string) => SplitPool | undefined;
  readonly weights: NewcomerWeights;
  readonly pull: Pull;
  /** Opens the metrics of instances that want a key. */
  readonly key: string | undefined;
  /** Lets rollouts start, as flags say; absent: all that name no flag. */
  readonly gate?: ScalingGate | undefined;
  /** Hears of each turn that a rollout has taken, once that is remembered. */
  readonly onTurn?: (state: RolloutState) => void;
}

/** Which build is to come, and how. */
export interface StartOrder {
  readonly service: string;
  /** The version that the services file describes beside the one that serves. */
  readonly candidate: string;
  /** Instead of that of the services file. */
  readonly plan?: unknown;
}

/** Brings new builds of services into their traffic, and takes them back. */
export interface ServiceRollouts {
  /** The latest first. */
  /** Of all services, or of one. @throws CONTROL_PLANE_NOT_FOUND where that is not run here, and was not. */
  list(service?: string): readonly RolloutStatus[];
  /** @throws CONTROL_PLANE_NOT_FOUND, as all that take an id. */
  get(id: string): RolloutStatus;
  /** @throws CONTROL_PLANE_NOT_FOUND, CONTROL_PLANE_STATE_CONFLICT, CONTROL_PLANE_REQUEST_INVALID. */
  start(order: StartOrder, by: string): Promise<RolloutStatus>;
  /** @throws CONTROL_PLANE_STATE_CONFLICT, as the following. */
  pause(id: string, command: RolloutCommand): Promise<RolloutStatus>;
  resume(id: string, command: RolloutCommand): Promise<RolloutStatus>;
  promote(id: string, command: RolloutCommand & { readonly all: boolean }): Promise<RolloutStatus>;
  rollBack(id: string, command: RolloutCommand): Promise<RolloutStatus>;
  /** What a scaler may do with the service meanwhile. */
  holdOf(service: string): RolloutHold | undefined;
  /** Every rollout stands still, with the shares that it has, until it is opened again. */
  close(): Promise<void>;
}

/** Takes up those that a control plane before us has begun; where the services file tells of their builds no more, they are rolled back. */
export async function openServiceRollouts(options: ServiceRolloutsOptions): Promise<ServiceRollouts> {
  const { clock, builds } = options;
  const fleet = createDriverFleet({ driver: options.driver, groupOf: groupsBy(builds) });
  const rollouts = await openRollouts({
    clock,
    fleet: { carry: fleet.carry, promote: promoteBy(fleet, builds) },
    split: createBuildSplit({ ...options, fleet }),
    readings: createBuildReadings(options),
    memory: tellingTurns(createDocumentRolloutMemory(options.documents), options.onTurn),
    ...(options.gate && { gate: options.gate }),
  });
  rollBackUnknown(rollouts, builds);
  const starting = new Set<string>();

  async function begin({ service, candidate, plan }: StartOrder, by: string): Promise<RolloutStatus> {
    // Whoever starts one of a service that has one is refused below, and has changed nothing.
    const isFree = rollouts.holdOf(service) === undefined;
    if (isFree) await assertNotRestarting(options, service);
    const description = isFree ? describedNow(options, service) : undefined;
    const baseline = builds.servingVersion(service);
    if (baseline === undefined || candidate !== builds.otherVersion(service))
      throw notDescribed(builds, service, candidate);
    if (isFree) await builds.settle(service);
    const written = plan ?? description?.rollout ?? defaultPlan;
    const id = freeId(rollouts, `${service}-${candidate}`);
    const request = { id, group: service, baseline, candidate, plan: written, startedBy: by };
    return orRefusal(rollouts.start(request));
  }

  const assertRun = (service: string): void => {
    if (!builds.services.includes(service)) throw unknownName('service', service, builds.services);
  };

  return {
    list(service) {
      const all = rollouts.ids.map((id) => rollouts.status(id));
      if (service === undefined) return all;
      const found = all.filter(({ state }) => state.group === service);
      // One that is not run any more is remembered by its rollouts.
      if (found.length === 0) assertRun(service);
      return found;
    },
    get(id) {
      if (!rollouts.ids.includes(id)) throw unknownName('rollout', id, rollouts.ids);
      return rollouts.status(id);
    },
    async start(order, by) {
      const { service } = order;
      assertRun(service);
      // From here to where it is under way others are asked: whoever comes meanwhile may not change what it begins with.
      if (starting.has(service)) throw justStarting(order);
      starting.add(service);
      try {
        return await begin(order, by);
      } finally {
        starting.delete(service);
      }
    },
    pause: (id, command) => orRefusal(rollouts.pause(id, command)),
    resume: (id, command) => orRefusal(rollouts.resume(id, command)),
    promote: (id, command) => orRefusal(rollouts.promote(id, command)),
    rollBack: (id, command) => orRefusal(rollouts.rollBack(id, command)),
    holdOf: rollouts.holdOf,
    close: () => rollouts.close(),
  };
}

function groupsBy(builds: Builds): (of: RolloutBuilds, build: 'baseline' | 'candidate') => string {
  return ({ group: service, candidate }, build) => {
    const own = builds.candidateGroup(service, candidate);
    return build === 'candidate' ? own : (builds.groupsOf(service).find((group) => group !== own) ?? own);
  };
}

/** The candidate serves before the instances of the baseline go: who starts us again meanwhile begins with it. */
function promoteBy(fleet: RolloutFleet, builds: Builds): RolloutFleet['promote'] {
  return async (of, signal) => {
    await builds.takeOver(of.group, of.candidate);
    return fleet.promote(of, signal);
  };
}

/** Evidence is remembered too, and is no turn. */
function tellingTurns(
  memory: RolloutMemory,
  onTurn: (state: RolloutState) => void = () => undefined,
): RolloutMemory {
  const told = new Map<string, string>();
  const latestOf = ({ log }: RolloutState): string => JSON.stringify([log.length, log.at(-1)?.atMs]);
  return {
    async load() {
      const states = await memory.load();
      for (const state of states) told.set(state.id, latestOf(state));
      return states;
    },
    async save(state) {
      const saved = await memory.save(state);
      if (saved === 'saved' && told.get(state.id) !== latestOf(state)) {
        told.set(state.id, latestOf(state));
        onTurn(state);
      }
      return saved;
    },
    async forget(id) {
      await memory.forget(id);
      told.delete(id);
    },
  };
}

/** Nobody may go on with a build of which it is not known any more how it is started. */
function rollBackUnknown(rollouts: Rollouts, builds: Builds): void {
  for (const id of rollouts.ids) {
    const { state } = rollouts.status(id);
    if (!isRolloutUnderWay(state)) continue;
    const known = [builds.servingVersion(state.group), builds.otherVersion(state.group)];
    if (known.includes(state.baseline) && known.includes(state.candidate)) continue;
    const because = `it describes ${known.filter((each) => each !== undefined).join(' and ') || 'no build'} now`;
    // Refused is only what has been ended meanwhile. Nobody waits for proxies that are not there yet.
    rollouts.rollBack(id, { by: 'The services file', because }).catch(() => undefined);
  }
}

/** Instances that are just being replaced are no baseline to hold anybody against. */
async function assertNotRestarting(
  { driver, builds }: ServiceRolloutsOptions,
  service: string,
): Promise<void> {
  const fleet = await driver.observe(builds.servingGroup(service), new AbortController().signal);
  if (fleet.kind === 'unseen' || fleet.restart?.state !== 'going') return;
  const { replaced, of } = fleet.restart;
  throw new Problem(
    'CONTROL_PLANE_STATE_CONFLICT',
    `Cannot roll out at ${service}: a rolling restart goes on, ${replaced} of ${of} instances are replaced. Let it end, or end it.`,
  );
}

/** What the file says of the service: it is read anew, so that a build can come without a new start of the control plane. */
function describedNow({ readServices, builds }: ServiceRolloutsOptions, service: string): ServiceDescription {
  const read = readServices();
  if (!read.ok) throw unfitFile(read.problems.slice(0, problemsMax).join('; '));
  const description = read.services.find(({ name }) => name === service);
  if (description === undefined) throw unfitFile(`it does not describe ${service} any more`);
  const because = builds.describe(description);
  if (because !== undefined) throw unfitFile(`${because}; what is to come is its candidate`);
  return description;
}

const problemsMax = 10;

function unfitFile(because: string): Problem {
  return new Problem(
    'CONTROL_PLANE_STATE_CONFLICT',
    ended(`The services file cannot be followed: ${because}`),
  );
}

function justStarting({ service, candidate }: StartOrder): Problem {
  return new Problem(
    'CONTROL_PLANE_STATE_CONFLICT',
    `Cannot roll out ${candidate} at ${service}: another rollout of it is just being started. Look at that one first.`,
  );
}

function notDescribed(builds: Builds, service: string, candidate: string): Problem {
  const [serving, other] = [builds.servingVersion(service), builds.otherVersion(service)];
  const told =
    candidate === serving
      ? `${candidate} serves already`
      : other === undefined
        ? 'the services file describes no candidate of it'
        : `the services file describes ${other} as what could be rolled out`;
  return new Problem('CONTROL_PLANE_STATE_CONFLICT', `Cannot roll out ${candidate} at ${service}: ${told}.`);
}

/** Named for people: `shop-1.1`, and the second time `shop-1.1-2`. */
function freeId({ ids }: Rollouts, wanted: string): string {
  for (let attempt = 1; ; attempt++) {
    const id = attempt === 1 ? wanted : `${wanted}-${attempt}`;
    if (!ids.includes(id)) return id;
  }
}
