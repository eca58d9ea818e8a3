import { occurrencesBetween } from '../../base/index.ts';
import type { FreezeWindow } from '../policy/policy.ts';
import type { ScalingRule } from '../policy/rule.ts';
import type { Observation } from '../strategies/observation.ts';
import type { Proposal } from '../strategies/strategy.ts';
import { cooldownEnds } from './cooldown.ts';
import { affordable } from './cost.ts';
import { type Bound, isForced, type ScalingStep } from './decision.ts';
import { reachOf } from './rate-limit.ts';
import { stabilize } from './stabilize.ts';
import type { ScalingHold, Standing } from './standing.ts';
import type { Vote } from './vote.ts';

/** What is to be settled: what the rules want, and everything that bounds it. */
export interface Question {
  readonly standing: Standing;
  readonly seen: Observation;
  readonly vote: Vote;
  readonly asked: readonly { readonly rule: ScalingRule; readonly proposal: Proposal }[];
}

/** A number, and what kept it from being what was wanted, or made it. */
export interface Choice {
  readonly to: number;
  readonly bound: Bound | undefined;
}

/** Makes of what the rules want what is to be done. Pure. */
export function settle(question: Question): Choice {
  const { standing, seen } = question;
  return settleBeforehand(standing, seen) ?? withHold(settleVote(question), seen.wanted, standing.hold);
}

/** What a hold does not allow is not done, unless it follows from the limits alone. Pure. */
export function withHold(choice: Choice, from: number, hold: ScalingHold | undefined): Choice {
  const action = choice.to > from ? 'scale out' : choice.to < from ? 'scale in' : 'hold';
  if (hold === undefined) return choice;
  // What settles then does so because of what holds: that says more.
  const isSettling = choice.bound?.kind === 'settling';
  if (!isSettling && (action === 'hold' || action === hold.allows)) return choice;
  if (isForced({ action, bound: choice.bound })) return choice;
  return { to: from, bound: { kind: 'held', because: hold.because } };
}

/** What is so whatever the rules want; undefined where that leaves it to them. */
export function settleBeforehand(standing: Standing, seen: Observation): Choice | undefined {
  const { manual, configuration, history } = standing;
  const { wanted, atMs } = seen;
  const { mode, scaleIn } = configuration.policy;
  const { min, max } = configuration.policy.replicas;
  if (manual !== undefined && atMs < manual.untilMs) {
    const replicas = Math.min(max, Math.max(min, manual.replicas));
    return { to: replicas, bound: { kind: 'manual', replicas, untilMs: manual.untilMs } };
  }
  if (mode === 'paused') return { to: wanted, bound: { kind: 'paused' } };
  if (wanted < min) return { to: min, bound: { kind: 'minimum', replicas: min } };
  if (wanted <= max) return undefined;
  // Also on the way to a lower maximum no more go at once than the policy allows: it may be a mistake in a digit.
  const reach = reachOf({ ...scaleIn, select: 'max' }, 'down', { wanted, atMs, history });
  return {
    to: Math.min(wanted, Math.max(max, reach?.replicas ?? max)),
    bound: { kind: 'maximum', replicas: max },
  };
}

function settleVote(question: Question): Choice {
  const { vote, seen } = question;
  if (vote.says === 'more') return settleMore(question);
  if (vote.says === 'fewer') return settleFewer(question);
  return { to: seen.wanted, bound: vote.bound };
}

function settleMore({ standing, seen, vote, asked }: Question): Choice {
  const { history, recommendations, configuration } = standing;
  const { wanted, atMs } = seen;
  const { replicas, scaleOut, freezes, cost } = configuration.policy;
  const stay = (bound: Bound): Choice => ({ to: wanted, bound });
  if (wanted === replicas.max) return stay({ kind: 'maximum', replicas: replicas.max });
  const frozen = frozenBy(freezes, atMs, 'scale out');
  if (frozen !== undefined) return stay({ kind: 'frozen', name: frozen.name });
  if (scaleOut.select === 'disabled') return stay({ kind: 'disabled', direction: 'scale out' });
  const free = askingNow(asked, history, { atMs, cooldownMs: scaleOut.cooldownMs });
  if (free.wants === undefined) return stay({ kind: 'cooldown', untilMs: free.untilMs });
  let choice: Choice = { to: Math.min(vote.replicas, free.wants), bound: undefined };
  const cap = (most: number, bound: Bound): void => {
    if (most < choice.to) choice = { to: Math.max(wanted, most), bound };
  };
  const windowMs = scaleOut.stabilizationMs;
  const steady = stabilize(recommendations, { atMs, replicas: vote.replicas }, { windowMs, direction: 'up' });
  cap(steady, { kind: 'stabilizing', windowMs, replicas: steady });
  const reach = reachOf(scaleOut, 'up', { wanted, atMs, history });
  if (reach !== undefined) cap(reach.replicas, { kind: 'rate', ...reach });
  const payable = affordable(cost, { wanted, atMs, history });
  if (payable !== undefined) cap(payable.replicas, { kind: 'cost', ...payable });
  cap(replicas.max, { kind: 'maximum', replicas: replicas.max });
  return choice;
}

