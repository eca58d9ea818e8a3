import { type Clock, isLoadlineError, type Random, withTimeLimit } from '../../base/index.ts';
import { type Kubernetes, type PodWatch, watchPods } from '../../kubernetes/index.ts';
import type { Observed, Outcome, ScalingDriver } from '../driver.ts';
import type { Fence } from '../leadership/fence.ts';
import { fleetOf } from './pod-fleet.ts';
import {
  nameOf,
  readScale,
  rivalOf,
  type Scale,
  type WholeWorkload,
  type Workload,
  wholeWorkload,
  writeScale,
} from './workload.ts';

export interface KubernetesDriverOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly kubernetes: Kubernetes;
  /** What each group is there. */
  readonly workloads: Readonly<Record<string, Workload>>;
  /** Whether this process may act, where several run: see `openLeadership`. Default: it may. */
  readonly fence?: Fence;
}

/** Scales workloads of Kubernetes. Whoever made it closes it; every workload stays as it is. */
export interface KubernetesDriver extends ScalingDriver, AsyncDisposable {
  /** Times that a change met another one, and was tried again. */
  readonly conflicts: number;
  close(): Promise<void>;
}

interface Group {
  readonly workload: WholeWorkload;
  /** What this driver has seen or set last: another number is somebody else's. */
  wanted: number | undefined;
  pods: { readonly selector: string; readonly watch: PodWatch } | undefined;
}

/** No policy has more than 10,000 instances; those that leave come on top of that. */
const podsMax = 20_000;
/** A busy workload changes with each of its pods; more than that in a row is somebody who pulls at it. */
const attemptsMax = 4;

/**
 * Makes a driver that sets the `scale` of workloads and follows their pods. It changes only what is as it was when it was
 * looked at; where somebody else was quicker the next round starts from what is there then. What an autoscaler of
 * Kubernetes scales already it leaves alone.
 */
