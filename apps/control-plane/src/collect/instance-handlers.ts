import { type Handlers, type Instance, type RegistrationView, timeOf } from '../contract/index.ts';
import type { Collector } from './collector.ts';
import type { MemberView } from './member.ts';
import type { Registration, Registrations } from './registrations.ts';

type InstanceHandlers = Pick<
  Handlers,
  'listInstances' | 'registerInstance' | 'beatInstance' | 'removeInstance'
>;

/** Answers what is asked about who is watched. */
export function instanceHandlers({
  collector,
  registrations,
}: {
  readonly collector: Pick<Collector, 'members'>;
  readonly registrations: Registrations;
}): InstanceHandlers {
  return {
    async listInstances({ query }) {
      const found = collector
        .members()
        .filter(({ service }) => query.service === undefined || service === query.service)
        .filter(({ state }) => query.state === undefined || state === query.state);
      return { status: 200, body: { items: found.map(instanceViewOf) } };
    },
    async registerInstance({ body }) {
      const { registration, isNew } = await registrations.register(body);
      return {
        status: isNew ? 201 : 200,
        body: registrationViewOf(registration),
        ...(isNew ? { headers: { location: `/instances/${registration.id}` } } : {}),
      };
    },
    beatInstance: async ({ params }) => ({
      status: 200,
      body: registrationViewOf(await registrations.heartbeat(params.instanceId)),
    }),
    async removeInstance({ params }) {
      await registrations.remove(params.instanceId);
      return { status: 204, isEmpty: true };
    },
  };
}

/** As the API shows it. Pure. */
function instanceViewOf({ sinceMs, answeredMs, ...view }: MemberView): Instance {
  return {
    ...view,
    since: timeOf(sinceMs),
    ...(answeredMs === undefined ? {} : { answeredAt: timeOf(answeredMs) }),
  };
}

function registrationViewOf({ expiresAtMs, ...registration }: Registration): RegistrationView {
  return { ...registration, expiresAt: timeOf(expiresAtMs) };
}
