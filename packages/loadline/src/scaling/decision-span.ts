import type { Decision } from './decide/decision.ts';
import type { Round } from './group-round.ts';

/**
 * What was decided about a group for a while: one decision, and how often it was made again for the same reasons.
 * With it every moment of a day can be asked why.
 */
export interface DecisionSpan {
  readonly group: string;
  /** The first round of it and the last one, in milliseconds since the epoch. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Rounds. */
  readonly count: number;
  /** The last of them; undefined where the group could not be seen. */
  readonly decision: Decision | undefined;
  /** What came of it; undefined where there was nothing to do. */
  readonly outcome: 'accepted' | 'refused' | 'failed' | 'dry run' | undefined;
  /** Why a step was not taken, nothing could be read, or the group could not be seen. */
  readonly problem: string | undefined;
  /** Between which values each rule's metric was meanwhile. */
  readonly seen: Readonly<Record<string, readonly [least: number, most: number]>>;
}

/** So that no hour has less than one. */
const spanMsMax = 3_600_000;

/** The span of a round by itself. Pure. */
export function spanOf(group: string, round: Round): DecisionSpan {
  const { atMs } = round;
  const alone = { group, fromMs: atMs, untilMs: atMs, count: 1 } as const;
  if (round.kind === 'unseen')
    return { ...alone, decision: undefined, outcome: undefined, problem: round.because, seen: {} };
  const { decision, outcome, unread } = round;
  // Of two rules on one metric the later is a forecast: what was measured counts, not what was foreseen.
  const seen = decision.proposals
    .toReversed()
    .flatMap(({ metric, seen: value }) => (value === undefined ? [] : [[metric, [value, value]] as const]));
  return {
    ...alone,
    decision,
    outcome: outcome?.kind,
    problem: outcome !== undefined && 'because' in outcome ? outcome.because : unread,
    seen: Object.fromEntries(seen),
  };
}

/** Two that follow on each other as one; undefined where they are not the same. Pure. */
export function joined(before: DecisionSpan, next: DecisionSpan): DecisionSpan | undefined {
  if (next.untilMs - before.fromMs > spanMsMax || !isSame(before, next)) return undefined;
  const seen = { ...before.seen };
  for (const [metric, [least, most]] of Object.entries(next.seen)) {
    const [leastBefore, mostBefore] = seen[metric] ?? [least, most];
    seen[metric] = [Math.min(leastBefore, least), Math.max(mostBefore, most)];
  }
  const untilMs = Math.max(before.untilMs, next.untilMs);
  return { ...next, fromMs: before.fromMs, untilMs, count: before.count + next.count, seen };
}

/** A step is always one of its own, unless it is only tried: that is done again in each round. */
function isSame(before: DecisionSpan, next: DecisionSpan): boolean {
  if (before.problem !== next.problem || before.outcome !== next.outcome) return false;
  const [one, other] = [before.decision, next.decision];
  if (one === undefined || other === undefined) return one === other;
  if (one.action !== 'hold' && next.outcome !== 'dry run') return false;
  return (
    one.action === other.action &&
    one.from === other.from &&
    one.to === other.to &&
    one.policyVersion === other.policyVersion &&
    one.bound?.kind === other.bound?.kind &&
    saidBy(one) === saidBy(other)
  );
}

function saidBy({ proposals }: Decision): string {
  return proposals.map(({ metric, kind, says }) => `${metric} ${kind} ${says}`).join();
}
