import { formatDuration } from '../../base/index.ts';
import { showMetric } from '../policy/metric.ts';
import type { Proposal } from '../strategies/strategy.ts';
import { type Bound, type Decision, isForced } from './decision.ts';

type Unexplained = Omit<Decision, 'reason'>;

/**
 * Says in one sentence what was decided and why. Pure.
 *
 * @param unmet why the engine does not make what was wanted before.
 */
export function explain(decision: Unexplained, unmet = ''): string {
  const { action, from, to, group, bound, atMs } = decision;
  const head = {
    'scale out': `Scale out ${group} from ${from} to ${to}`,
    'scale in': `Scale in ${group} from ${from} to ${to}`,
    hold: `Hold ${group} at ${to}`,
  };
  const grounds = groundsTold(groundsOf(decision));
  const held = bound === undefined ? '' : describe(bound, atMs);
  // Where that is what holds it, it is told already.
  const parts = [grounds.join(', '), held, held === unmet ? '' : unmet];
  const told = parts.filter((part) => part !== '').join('; ');
  return told === '' ? `${head[action]}.` : `${head[action]}: ${told}.`;
}

/** Each with its metric. What several say alike, as that an instance told nothing, is said once of all of them. */
function groundsTold(grounds: readonly Proposal[]): string[] {
  const metrics = new Map<string, string[]>();
  for (const { metric, because } of grounds) {
    const alike = metrics.get(because);
    if (alike === undefined) metrics.set(because, [metric]);
    else alike.push(metric);
  }
  return [...metrics].map(([because, named]) => {
    const several = [named.slice(0, -1).join(', '), named.at(-1)].filter((part) => part !== '').join(' and ');
    return `${several} ${named.length === 1 ? because : because.replace(/^was /, 'were ')}`;
  });
}

/** What the rules said that matters for the decision; nothing where the limits alone decided. */
function groundsOf({ action, bound, proposals }: Unexplained): readonly Proposal[] {
  if (isForced({ action, bound })) return [];
  const whoSay = (wanted: Proposal['says']): Proposal[] => proposals.filter(({ says }) => says === wanted);
  if (bound?.kind === 'blind')
    return whoSay('nothing').filter(({ metric }) => bound.missing.includes(metric));
  const more = whoSay('more');
  if (more.length > 0) return more;
  // Fewer needs all of them; that a group stays as it is needs only those that are content.
  const content = whoSay('stay').filter(({ isFloor }) => !isFloor);
  if (action === 'hold' && content.length > 0) return content;
  return proposals.filter(({ says, isFloor }) => says === 'fewer' || (says === 'nothing' && !isFloor));
}

function describe(bound: Bound, nowMs: number): string {
  switch (bound.kind) {
    case 'minimum':
      return `the minimum is ${bound.replicas}`;
    case 'maximum':
      return `the maximum is ${bound.replicas}`;
    case 'manual':
      return `set by hand to ${bound.replicas} for another ${formatDuration(bound.untilMs - nowMs)}`;
    case 'cooldown':
      return `the last step settles for another ${formatDuration(bound.untilMs - nowMs)}`;
    case 'settling':
      return `${bound.starting} are still starting and ${bound.stopping} stopping`;
    case 'would not fit':
      return `after a whole step ${bound.metric} would be ${showMetric(bound.metric, bound.projected)}`;
    case 'blind':
      return 'nothing is taken away unseen';
    case 'floor':
      return `${bound.metric} needs ${bound.replicas}`;
    case 'stabilizing':
      return `${bound.replicas} ${bound.replicas === 1 ? 'was' : 'were'} wanted within the last ${formatDuration(bound.windowMs)}`;
    case 'rate':
      return `at most ${bound.limit.value}${bound.limit.kind === 'percent' ? ' %' : ''} may change within ${formatDuration(bound.limit.periodMs)}`;
    case 'limited':
      return `its rates allow ${bound.replicas} for now`;
    case 'disabled':
      return `the policy allows no ${bound.direction}`;
    case 'frozen':
      return `frozen by ${bound.name}`;
    case 'cost':
      return `the cost limit of ${bound.limit} allows ${bound.replicas}`;
    case 'paused':
      return 'paused';
    case 'held':
      return bound.because;
  }
}
