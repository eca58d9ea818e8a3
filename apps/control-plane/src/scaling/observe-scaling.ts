import type { Registry } from 'loadline/metrics';
import type { ScalingStatus } from 'loadline/scaling';
import type { Scaling } from './scaling.ts';

type Counts = ScalingStatus['counts'];

const actions = { scaleOuts: 'scale out', scaleIns: 'scale in', holds: 'hold' } as const;

const failures = {
  unseen: 'the driver told nothing',
  unread: 'nothing was measured',
  setAside: 'a value was not to be trusted',
  notTaken: 'the step was not taken',
  skipped: 'the round before was still under way',
  unremembered: 'an event was not remembered yet',
  forgotten: 'an event was lost',
} as const;

/** Shows what scaling decides, what stands in its way, and how large each group is. */
export function observeScaling(registry: Registry, scaling: Pick<Scaling, 'standing'>): void {
  registry.counter({
    name: 'loadline_scaling_decisions_total',
    help: 'Decisions on the size of a group, whatever came of them.',
    labels: ['group', 'action'],
    read: () => countsOf(scaling, actions).map(([group, action, count]) => [{ group, action }, count]),
  });
  registry.counter({
    name: 'loadline_scaling_failures_total',
    help: 'What stood in the way of scaling and was survived.',
    labels: ['group', 'reason'],
    read: () => countsOf(scaling, failures).map(([group, reason, count]) => [{ group, reason }, count]),
  });
  registry.gauge({
    name: 'loadline_scaling_instances',
    help: 'Instances of a group when it was looked at last: what is wanted, and what there is.',
    labels: ['group', 'state'],
    read: () =>
      scaling.standing().flatMap(({ group, last }) =>
        last?.kind !== 'decided'
          ? []
          : (['wanted', 'ready', 'starting', 'stopping'] as const).map((state) => [
              { group, state },
              // What was wanted when it was looked at may have been changed by what was decided then.
              state === 'wanted' ? wantedOf(last) : last.fleet[state],
            ]),
      ),
  });
}

function countsOf(
  scaling: Pick<Scaling, 'standing'>,
  names: Readonly<Partial<Record<keyof Counts, string>>>,
): readonly (readonly [group: string, name: string, count: number])[] {
  return scaling
    .standing()
    .flatMap(({ group, counts }) =>
      Object.entries(names).map(([count, name]) => [group, name, counts[count as keyof Counts]] as const),
    );
}

type Decided = Extract<NonNullable<ScalingStatus['last']>, { readonly kind: 'decided' }>;

function wantedOf({ fleet, decision, outcome }: Decided): number {
  return outcome?.kind === 'accepted' ? decision.to : fleet.wanted;
}