/** What the rules that need not wait want; or until when all of them wait. */
function askingNow(
  asked: Question['asked'],
  history: readonly ScalingStep[],
  { atMs, cooldownMs }: { readonly atMs: number; readonly cooldownMs: number },
): { readonly wants: number | undefined; readonly untilMs: number } {
  const groupUntilMs = (history.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) + cooldownMs;
  const ends = cooldownEnds(
    asked.map(({ rule }) => rule),
    history,
    atMs,
  );
  const asking = asked
    .map(({ proposal: { says, wants } }, at) => ({
      ...{ says, wants },
      untilMs: Math.max(groupUntilMs, ends[at] as number),
    }))
    .filter(({ says }) => says === 'more');
  const free = asking.filter(({ untilMs }) => untilMs <= atMs).map(({ wants }) => wants);
  const untilMs = Math.min(...asking.map((each) => each.untilMs));
  return { wants: free.length === 0 ? undefined : Math.max(...free), untilMs };
}

function settleFewer({ standing, seen, vote, asked }: Question): Choice {
  const { history, recommendations, configuration } = standing;
  const { wanted, stopping, atMs } = seen;
  const starting = seen.starting - (seen.crashing ?? 0);
  const { replicas, scaleIn, freezes } = configuration.policy;
  const stay = (bound: Bound): Choice => ({ to: wanted, bound });
  if (wanted === replicas.min) return stay({ kind: 'minimum', replicas: replicas.min });
  const frozen = frozenBy(freezes, atMs, 'scale in');
  if (frozen !== undefined) return stay({ kind: 'frozen', name: frozen.name });
  if (scaleIn.select === 'disabled') return stay({ kind: 'disabled', direction: 'scale in' });
  if (starting > 0 || stopping > 0) return stay({ kind: 'settling', starting, stopping });
  const untilMs = inCooldownEnd(asked, scaleIn.cooldownMs, history);
  if (atMs < untilMs) return stay({ kind: 'cooldown', untilMs });
  let choice: Choice = {
    to: vote.replicas,
    bound: vote.bound ?? unfitting(asked, seen, { step: scaleIn.step, to: vote.replicas }),
  };
  const keep = (least: number, bound: Bound): void => {
    if (least > choice.to) choice = { to: Math.min(wanted, least), bound };
  };
  const windowMs = scaleIn.stabilizationMs;
  const steady = stabilize(
    recommendations,
    { atMs, replicas: vote.replicas },
    { windowMs, direction: 'down' },
  );
  keep(steady, { kind: 'stabilizing', windowMs, replicas: steady });
  const reach = reachOf(scaleIn, 'down', { wanted, atMs, history });
  if (reach !== undefined) keep(reach.replicas, { kind: 'rate', ...reach });
  keep(replicas.min, { kind: 'minimum', replicas: replicas.min });
  return choice;
}

/** The threshold that allows the smallest step, where none can take a whole one. */
function unfitting(
  asked: Question['asked'],
  { wanted }: Observation,
  { step, to }: { readonly step: number; readonly to: number },
): Bound | undefined {
  const tightest = asked
    .map(({ proposal }) => proposal)
    .filter(({ kind, wants, seen }) => kind === 'threshold' && seen !== undefined && wants === to)
    .reduce<Proposal | undefined>((most, each) => (load(each) > load(most) ? each : most), undefined);
  if (tightest === undefined || to <= wanted - step || wanted <= step) return undefined;
  const projected = (tightest.seen as number) * (wanted / (wanted - step));
  return { kind: 'would not fit', metric: tightest.metric, projected };
}

function load(proposal: Proposal | undefined): number {
  if (proposal?.seen === undefined || proposal.scaleOutAbove === undefined) return Number.NEGATIVE_INFINITY;
  return proposal.seen / proposal.scaleOutAbove;
}

/** After a step up, too: what was just added has to show what it does before it is taken away. */
function inCooldownEnd(
  asked: Question['asked'],
  cooldownMs: number,
  history: readonly ScalingStep[],
): number {
  const last = history.at(-1);
  if (last === undefined) return Number.NEGATIVE_INFINITY;
  const own = asked.map(({ rule }) => (rule.kind === 'calendar' ? 0 : rule.scaleInCooldownMs));
  return last.atMs + Math.max(cooldownMs, ...own);
}

function frozenBy(
  freezes: readonly FreezeWindow[],
  atMs: number,
  direction: 'scale out' | 'scale in',
): FreezeWindow | undefined {
  return freezes.find(
    ({ stops, when }) =>
      (stops === 'everything' || stops === direction) && occurrencesBetween(when, atMs, atMs + 1).length > 0,
  );
}
