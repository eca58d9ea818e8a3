import { formatDuration } from '../../base/index.ts';
import { type Block, withBlock } from './evidence.ts';
import { tellEffects, tellShare } from './explain.ts';
import type { Fitness } from './fitness.ts';
import { breachOf, type Usual } from './guard.ts';
import { type Judgement, judgeEvidence } from './judge.ts';
import {
  forgetSeen,
  isRolloutUnderWay,
  isSettled,
  type RolloutState,
  stepOf,
  turn,
  watchedMsOf,
} from './state.ts';
import type { TrafficSpan } from './traffic-seen.ts';

/** What a look found. */
export interface RolloutLook {
  readonly atMs: number;
  /** Of the instances that this phase needs. */
  readonly capacity: Capacity;
  readonly traffic: TrafficLook;
  readonly fitness: Fitness;
}

/** Whether the instances are there. */
export type Capacity =
  | { readonly kind: 'ready' }
  | { readonly kind: 'coming'; readonly because: string }
  /** It will not become ready. */
  | { readonly kind: 'failed'; readonly because: string };

export type TrafficLook =
  | {
      readonly kind: 'seen';
      /** Since the look before. */
      readonly spanMs: number;
      readonly span: TrafficSpan;
      /** Within the guard's window. */
      readonly recent: TrafficSpan;
      /** Blocks that have become full. */
      readonly closed: readonly Block[];
      readonly usual: Usual | undefined;
    }
  | { readonly kind: 'blind'; readonly because: string };

/**
 * What becomes of a rollout after a look. Pure. Whatever it does not see counts for nothing: neither time nor requests
 * of a step pass while nothing is seen of the candidate, so that it is never promoted blind.
 */
export function advance(before: RolloutState, look: RolloutLook): RolloutState {
  if (!isRolloutUnderWay(before)) return advanceToEnd(before, look);
  const breach = breachIn(before, look);
  if (breach !== undefined) return rollBack(before, look.atMs, breach);
  const state = takeIn(before, look);
  if (look.capacity.kind === 'failed') {
    return rollBack(state, look.atMs, `It is not ready and will not be: ${look.capacity.because}.`);
  }
  const judged = judgePaired(state);
  if (judged.verdict === 'worse') {
    const reason = `It is worse: ${tellEffects(judged.effects, 'worse')}.`;
    return rollBack(state, look.atMs, reason, judged.effects);
  }
  if (state.phase === 'preparing') return prepare(state, look);
  return state.phase === 'paused' ? stayPaused(state, look, judged) : watch(state, look, judged);
}

/** What ends it at once. A look by itself is held to it too: in a longer window a sudden failure is diluted. */
function breachIn(
  { share, isShareTaken, plan, usual }: RolloutState,
  { traffic, fitness }: RolloutLook,
): string | undefined {
  if (share === 0) return undefined;
  if (isShareTaken && fitness.kind === 'unfit') return `It gets no requests: ${fitness.because}.`;
  if (traffic.kind === 'blind') return undefined;
  const breach = breachOf(traffic.span, plan.guard, usual) ?? breachOf(traffic.recent, plan.guard, usual);
  return breach === undefined ? undefined : `The candidate's ${breach}.`;
}

/** Traffic goes back to the baseline first; the candidate's instances go when it has. Pure. */
export function rollBack(
  state: RolloutState,
  atMs: number,
  because: string,
  effects: Judgement['effects'] = [],
): RolloutState {
  const reason = `${because} ${state.candidate} is rolled back at ${state.group}, from ${tellShare(state.share)} of the traffic.`;
  return turn(state, { phase: 'rolling back', atMs, share: 0, reason, effects });
}

/** What was seen, taken into the account of the step. */
function takeIn(state: RolloutState, look: RolloutLook): RolloutState {
  const { atMs, traffic } = look;
  if (traffic.kind === 'blind') return state;
  const usual = traffic.usual ?? state.usual;
  if (!state.isShareTaken || state.phase === 'preparing') return { ...state, usual };
  const { requests } = traffic.span.candidate.whole;
  // Without traffic it is its readiness that is watched.
  if (state.share === 0 && whatIsMissing(look) !== undefined) return { ...state, usual, sightAtMs: atMs };
  // Nobody may be there at night; whoever looks at a build without requests knows nothing of it.
  if (state.share > 0 && requests === 0) return { ...state, usual };
  return {
    ...state,
    usual,
    sightAtMs: atMs,
    seenMs: state.seenMs + traffic.spanMs,
    requests: state.requests + (isSettled(state) ? requests : 0),
    evidence: traffic.closed.reduce(withBlock, state.evidence),
  };
}

/** Where one of the builds has no traffic there is nothing to compare; then the guard alone decides. */
function judgePaired(state: RolloutState): Judgement {
  if (state.share === 0 || state.share === 1) return { verdict: 'same', effects: [] };
  return judgeEvidence(state.evidence, state.plan.judge, state.plan.steps.length);
}

