import type { Registry } from 'loadline/metrics';
import type { ServiceRollouts } from './service-rollouts.ts';

/** Shows which rollouts are under way, what the candidates have, and what stood in the way. */
export function observeRollouts(registry: Registry, rollouts: Pick<ServiceRollouts, 'list'>): void {
  const underWay = (): ReturnType<ServiceRollouts['list']> =>
    rollouts.list().filter(({ state }) => !['promoted', 'rolled back'].includes(state.phase));
  registry.gauge({
    name: 'loadline_rollout_share_ratio',
    help: 'Of new requests, what the candidate of a rollout that is under way is to have.',
    labels: ['service', 'candidate'],
    read: () =>
      underWay().map(({ state: { group: service, candidate, share } }) => [{ service, candidate }, share]),
  });
  registry.gauge({
    name: 'loadline_rollout_troubles',
    help: 'Whoever does not do what a rollout asks for now: fleet, split, fitness, traffic, memory.',
    labels: ['service', 'who'],
    read: () =>
      underWay().flatMap(({ state: { group: service }, troubles }) =>
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