export function createKubernetesDriver(options: KubernetesDriverOptions): KubernetesDriver {
  const { kubernetes, clock, fence, workloads } = options;
  const groups = new Map(
    Object.entries(workloads).map(([name, workload]): [string, Group] => [
      name,
      { workload: wholeWorkload(workload, kubernetes.namespace), wanted: undefined, pods: undefined },
    ]),
  );
  let conflicts = 0;
  let isClosed = false;

  /** The pods that the selector selects; followed from the first time on that they are asked for. */
  async function podsOf(group: Group, { selector }: Scale): Promise<PodWatch> {
    if (isClosed) throw new Error('the driver was closed');
    const before = group.pods;
    if (before?.selector !== selector) {
      const { namespace } = group.workload;
      // Before anything is waited for: of two who ask at once the second is to find it, and so is whoever closes.
      group.pods = { selector, watch: watchPods(kubernetes, { ...options, namespace, selector, podsMax }) };
      await before?.watch.close();
    }
    const { watch } = group.pods as NonNullable<Group['pods']>;
    await watch.begun;
    return watch;
  }

  async function observe(group: Group, signal: AbortSignal): Promise<Observed> {
    const scale = await readScale(kubernetes, group.workload, signal);
    const watch = await podsOf(group, scale);
    // What is known of pods that cannot be followed gets older by the minute.
    if (watch.because !== undefined) return { kind: 'unseen', because: watch.because };
    const pods = watch.pods();
    // Those beyond the limit would pass for missing.
    if (pods.length >= podsMax) return { kind: 'unseen', because: `there are ${podsMax} pods or more` };
    group.wanted = scale.wanted;
    return fleetOf(scale.wanted, pods);
  }

  async function apply(group: Group, replicas: number, signal: AbortSignal): Promise<Outcome> {
    const { workload } = group;
    const rival = await rivalOf(kubernetes, workload, signal);
    if (rival !== undefined) return { kind: 'refused', because: hasRival(workload, rival) };
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const scale = await readScale(kubernetes, workload, signal);
      if (scale.wanted === replicas) return { kind: 'accepted' };
      if (group.wanted !== undefined && scale.wanted !== group.wanted)
        return { kind: 'refused', because: hasChanged(workload, group.wanted, scale.wanted) };
      // Each time anew: whoever waits for an answer may have lost the lease meanwhile.
      const permit = fence?.check() ?? { mayAct: true, forMs: writeLimitMs };
      if (!permit.mayAct) return { kind: 'refused', because: permit.because };
      const limit = { clock, limitMs: Math.min(permit.forMs, writeLimitMs), end: signal };
      const answer = await withTimeLimit(limit, (limited) =>
        writeScale(kubernetes, { workload, scale, replicas }, limited),
      );
      if (answer.kind === 'done') {
        group.wanted = replicas;
        return { kind: 'accepted' };
      }
      if (answer.kind !== 'failed') throw new Error('the API server gave no answer in time');
      if (!isLoadlineError(answer.error, 'KUBERNETES_CONFLICT')) throw answer.error;
      conflicts++;
    }
    return {
      kind: 'refused',
      because: `${nameOf(workload)} was changed by others ${attemptsMax} times in a row`,
    };
  }

  const driver: KubernetesDriver = {
    get conflicts() {
      return conflicts;
    },
    async observe(name, signal) {
      const group = groups.get(name);
      if (group === undefined || isClosed) return { kind: 'unseen', because: noGroup(name, isClosed) };
      const permit = fence?.check();
      if (permit?.mayAct === false) return { kind: 'unseen', because: permit.because };
      return unless(
        signal,
        () => observe(group, signal),
        (because): Observed => ({ kind: 'unseen', because }),
      );
    },
    async apply(name, replicas, signal) {
      const group = groups.get(name);
      if (group === undefined || isClosed) return { kind: 'refused', because: noGroup(name, isClosed) };
      if (!Number.isSafeInteger(replicas) || replicas < 0)
        return { kind: 'refused', because: `there cannot be ${replicas} of ${name}` };
      return unless(
        signal,
        () => apply(group, replicas, signal),
        (because): Outcome => ({ kind: 'refused', because }),
      );
    },
    async restart(name) {
      const group = groups.get(name);
      if (group === undefined || isClosed) return { kind: 'refused', because: noGroup(name, isClosed) };
      return { kind: 'refused', because: replacesItself(group.workload) };
    },
    async close() {
      isClosed = true;
      await Promise.all([...groups.values()].map(({ pods }) => pods?.watch.close()));
    },
    [Symbol.asyncDispose]: () => driver.close(),
  };
  return driver;
}

const writeLimitMs = 10_000;

/** What the API server says against it is an everyday matter for a scaler; that it cannot be reached as well. */
async function unless<Value>(
  signal: AbortSignal,
  work: () => Promise<Value>,
  refuse: (because: string) => Value,
): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted || !isLoadlineError(error) || !passing.includes(error.code)) throw error;
    return refuse(error.message.replace(/\.$/, ''));
  }
}

/** Trying again at once would not help. The others are thrown: nobody knows what came of them. */
const passing = ['KUBERNETES_REFUSED', 'KUBERNETES_NOT_FOUND', 'KUBERNETES_ANSWER_INVALID'];

function noGroup(name: string, isClosed: boolean): string {
  return isClosed ? 'the driver was closed' : `no workload is known for the group ${JSON.stringify(name)}`;
}

/** Its controllers do that with a surge and probes of their own; a second hand would only be in their way. */
function replacesItself({ kind, name, namespace }: WholeWorkload): string {
  return `Kubernetes replaces pods by itself: kubectl rollout restart ${kind.toLowerCase()}/${name} -n ${namespace}`;
}

function hasRival(workload: WholeWorkload, rival: string): string {
  return `the HorizontalPodAutoscaler ${workload.namespace}/${rival} scales ${nameOf(workload)} too, and would undo it: remove one of the two`;
}

function hasChanged(workload: WholeWorkload, before: number, now: number): string {
  return `somebody else has set ${nameOf(workload)} from ${before} to ${now} meanwhile`;
}
