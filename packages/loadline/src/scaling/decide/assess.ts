import { showMetric } from '../policy/metric.ts';
import type { Proposal } from '../strategies/strategy.ts';
import { type Decision, isForced } from './decision.ts';

type Undecorated = Pick<Decision, 'action' | 'bound' | 'proposals' | 'from' | 'to'>;

/** How sure a decision is, and what would have changed it. Pure. */
export function assess(decision: Undecorated, staleAfterMs: number): Pick<Decision, 'sure' | 'otherwise'> {
  // What follows from the limits alone hangs on no value.
  const sure = isForced(decision) ? 1 : sureness(decision.proposals, staleAfterMs);
  return { sure, otherwise: otherwise(decision) };
}

/** So far from a limit, as a share of it, a value leaves no doubt on which side it is. */
const clearDistance = 0.2;

/**
 * From 0 to 1: what share of the rules saw something, times the mean of how fresh their values are, times a half to
 * a whole by how far the nearest value is from a limit at which its rule would say something else. A number to
 * compare decisions by, not a probability.
 */
function sureness(proposals: readonly Proposal[], staleAfterMs: number): number {
  const sighted = proposals.filter(({ seen }) => seen !== undefined);
  const measured = proposals.filter(({ kind }) => kind !== 'calendar');
  if (measured.length === 0) return 1;
  if (sighted.length === 0) return 0;
  const fresh = sighted.map(({ ageMs = 0 }) => Math.max(0, 1 - ageMs / staleAfterMs / 2));
  const freshness = fresh.reduce((sum, each) => sum + each, 0) / fresh.length;
  const nearest = Math.min(...sighted.map(distanceOf));
  const clearness = 0.5 + 0.5 * Math.min(1, nearest / clearDistance);
  const coverage = Math.min(1, sighted.length / measured.length);
  return Math.round(coverage * freshness * clearness * 100) / 100;
}

function distanceOf({ seen = 0, scaleOutAbove, scaleInBelow }: Proposal): number {
  const limits = [scaleOutAbove, scaleInBelow].filter(
    (limit): limit is number => limit !== undefined && limit > 0,
  );
  return Math.min(clearDistance, ...limits.map((limit) => Math.abs(seen - limit) / limit));
}

/** The change of the fewest values that would have led elsewhere. */
function otherwise({ action, bound, proposals, from }: Undecorated): string {
  if (bound?.kind === 'manual' || bound?.kind === 'paused') return '';
  if (action === 'hold') return otherwiseThanHold(bound?.kind, proposals);
  const asked = action === 'scale out' ? 'more' : 'fewer';
  const askers = proposals.filter(
    ({ says, isFloor }) => says === asked && !(isFloor && action === 'scale in'),
  );
  if (askers.length === 0) return '';
  const told = askers.flatMap(({ metric, scaleOutAbove, scaleInBelow }) => {
    const limit = action === 'scale out' ? scaleOutAbove : scaleInBelow;
    if (limit === undefined) return [];
    return [`${metric} ${action === 'scale out' ? 'at most' : 'at least'} ${showMetric(metric, limit)}`];
  });
  if (told.length < askers.length) return '';
  // Up any one is enough, so that all would have to be calm; down one that is not low is enough.
  return `It would have stayed at ${from} with ${told.join(action === 'scale out' ? ' and ' : ', or ')}.`;
}

function otherwiseThanHold(bound: string | undefined, proposals: readonly Proposal[]): string {
  if (bound !== undefined && bound !== 'blind') return '';
  const above = proposals.flatMap(({ metric, says, scaleOutAbove }) =>
    says === 'more' || scaleOutAbove === undefined
      ? []
      : [`${metric} above ${showMetric(metric, scaleOutAbove)}`],
  );
  const holders = proposals.filter(({ says, isFloor }) => says === 'stay' && !isFloor);
  const below = holders.flatMap(({ metric, scaleInBelow }) =>
    scaleInBelow === undefined ? [] : [`${metric} below ${showMetric(metric, scaleInBelow)}`],
  );
  const more = above.length === 0 ? '' : `More with ${above.join(', or ')}`;
  const fewer =
    below.length === 0 || below.length < holders.length || bound === 'blind'
      ? ''
      : `fewer with ${below.join(' and ')}`;
  const parts = [more, fewer].filter((part) => part !== '');
  if (parts.length === 0) return '';
  const text = parts.join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
