import type { Registry } from 'loadline/metrics';
import { isRolloutOver } from 'loadline/scaling';
import type { ServiceRollouts } from './service-rollouts.ts';

/** Shows which rollouts are under way, what the candidates have, and what stood in the way. */
export function observeRollouts(registry: Registry, rollouts: Pick<ServiceRollouts, 'list'>): void {
  const notOver = (): ReturnType<ServiceRollouts['list']> =>
    rollouts.list().filter(({ state }) => !isRolloutOver(state));
  registry.gauge({
    name: 'loadline_rollout_share_ratio',
    help: 'Of new requests, what the candidate of a rollout that is under way is to have.',
    labels: ['service', 'candidate'],
    read: () =>
      notOver().map(({ state: { group: service, candidate, share } }) => [{ service, candidate }, share]),
  });
  registry.gauge({
    name: 'loadline_rollout_troubles',
    help: 'Whoever does not do what a rollout asks for now: fleet, split, fitness, traffic, memory.',
    labels: ['service', 'who'],
    read: () =>
      notOver().flatMap(({ state: { group: service }, troubles }) =>
        Object.keys(troubles).map((who) => [{ service, who }, 1] as const),
      ),
  });
  registry.gauge({
    name: 'loadline_rollouts',
    help: 'Rollouts that are remembered, by how they stand.',
    labels: ['phase'],
    read: () =>
      [...Map.groupBy(rollouts.list(), ({ state }) => state.phase)].map(([phase, found]) => [
        { phase },
        found.length,
      ]),
  });
}
