import type { HpaPod, HpaPodSample, HpaSettings } from './observation.ts';

/** Which pods count, and how. Whoever has ended, or is on the way out, counts nowhere. */
export interface PodGroups {
  /** Measured, and to be counted. */
  readonly ready: readonly HpaPod[];
  /** Too young to be believed, or not started yet. */
  readonly unready: readonly HpaPod[];
  /** Running, and not measured. */
  readonly missing: readonly HpaPod[];
  /** What was measured of pods that are not listed any more, or not yet: the controller does not leave it out. */
  readonly strangers: readonly HpaPodSample[];
}

interface Looking {
  readonly resource: string | undefined;
  readonly byPod: Readonly<Record<string, HpaPodSample>>;
  readonly atMs: number;
  readonly settings: HpaSettings;
}

/** Sorts pods as the controller does: only for CPU does it matter whether one is ready. Pure. */
export function groupPods(pods: readonly HpaPod[], looking: Looking): PodGroups {
  const listed = new Set(pods.map(({ name }) => name));
  const measured = Object.entries(looking.byPod);
  const strangers = measured.filter(([name]) => !listed.has(name)).map(([, sample]) => sample);
  const groups = { ready: [] as HpaPod[], unready: [] as HpaPod[], missing: [] as HpaPod[], strangers };
  for (const pod of pods) {
    if (pod.isDeleted || pod.phase === 'Failed' || pod.phase === 'Succeeded') continue;
    const sample = looking.byPod[pod.name];
    if (pod.phase === 'Pending') groups.unready.push(pod);
    else if (sample === undefined) groups.missing.push(pod);
    else if (looking.resource === 'cpu' && isYoung(pod, sample, looking)) groups.unready.push(pod);
    else groups.ready.push(pod);
  }
  return groups;
}

/** Whether a pod's CPU still says more of its start than of its work. */
function isYoung({ ready, startedMs }: HpaPod, sample: HpaPodSample, { atMs, settings }: Looking): boolean {
  if (ready === undefined || startedMs === undefined) return true;
  const isUnready = ready.status === 'False';
  if (startedMs + settings.cpuInitializationMs > atMs)
    return isUnready || sample.atMs < ready.sinceMs + sample.windowMs;
  return isUnready && startedMs + settings.initialReadinessDelayMs > ready.sinceMs;
}

/** How many take requests, for metrics that are not the pods' own. */
export function countReady(pods: readonly HpaPod[]): number {
  return pods.filter(({ phase, ready }) => phase === 'Running' && ready?.status === 'True').length;
}
