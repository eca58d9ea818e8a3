import { type Clock, isLoadlineError, type Random } from '../../base/index.ts';
import { type Kubernetes, type PodWatch, watchPods } from '../../kubernetes/index.ts';
import type { Observed, Outcome, ReplacingDriver, RestartProgress } from '../driver.ts';
import type { Fence } from '../leadership/fence.ts';
import { changeAsRead } from './change-as-read.ts';
import { fleetOf } from './pod-fleet.ts';
import {
  cannotEnd,
  goesOn,
  hasChanged,
  hasRival,
  noGroup,
  nothingGoesOn,
  notRestartable,
  wouldNotReplace,
} from './refusals.ts';
import { readTemplate, type TemplateStatus, writeRestart } from './template-status.ts';
import {
  readScale,
  rivalOf,
  type Scale,
  type WholeWorkload,
  type Workload,
  wholeWorkload,
  writeScale,
} from './workload.ts';
import { isRestartable, WorkloadRestart } from './workload-restart.ts';

/** Which workloads are scaled, and by whom. */
export interface KubernetesDriverOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly kubernetes: Kubernetes;
  /** What each group is there. */
  readonly workloads: Readonly<Record<string, Workload>>;
  /** Whether this process may act, where several run: see `openLeadership`. Default: it may. */
  readonly fence?: Fence;
  /**
   * In a rolling restart, so long without a pod that was replaced or became ready, and it is told as stopped; Kubernetes goes on with
   * it. Default 600,000, as a deployment's own `progressDeadlineSeconds`.
   */
  readonly replaceMsMax?: number;
}

/** Scales workloads of Kubernetes. Whoever made it closes it; every workload stays as it is. */
export interface KubernetesDriver extends ReplacingDriver, AsyncDisposable {
  /** Times that a change met another one, and was tried again. */
  readonly conflicts: number;
  close(): Promise<void>;
}

interface Group {
  readonly workload: WholeWorkload;
  /** What this driver has seen or set last: another number is somebody else's. */
  wanted: number | undefined;
  pods: { readonly selector: string; readonly watch: PodWatch } | undefined;
  /** The latest that was begun here. */
  restart: WorkloadRestart | undefined;
}

/** No policy has more than 10,000 instances; those that leave come on top of that. */
const podsMax = 20_000;

/**
 * Makes a driver that sets the `scale` of workloads and watches their pods. The scale itself is read with each look: it is one
 * small answer, it cannot be watched, and before a change it would be read anew all the same. It changes only what is as it was
 * when it was looked at; where somebody else was quicker the next round starts from what is there then. What an autoscaler of
 * Kubernetes scales already it leaves alone.
 */
export function createKubernetesDriver(options: KubernetesDriverOptions): KubernetesDriver {
  const { kubernetes, clock, fence, workloads, replaceMsMax = 600_000 } = options;
  const groups = new Map(
    Object.entries(workloads).map(([name, workload]): [string, Group] => [
      name,
      {
        workload: wholeWorkload(workload, kubernetes.namespace),
        wanted: undefined,
        pods: undefined,
        restart: undefined,
      },
    ]),
  );
  let conflicts = 0;
  let isClosed = false;
  const means = { clock, fence, onConflict: () => void conflicts++ };

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
    const progress = await lookAtRestart(group, signal);
    return { ...fleetOf(scale.wanted, pods), ...(progress === undefined ? {} : { restart: progress }) };
  }

  async function apply(group: Group, replicas: number, signal: AbortSignal): Promise<Outcome> {
    const { workload } = group;
    const rival = await rivalOf(kubernetes, workload, signal);
    if (rival !== undefined) return { kind: 'refused', because: hasRival(workload, rival) };
    const change = {
      workload,
      read: () => readScale(kubernetes, workload, signal),
      answer({ wanted }: Scale): Outcome | undefined {
        if (wanted === replicas) return { kind: 'accepted' };
        if (group.wanted === undefined || wanted === group.wanted) return undefined;
        return { kind: 'refused', because: hasChanged(workload, group.wanted, wanted) };
      },
      async write(scale: Scale, limited: AbortSignal): Promise<void> {
        await writeScale(kubernetes, { workload, scale, replicas }, limited);
        group.wanted = replicas;
      },
    };
    return changeAsRead(change, means, signal);
  }

  async function restart(group: Group, signal: AbortSignal): Promise<Outcome> {
    const { workload } = group;
    const going = await lookAtRestart(group, signal);
    if (going?.state === 'going') return { kind: 'refused', because: goesOn(workload, going) };
    const startedAtMs = clock.now();
    const restartedAt = new Date(startedAtMs).toISOString();
    const change = {
      workload,
      read: () => readTemplate(kubernetes, workload, signal),
      answer({ obstacle }: TemplateStatus): Outcome | undefined {
        // Somebody else may have begun one since it was looked at.
        const other = group.restart?.progress;
        if (other?.state === 'going') return { kind: 'refused', because: goesOn(workload, other) };
        return obstacle === undefined
          ? undefined
          : { kind: 'refused', because: wouldNotReplace(workload, obstacle) };
      },
      async write({ resourceVersion, pods }: TemplateStatus, limited: AbortSignal): Promise<void> {
        await writeRestart(kubernetes, { workload, resourceVersion, restartedAt }, limited);
        const begun = { workload, startedAtMs, restartedAt, of: pods };
        group.restart = new WorkloadRestart(begun, { clock, replaceMsMax });
      },
    };
    return changeAsRead(change, means, signal);
  }

  /** One that is over is asked for no more; one that cannot be followed keeps nobody from seeing the pods. */
  async function lookAtRestart(group: Group, signal: AbortSignal): Promise<RestartProgress | undefined> {
    const { restart: begun, workload } = group;
    if (begun?.progress.state === 'going')
      await unless(
        signal,
        async () => begun.look(await readTemplate(kubernetes, workload, signal)),
        (because) => begun.miss(because),
      );
    return group.restart?.progress;
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
    async restart(name, signal) {
      const group = groups.get(name);
      if (group === undefined || isClosed) return { kind: 'refused', because: noGroup(name, isClosed) };
      if (!isRestartable(group.workload)) return { kind: 'refused', because: notRestartable(group.workload) };
      return unless(
        signal,
        () => restart(group, signal),
        (because): Outcome => ({ kind: 'refused', because }),
      );
    },
    async endRestart(name) {
      const group = groups.get(name);
      if (group === undefined || isClosed) return { kind: 'refused', because: noGroup(name, isClosed) };
      const isGoing = group.restart?.progress.state === 'going';
      return { kind: 'refused', because: (isGoing ? cannotEnd : nothingGoesOn)(group.workload) };
    },
    async close() {
      isClosed = true;
      await Promise.all([...groups.values()].map(({ pods }) => pods?.watch.close()));
    },
    [Symbol.asyncDispose]: () => driver.close(),
  };
  return driver;
}

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
