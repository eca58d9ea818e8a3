import type { ServiceCommand } from 'loadline/scaling';
import type { Documents } from 'loadline/store';
import type { ServiceDescription } from '../scaling/index.ts';
import { type Remembered, type Seating, seat } from './seating.ts';

/**
 * Which build of each service serves, and where. A service behind a proxy has two groups, as blue and green: one serves,
 * and a candidate comes up in the other. When that has taken its place the groups change their parts, and nothing is
 * started anew for it.
 */
export interface Builds {
  /** How an instance of each group is started now. */
  readonly commands: Readonly<Record<string, () => ServiceCommand>>;
  readonly services: readonly string[];
  /** The version that serves, as the services file has it; undefined where it gives none. */
  servingVersion(service: string): string | undefined;
  /** The other version that the services file describes, if any. */
  otherVersion(service: string): string | undefined;
  servingGroup(service: string): string;
  /** One, or two where a proxy can split the traffic; the one that serves is the first. */
  groupsOf(service: string): readonly string[];
  /** Where this version is, or would be, as the candidate of a rollout. */
  candidateGroup(service: string, version: string): string;
  serviceOf(group: string): string;
  /**
   * What the services file says of a service by now; for when no rollout of it is under way.
   *
   * @returns why that cannot be: it calls the build that serves by a name that is not its.
   */
  describe(service: ServiceDescription): string | undefined;
  /** What the services file calls the build that serves is what serves: no rollout is under way. Throws where that is not remembered. */
  settle(service: string): Promise<void>;
  /** The candidate serves from now on. Throws where that is not remembered. */
  takeOver(service: string, version: string): Promise<void>;
}

const kind = 'serving build';

/** Takes up which build of each service serves. */
export async function openBuilds({
  documents,
  services,
}: {
  readonly documents: Pick<Documents, 'get' | 'put'>;
  readonly services: readonly ServiceDescription[];
}): Promise<Builds> {
  const found = await Promise.all(
    services.map(async (service) => {
      const remembered = await documents.get(kind, service.name);
      return [service.name, seat(service, remembered?.body as Remembered | undefined)] as const;
    }),
  );
  const seatings = new Map<string, Seating>(found);
  const seatingOf = (service: string): Seating => seatings.get(service) as Seating;
  const seatsOf = (service: string): readonly Seating['serving'][] => {
    const { serving, resting } = seatingOf(service);
    return resting === undefined ? [serving] : [serving, resting];
  };

  async function become(service: string, seating: Seating): Promise<void> {
    const { running, serving } = seating;
    if (running !== undefined) {
      const body: Remembered = { version: running, isSecond: serving.group !== service };
      await documents.put(kind, service, body);
    }
    seatings.set(service, seating);
  }

  const everySeat = services.flatMap(({ name }) => seatsOf(name).map((each) => ({ ...each, name })));
  const owners = new Map(everySeat.map(({ group, name }) => [group, name]));
  return {
    commands: Object.fromEntries(
      everySeat.map(({ group, name }) => [
        group,
        () => (seatsOf(name).find((each) => each.group === group) ?? seatingOf(name).serving).command,
      ]),
    ),
    services: services.map(({ name }) => name),
    servingVersion: (service) => seatingOf(service).serving.version,
    otherVersion: (service) => seatingOf(service).resting?.version,
    servingGroup: (service) => seatings.get(service)?.serving.group ?? service,
    groupsOf: (service) => seatsOf(service).map(({ group }) => group),
    candidateGroup(service, version) {
      const { running, serving, resting } = seatingOf(service);
      return (running === version ? serving : (resting ?? serving)).group;
    },
    serviceOf: (group) => owners.get(group) ?? group,
    describe(service) {
      const before = seatingOf(service.name);
      const isSecond = before.serving.group !== service.name;
      const { version } = before.serving;
      const after = seat(service, version === undefined ? undefined : { version, isSecond });
      if (after.serving.version !== version)
        return `the services file says that ${after.serving.version} serves, and ${version ?? 'a build without a version'} does`;
      // Whether there are two groups was settled at the start.
      if (before.resting !== undefined && after.resting !== undefined)
        seatings.set(service.name, { ...after, running: before.running });
      return undefined;
    },
    async settle(service) {
      const seating = seatingOf(service);
      const { running, serving } = seating;
      if (running !== serving.version) await become(service, { ...seating, running: serving.version });
    },
    async takeOver(service, version) {
      const { running, serving, resting } = seatingOf(service);
      if (running === version || resting === undefined) return;
      await become(service, { running: version, serving: resting, resting: serving });
    },
  };
}
