import type { Observation } from '../strategies/observation.ts';
import type { ScalingContext } from '../strategies/strategy.ts';
import { assess } from './assess.ts';
import { decideByHpa } from './decide-by-hpa.ts';
import type { Decision } from './decision.ts';
import { explain } from './explain.ts';
import { propose } from './propose.ts';
import { settle } from './settle.ts';
import type { Standing } from './standing.ts';
import { assume, count, doubt } from './vote.ts';

/**
 * Chooses how many instances to want next. Pure: the same values give the same decision, and it reads no clock.
 *
 * In this order: what is paused stays; what was set by hand holds until its time is over; the limits of the policy
 * hold always; any rule may ask for more; fewer are taken only when every rule agrees, nothing is still starting or
 * stopping (who crashes again and again is not waited for), and the load would still fit afterwards. Whoever cannot see takes nothing away. Windows, cooldowns,
 * rates, freezes and costs then bound the step.
 */
export function decide(standing: Standing, seen: Observation): Decision {
  const { group, version, policy } = standing.configuration;
  const { rules, hpa } = policy;
  if (hpa !== undefined) return decideByHpa(standing, hpa, seen);
  const context = contextOf(standing);
  const asked = rules
    .filter((rule) => standing.takesPart?.(rule) ?? true)
    .map((rule) => {
      const proposal = propose(rule, seen, context);
      const assumed = assume(rule, proposal, context.scaleOutStep, seen.wanted);
      return { rule, proposal: doubt(rule, assumed, seen) };
    });
  const vote = count(asked, seen.wanted);
  const choice = settle({ standing, seen, vote, asked });
  const from = seen.wanted;
  const decision = {
    group,
    atMs: seen.atMs,
    policyVersion: version,
    action: choice.to > from ? 'scale out' : choice.to < from ? 'scale in' : 'hold',
    from,
    recommended: vote.replicas,
    proposals: asked.map(({ proposal }) => proposal),
    ...choice,
  } as const;
  const assessed = { ...decision, ...assess(decision, context.staleAfterMs) };
  return { ...assessed, reason: explain(assessed, seen.unmet) };
}

function contextOf({ configuration: { policy }, foresight }: Standing): ScalingContext {
  return {
    staleAfterMs: policy.staleAfterMs,
    scaleOutStep: policy.scaleOut.step,
    scaleInStep: policy.scaleIn.step,
    startMs: foresight?.startMs,
    series: foresight?.series ?? {},
    forecasts: foresight?.forecasts ?? {},
  };
}
