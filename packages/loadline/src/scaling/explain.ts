import { formatDuration } from '../base/index.ts';
import { type Bound, type Decision, isForced, type Proposal } from './decision.ts';
import { showMetric } from './metric.ts';

/** Says in one sentence what was decided and why. Pure. */
export function explain(decision: Omit<Decision, 'reason'>): string {
  const { action, from, to, group, bound, atMs } = decision;
  const head = {
    'scale out': `Scale out ${group} from ${from} to ${to}`,
    'scale in': `Scale in ${group} from ${from} to ${to}`,
    hold: `Hold ${group} at ${to}`,
  };
  const grounds = groundsOf(decision).map(({ metric, because }) => `${metric} ${because}`);
  const parts = [grounds.join(', '), bound === undefined ? '' : describe(bound, atMs)];
  return `${head[action]}: ${parts.filter((part) => part !== '').join('; ')}.`;
}

/** What the rules said that matters for the decision; nothing where the limits alone decided. */
function groundsOf({ action, bound, proposals }: Omit<Decision, 'reason'>): readonly Proposal[] {
  if (isForced({ action, bound })) return [];
  const whoSay = (wanted: Proposal['says']): Proposal[] => proposals.filter(({ says }) => says === wanted);
  if (bound?.kind === 'blind') return whoSay('nothing');
  const more = whoSay('more');
  if (more.length > 0) return more;
  // Fewer needs all of them; that a group stays as it is needs only those that are content.
  const content = whoSay('stay');
  return content.length > 0 ? content : proposals;
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
  }
}
