import { type Clock, ended, formatPath, type LoadlineError, type Timer } from '../base/index.ts';
import {
  DrivenRollout,
  type RolloutCounts,
  type RolloutMeans,
  type RolloutTroubles,
} from './driven-rollout.ts';
import { scalingError } from './errors.ts';
import { goOn, rollBack } from './rollout/advance.ts';
import { holdOf, type RolloutHold } from './rollout/hold.ts';
import { type Judgement, judgeEvidence } from './rollout/judge.ts';
import { tooManyEnded } from './rollout/memory.ts';
import { parseRolloutPlan } from './rollout/parse-plan.ts';
import {
  isRolloutOver,
  isRolloutUnderWay,
  type RolloutOrder,
  type RolloutState,
  startRollout,
  stepOf,
  turn,
} from './rollout/state.ts';
import { heldBack, notRemembered, taken, tooLate, underWay } from './rollout-refusals.ts';
import { type ScalingGate, whatKeeps } from './rule-gate.ts';

/** The ports of rollouts, and how often they are asked. Durations are milliseconds. */
export interface RolloutsOptions extends Omit<RolloutMeans, 'callTimeoutMs' | 'closed'> {
  readonly clock: Clock;
  /** From one look at a rollout to the next. Default 1,000. */
  readonly lookMs?: number;
  /** For each question to the fleet, the figures, the split and the memory. Default 1,000. */
  readonly callTimeoutMs?: number;
  /** Lets rollouts start: all of them (`scaling-rollout`), and those whose plan names a flag; absent: all that name none. */
  readonly gate?: ScalingGate;
}

/** What is to be rolled out, and by whom. */
export interface RolloutRequest {
  /** Names it for good: 1 to 100 of letters, digits, `.`, `_` and `-`. */
  readonly id: string;
  /** The service; of each one at most one rollout is under way. */
  readonly group: string;
  /** Names of the builds, for people and for the ports. */
  readonly baseline: string;
  readonly candidate: string;
  /** As people write it; see `parseRolloutPlan`. */
  readonly plan: unknown;
  readonly startedBy: string;
}

/** Who gives an order, and why. */
export interface RolloutCommand {
  readonly by: string;
  readonly because: string;
}

/** How a rollout stands. */
export interface RolloutStatus {
  readonly state: RolloutState;
  /** Of the step that is under way. */
  readonly judgement: Judgement;
  readonly counts: Readonly<RolloutCounts>;
  readonly troubles: RolloutTroubles;
}

/**
 * Brings new builds into service, a share of the traffic after the other, and takes them back when they are worse. A
 * breach of the guard turns the traffic back at the look that sees it, within 5 s where the ports answer in their time.
 * Whoever opened it closes it; then every rollout stands still, with the shares that it has, until it is opened again.
 */
export interface Rollouts extends AsyncDisposable {
  /** The latest first; of those that have ended, the latest 200. */
  readonly ids: readonly string[];
  /** @throws LoadlineError SCALING_ROLLOUT_UNKNOWN. */
  status(id: string): RolloutStatus;
  /** @throws LoadlineError SCALING_ROLLOUT_INVALID, SCALING_ROLLOUT_CONFLICT, SCALING_ROLLOUT_HELD, SCALING_MEMORY_FAILED. */
  start(request: RolloutRequest): Promise<RolloutStatus>;
  /** It is guarded and judged on, and goes no further. @throws LoadlineError SCALING_ROLLOUT_UNKNOWN, SCALING_ROLLOUT_PAST. */
  pause(id: string, command: RolloutCommand): Promise<RolloutStatus>;
  /** Ends a pause, whoever made it. @throws as `pause`. */
  resume(id: string, command: RolloutCommand): Promise<RolloutStatus>;
  /** Takes the present step for passed, or, with `all`, every one but the last. @throws as `pause`. */
  promote(id: string, command: RolloutCommand & { readonly all?: boolean }): Promise<RolloutStatus>;
  /** @throws as `pause`; once the baseline's instances go, there is no way back. */
  rollBack(id: string, command: RolloutCommand): Promise<RolloutStatus>;
  /** How far the group may be scaled now; undefined where no rollout is under way. */
  holdOf(group: string): RolloutHold | undefined;
  /** Ends the looks, without waiting for answers that are outstanding. Idempotent. */
  close(): Promise<void>;
}

