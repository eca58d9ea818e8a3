import type { RolloutCommand } from 'loadline/scaling';
import type { Handlers, Requester } from '../contract/index.ts';
import { rolloutViewOf, wholeRolloutViewOf } from './rollout-views.ts';
import type { ServiceRollouts } from './service-rollouts.ts';

type RolloutHandlers = Pick<
  Handlers,
  | 'listRollouts'
  | 'startRollout'
  | 'getRollout'
  | 'pauseRollout'
  | 'resumeRollout'
  | 'promoteRollout'
  | 'rollBackRollout'
>;

/** Answers what is asked about new builds of services. */
export function rolloutHandlers(rollouts: ServiceRollouts): RolloutHandlers {
  return {
    async listRollouts({ query: { service, limit } }) {
      const found = rollouts.list(service);
      return { status: 200, body: { items: found.slice(0, limit).map(rolloutViewOf) } };
    },
    async startRollout({ body, who }) {
      const rollout = wholeRolloutViewOf(await rollouts.start(body, nameOf(who)));
      return { status: 201, body: rollout, headers: { location: `/performance/rollouts/${rollout.id}` } };
    },
    getRollout: async ({ params }) => ({
      status: 200,
      body: wholeRolloutViewOf(rollouts.get(params.rolloutId)),
    }),
    pauseRollout: async ({ params, body, who }) => ({
      status: 200,
      body: wholeRolloutViewOf(await rollouts.pause(params.rolloutId, commandOf(body, who))),
    }),
    resumeRollout: async ({ params, body, who }) => ({
      status: 200,
      body: wholeRolloutViewOf(await rollouts.resume(params.rolloutId, commandOf(body, who))),
    }),
    async promoteRollout({ params, body, who }) {
      const command = { ...commandOf(body, who), all: body.all ?? false };
      return { status: 200, body: wholeRolloutViewOf(await rollouts.promote(params.rolloutId, command)) };
    },
    rollBackRollout: async ({ params, body, who }) => ({
      status: 200,
      body: wholeRolloutViewOf(await rollouts.rollBack(params.rolloutId, commandOf(body, who))),
    }),
  };
}

function commandOf(
  { reason = 'no reason was given' }: { readonly reason?: string },
  who: Requester | undefined,
): RolloutCommand {
  return { by: nameOf(who), because: reason };
}

/** What people know a key by: reasons are for them. */
function nameOf(who: Requester | undefined): string {
  return who?.name ?? 'nobody';
}
