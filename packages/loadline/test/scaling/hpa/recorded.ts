import type {
  HpaDecision,
  HpaHistory,
  HpaObservation,
  HpaPod,
  HpaPodSample,
  HpaSamples,
} from 'loadline/scaling';
import { decideHpa } from 'loadline/scaling';
import { hpa, nowMs, pod } from './stage.ts';

/** One autoscaler over some rounds, in few words: what is left out is as usual. */
export interface RecordedCase {
  /** Parts of the object's spec. */
  readonly spec: Readonly<Record<string, unknown>>;
  readonly rounds: readonly RecordedRound[];
}

export interface RecordedRound {
  /** Milliseconds after the first round; 0 where left out. */
  readonly afterMs?: number;
  /** What the workload is told to run; where left out, what the autoscaler left it at. */
  readonly told?: number;
  /** How many its status says there are; where left out, as many as it has pods. */
  readonly status?: number;
  /** A number is so many usual pods; the others differ from a usual one, with times as milliseconds ago. */
  readonly pods: readonly (number | RecordedPod)[];
  /**
   * In thousandths: of pods by their place, with null for who is not measured, or one number for all of them; of others
   * the values.
   */
  readonly metrics: Readonly<Record<string, number | readonly (number | null | RecordedSample)[]>>;
}

export interface RecordedPod {
  readonly phase?: HpaPod['phase'];
  readonly isDeleted?: true;
  /** Null: without the condition. */
  readonly ready?: readonly ['True' | 'False' | 'Unknown', number] | null;
  readonly startedMsAgo?: number | null;
  readonly requests?: Readonly<Record<string, number>>;
}

export interface RecordedSample {
  readonly milli: number;
  readonly ageMs?: number;
  readonly windowMs?: number;
}

/** What was answered in one round; `active` and `limited` are left out where it did not come to that. */
export interface Answer {
  readonly from: number;
  readonly replicas: number;
  /** What the metrics wanted, where that was remembered. */
  readonly recommended?: number;
  readonly able: string;
  readonly active?: string;
  readonly limited?: string;
  /** Of each metric what it is now; null where it could not be had. */
  readonly current?: readonly (number | null)[];
}

/** What each pod requests: a core and a gibibyte, half of them in its container `app`. */
const requests: HpaPod['requests'] = {
  cpu: 1000,
  memory: 2 ** 30 * 1000,
  'app/cpu': 500,
  'app/memory': 2 ** 29 * 1000,
};

/** A round as the decision takes it. */
function observationOf(round: RecordedRound, left: number): HpaObservation {
  const atMs = nowMs + (round.afterMs ?? 0);
  const pods = round.pods
    .flatMap((each): readonly RecordedPod[] => (typeof each === 'number' ? Array(each).fill({}) : [each]))
    .map((each, index) => podOf(`pod-${index}`, each, atMs));
  return {
    atMs,
    specReplicas: round.told ?? left,
    statusReplicas: round.status ?? pods.length,
    pods,
    metrics: Object.fromEntries(
      Object.entries(round.metrics).map(([key, values]) => [
        key,
        samplesOf(key, typeof values === 'number' ? pods.map(() => values) : values, atMs),
      ]),
    ),
  };
}

function podOf(name: string, recorded: RecordedPod, atMs: number): HpaPod {
  const { phase, isDeleted, ready, startedMsAgo } = recorded;
  const usual = pod(name);
  return {
    ...usual,
    phase: phase ?? usual.phase,
    isDeleted: isDeleted ?? false,
    ready:
      ready === undefined
        ? { status: 'True', sinceMs: atMs - 3_600_000 }
        : ready === null
          ? undefined
          : { status: ready[0], sinceMs: atMs - ready[1] },
    startedMs: startedMsAgo === null ? undefined : atMs - (startedMsAgo ?? 3_600_000),
    requests: recorded.requests ?? requests,
  };
}

function samplesOf(
  key: string,
  values: readonly (number | null | RecordedSample)[],
  atMs: number,
): HpaSamples {
  if (!/^(resource|pods) /.test(key)) return { of: 'object', milli: values as readonly number[] };
  const byPod: Record<string, HpaPodSample> = {};
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    const { milli, ageMs = 0, windowMs = 60_000 } = typeof value === 'number' ? { milli: value } : value;
    byPod[`pod-${index}`] = { milli, atMs: atMs - ageMs, windowMs };
  }
  return { of: 'pods', byPod };
}

/** Our answers, round by round, with what a scaler remembers from one to the next. */
export function answersTo({ spec, rounds }: RecordedCase): Answer[] {
  const parsed = hpa(spec);
  const recommendations: HpaHistory['recommendations'][number][] = [];
  const steps: HpaHistory['steps'][number][] = [];
  let left = 0;
  return rounds.map((round) => {
    const seen = observationOf(round, left);
    const { atMs, specReplicas: from } = seen;
    if (recommendations.length === 0) recommendations.push({ atMs, replicas: from });
    const decision = decideHpa(parsed, seen, { recommendations, steps });
    const { recommended, replicas } = decision;
    if (recommended !== undefined) recommendations.push({ atMs, replicas: recommended });
    if (replicas !== from) steps.push({ atMs, from, to: replicas });
    left = replicas;
    return answerOf(decision, from);
  });
}

function answerOf(decision: HpaDecision, from: number): Answer {
  const { replicas, recommended, conditions, metrics } = decision;
  const { ableToScale, scalingActive, scalingLimited } = conditions;
  return {
    from,
    replicas,
    ...(recommended === undefined ? {} : { recommended }),
    able: wordsOf(ableToScale),
    ...(scalingActive === undefined ? {} : { active: wordsOf(scalingActive) }),
    ...(scalingLimited === undefined ? {} : { limited: wordsOf(scalingLimited) }),
    ...(metrics.length === 0
      ? {}
      : { current: metrics.map(({ found }) => ('because' in found ? null : found.current)) }),
  };
}

function wordsOf({ status, reason }: { readonly status: boolean; readonly reason: string }): string {
  return `${status ? 'True' : 'False'} ${reason}`;
}