/** Takes up every rollout that the memory holds, and drives them. Throws what `memory.load()` throws. */
export async function openRollouts(options: RolloutsOptions): Promise<Rollouts> {
  const { clock, memory, lookMs = 1000, callTimeoutMs = 1000 } = options;
  const closing = new AbortController();
  const means: RolloutMeans = { ...options, callTimeoutMs, closed: closing.signal };
  const driven = new Map<string, DrivenRollout>();
  for (const state of await memory.load()) driven.set(state.id, new DrivenRollout(means, state));

  let timer: Timer;
  const tick = (): void => {
    timer = clock.setTimer(tick, lookMs);
    for (const rollout of driven.values()) rollout.tick();
    forgetOld();
  };
  timer = clock.setTimer(tick, 0);

  /** What the memory does not forget now is kept until it does. */
  function forgetOld(): void {
    const done = [...driven.values()].filter(({ isDone }) => isDone);
    for (const id of tooManyEnded(done.map(({ state }) => state)))
      void find(id)
        .forget()
        .then((isForgotten) => isForgotten && driven.delete(id));
  }

  function find(id: string): DrivenRollout {
    const found = driven.get(id);
    if (found !== undefined) return found;
    throw scalingError(
      'SCALING_ROLLOUT_UNKNOWN',
      `Cannot find the rollout ${JSON.stringify(id)}: there is none.`,
      {
        facts: { id },
      },
    );
  }

  async function order(
    id: string,
    verb: string,
    evolve: (state: RolloutState, atMs: number) => RolloutState | undefined,
  ): Promise<RolloutStatus> {
    const rollout = find(id);
    let refused: LoadlineError | undefined;
    await rollout.change((state) => {
      const next = evolve(state, clock.now());
      if (next === undefined) refused = tooLate(state, verb);
      return next ?? state;
    });
    if (refused !== undefined) throw refused;
    return statusOf(rollout);
  }

  const rollouts: Rollouts = {
    get ids() {
      return [...driven.keys()].reverse();
    },
    status: (id) => statusOf(find(id)),
    async start(request) {
      const state = startRollout(checkRequest(request), clock.now());
      const running = [...driven.values()].find(
        (each) => each.state.group === state.group && !isRolloutOver(each.state),
      );
      if (running !== undefined) throw underWay(state, running.state.id);
      if (driven.has(state.id)) throw taken(state);
      const because = whatKeeps(options.gate, state);
      if (because !== undefined) throw heldBack(state, because);
      // It stands there before it is remembered, so that nobody else starts one of the group meanwhile.
      const rollout = new DrivenRollout(means, state);
      driven.set(state.id, rollout);
      const begun = await rollout.begin();
      if ('value' in begun && begun.value === 'saved') return statusOf(rollout);
      driven.delete(state.id);
      throw 'because' in begun ? notRemembered(state, begun.because) : taken(state);
    },
    pause: (id, { by, because }) =>
      order(id, 'pause', (state, atMs) => {
        if (!isRolloutUnderWay(state)) return undefined;
        return turn(state, {
          phase: 'paused',
          atMs,
          pausedBy: 'person',
          reason: `${by} paused it: ${because}`,
        });
      }),
    resume: (id, { by, because }) =>
      order(id, 'resume', (state, atMs) => {
        if (state.phase !== 'paused') return undefined;
        const phase = state.share === stepOf(state).share ? 'watching' : 'preparing';
        return turn(state, { phase, atMs, reason: `${by} lets it go on: ${because}` });
      }),
    promote: (id, { by, because, all = false }) =>
      order(id, 'promote', (state, atMs) => {
        if (!isRolloutUnderWay(state) || (state.phase === 'preparing' && !all)) return undefined;
        const last = state.plan.steps.length - 1;
        // With the last step the baseline's instances go: not before the candidate has all, and can carry it.
        if (state.step === last && state.share < 1)
          return all ? prepareLast(state, atMs, `${by} lets it go on: ${because}`) : undefined;
        const from = all ? { ...state, step: Math.max(state.step, last - 1) } : state;
        return goOn(from, atMs, `${by} took it for good: ${because}.`);
      }),
    rollBack: (id, { by, because }) =>
      order(id, 'roll back', (state, atMs) =>
        isRolloutUnderWay(state) ? rollBack(state, atMs, `${by} wants it back: ${because}.`) : undefined,
      ),
    holdOf(group) {
      const running = [...driven.values()].find(
        ({ state }) => state.group === group && !isRolloutOver(state),
      );
      return running === undefined ? undefined : holdOf(running.state);
    },
    async close() {
      timer.cancel();
      closing.abort();
      await Promise.all([...driven.values()].map((each) => each.idle()));
    },
    [Symbol.asyncDispose]: () => rollouts.close(),
  };
  return rollouts;
}

/** All steps but the last are taken for passed already: what is under way goes on. */
function prepareLast(state: RolloutState, atMs: number, reason: string): RolloutState {
  return state.phase === 'preparing' ? state : turn(state, { phase: 'preparing', atMs, reason });
}

function statusOf({ state, counts, troubles }: DrivenRollout): RolloutStatus {
  const { evidence, plan } = state;
  return {
    state,
    judgement: judgeEvidence(evidence, plan.judge, plan.steps.length),
    counts: { ...counts },
    troubles,
  };
}

function checkRequest({ plan: written, ...request }: RolloutRequest): RolloutOrder {
  const parsed = parseRolloutPlan(written);
  const problems = [
    ...(/^[\w.-]{1,100}$/.test(request.id)
      ? []
      : ['id must be 1 to 100 of letters, digits, ".", "_" and "-"']),
    ...(request.baseline === request.candidate ? ['candidate must be another build than baseline'] : []),
    ...(parsed.ok
      ? []
      : parsed.problems.map(({ path, message }) => `${formatPath(['plan', ...path])} ${message}`)),
  ];
  if (parsed.ok && problems.length === 0) return { ...request, plan: parsed.value };
  throw scalingError(
    'SCALING_ROLLOUT_INVALID',
    ended(`Cannot roll out ${request.candidate} at ${request.group}: ${problems.join('; ')}`),
    { facts: { group: request.group, problems } },
  );
}