function prepare(state: RolloutState, look: RolloutLook): RolloutState {
  const { atMs } = look;
  const { share } = stepOf(state);
  // Whatever splits the traffic has to have taken up the present share before it is told another.
  const missing =
    whatIsMissing(look) ??
    (look.traffic.kind === 'blind' ? `the traffic is not seen, ${look.traffic.because}` : undefined) ??
    (state.isShareTaken ? undefined : 'the share before is not taken up');
  if (missing === undefined) {
    const reason = `The instances of ${state.candidate} are ready: it gets ${tellShare(share)} of the traffic of ${state.group}.`;
    return forgetSeen(turn(state, { phase: 'watching', atMs, share, reason }), atMs);
  }
  const { prepareMsMax } = state.plan;
  if (atMs - state.phaseAtMs < prepareMsMax) return state;
  return rollBack(state, atMs, `It was not ready within ${formatDuration(prepareMsMax)}: ${missing}.`);
}

/** Why the candidate cannot take what it is to have: it is not there, or would get nothing. */
function whatIsMissing({ capacity, fitness }: RolloutLook): string | undefined {
  if (capacity.kind !== 'ready') return capacity.because;
  return fitness.kind === 'fit' ? undefined : fitness.because;
}

function watch(state: RolloutState, look: RolloutLook, judged: Judgement): RolloutState {
  const { atMs, traffic } = look;
  const { plan } = state;
  const blindMs = atMs - state.sightAtMs;
  if (blindMs >= plan.blindMsMax) {
    // What is not taken up for long is no change that settles: a group that waits for it could not grow.
    const what = !state.isShareTaken
      ? 'its share was not taken up everywhere'
      : traffic.kind === 'blind'
        ? traffic.because
        : 'nothing was answered';
    const reason = `Paused at ${tellShare(state.share)}: the traffic was not seen for ${formatDuration(blindMs)}, ${what}.`;
    return turn(state, { phase: 'paused', atMs, pausedBy: 'blind', reason });
  }
  const step = stepOf(state);
  const watchedMs = watchedMsOf(state);
  const isWatched = watchedMs >= step.watchMs && state.requests >= step.requestsMin;
  if (!isWatched || whatIsMissing(look) !== undefined) return state;
  if (judged.verdict !== 'inconclusive') return goOn(state, atMs, tellPassed(state, judged), judged);
  if (watchedMs < step.watchMsMax) return state;
  const found = `Nothing can be said of it after ${formatDuration(watchedMs)} at ${tellShare(state.share)}: ${tellEffects(judged.effects, 'inconclusive')}`;
  if (plan.whenInconclusive === 'go on') return goOn(state, atMs, `${found}.`, judged);
  if (plan.whenInconclusive === 'roll back') return rollBack(state, atMs, `${found}.`, judged.effects);
  const { effects } = judged;
  return turn(state, {
    phase: 'paused',
    atMs,
    pausedBy: 'inconclusive',
    reason: `Paused. ${found}.`,
    effects,
  });
}

function stayPaused(state: RolloutState, { atMs }: RolloutLook, judged: Judgement): RolloutState {
  const { pauseMsMax } = state.plan;
  if (atMs - state.phaseAtMs >= pauseMsMax) {
    return rollBack(
      state,
      atMs,
      `It was paused for ${formatDuration(pauseMsMax)}. Before that: ${state.reason}`,
    );
  }
  const isSeenAgain = state.pausedBy === 'blind' && state.sightAtMs > state.phaseAtMs;
  const isSaid = state.pausedBy === 'inconclusive' && judged.verdict !== 'inconclusive';
  if (!isSeenAgain && !isSaid) return state;
  const reason = isSeenAgain ? 'The traffic is seen again.' : 'Now something can be said of it.';
  return turn(state, { phase: 'watching', atMs, reason });
}

/** The next step, or the end of it all. Pure. */
export function goOn(
  state: RolloutState,
  atMs: number,
  because: string,
  { effects }: Pick<Judgement, 'effects'> = { effects: [] },
): RolloutState {
  const next = state.step + 1;
  const step = state.plan.steps[next];
  if (step === undefined) {
    const reason = `${because} ${state.candidate} takes the place of ${state.baseline} at ${state.group}.`;
    return turn(state, { phase: 'finishing', atMs, share: 1, reason, effects });
  }
  const reason = `${because} Next it gets ${tellShare(step.share)}.`;
  return turn(state, { phase: 'preparing', atMs, step: next, reason, effects });
}

function tellPassed(state: RolloutState, { verdict, effects }: Judgement): string {
  const share = tellShare(state.share);
  const watched = formatDuration(watchedMsOf(state));
  if (effects.length === 0) return `Nothing was wrong at ${share} for ${watched}.`;
  const requests = state.requests.toLocaleString('en-US');
  return `At ${share}, ${requests} requests in ${watched}, it is ${verdict === 'better' ? 'no worse, and in part better' : 'the same'}: ${tellEffects(effects, verdict)}.`;
}

/** What has been decided is done until it is done, whatever is seen. */
function advanceToEnd(state: RolloutState, { atMs, capacity }: RolloutLook): RolloutState {
  if (!state.isShareTaken || capacity.kind !== 'ready') return state;
  if (state.phase === 'rolling back') {
    // Why it went back has been said, and that it did: the log says what else has happened.
    const gone = `The instances of ${state.candidate} are gone from ${state.group}.`;
    return { ...turn(state, { phase: 'rolled back', atMs, reason: gone }), reason: state.reason };
  }
  if (state.phase === 'finishing') {
    const reason = `${state.candidate} has taken the place of ${state.baseline} at ${state.group}.`;
    return turn(state, { phase: 'promoted', atMs, reason });
  }
  return state;
}
