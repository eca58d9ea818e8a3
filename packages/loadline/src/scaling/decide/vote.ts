import type { ScalingRule, WhenMissing } from '../policy/rule.ts';
import type { Observation } from '../strategies/observation.ts';
import type { Proposal } from '../strategies/strategy.ts';
import type { Bound } from './decision.ts';

/** What all rules together want, before windows, cooldowns and limits. */
export interface Vote {
  readonly says: 'more' | 'stay' | 'fewer' | 'blind';
  readonly replicas: number;
  /** Why it is not what the rules asked for, where it is not. */
  readonly bound: Bound | undefined;
}

/**
 * Makes one wish of many. Any rule may ask for more, and the one that asks for the most has it. Fewer are wanted
 * only when every rule agrees that is no mere floor, and then as many as the most cautious one wants to keep.
 * Whoever cannot see takes nothing away. Pure.
 *
 * @param proposals each with its rule, which says what it means that nothing is seen.
 */
export function count(
  proposals: readonly { readonly rule: ScalingRule; readonly proposal: Proposal }[],
  wanted: number,
): Vote {
  const said = proposals
    .filter(({ rule, proposal }) => proposal.says !== 'nothing' || whenMissing(rule) !== 'ignore')
    .map(({ proposal }) => proposal);
  const more = said.filter(({ says }) => says === 'more');
  if (more.length > 0)
    return { says: 'more', replicas: Math.max(...more.map(({ wants }) => wants)), bound: undefined };
  const blind = said.filter(({ says }) => says === 'nothing');
  if (blind.length > 0) {
    const missing = blind.map(({ metric }) => metric);
    return { says: 'blind', replicas: wanted, bound: { kind: 'blind', missing } };
  }
  const voters = said.filter(({ isFloor }) => !isFloor);
  if (voters.length === 0 || voters.some(({ says }) => says !== 'fewer'))
    return { says: 'stay', replicas: wanted, bound: undefined };
  return fewer(voters, said, wanted);
}

function fewer(voters: readonly Proposal[], said: readonly Proposal[], wanted: number): Vote {
  const floors = said.filter(({ isFloor, says }) => isFloor && says !== 'nothing');
  const wants = Math.max(...voters.map((each) => each.wants));
  const floor = floors.reduce<Proposal | undefined>(
    (highest, each) => (highest === undefined || each.wants > highest.wants ? each : highest),
    undefined,
  );
  if (floor !== undefined && floor.wants > wants) {
    const replicas = Math.min(wanted, floor.wants);
    return { says: 'fewer', replicas, bound: { kind: 'floor', metric: floor.metric, replicas: floor.wants } };
  }
  return { says: 'fewer', replicas: Math.min(wanted, wants), bound: undefined };
}

function whenMissing(rule: ScalingRule): WhenMissing {
  return rule.kind === 'calendar' ? 'ignore' : rule.whenMissing;
}

/** What a rule says that sees nothing, where its policy says what that means. Pure. */
export function assume(rule: ScalingRule, proposal: Proposal, step: number, wanted: number): Proposal {
  if (proposal.says !== 'nothing') return proposal;
  const { because } = proposal;
  switch (whenMissing(rule)) {
    case 'assume low':
      return { ...proposal, says: 'fewer', wants: 0, because: `${because}, and is taken for low` };
    case 'assume high':
      return {
        ...proposal,
        says: 'more',
        wants: wanted + step,
        because: `${because}, and is taken for high`,
      };
    default:
      return proposal;
  }
}

/**
 * What a rule says that would take something away by a value from which some were left out: they may be the ones that have much to
 * do. More is asked for by those that were seen. Pure.
 */
export function doubt(
  rule: ScalingRule,
  proposal: Proposal,
  { readings, wanted }: Pick<Observation, 'readings' | 'wanted'>,
): Proposal {
  if (proposal.says !== 'fewer' || rule.kind === 'calendar') return proposal;
  if (rule.whenMissing === 'ignore' || rule.whenMissing === 'assume low') return proposal;
  const reading = readings[rule.metric];
  const setAside = reading !== undefined && 'value' in reading ? (reading.setAside ?? 0) : 0;
  if (setAside === 0) return proposal;
  const because = `${proposal.because}, without ${setAside} that told nothing to go by`;
  return { ...proposal, says: 'nothing', wants: wanted, because };
}
