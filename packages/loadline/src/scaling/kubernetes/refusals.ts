import type { RestartProgress } from '../driver.ts';
import { nameOf, type WholeWorkload } from './workload.ts';

/** Why something is not done, to end a sentence with. */
export function noGroup(name: string, isClosed: boolean): string {
  return isClosed ? 'the driver was closed' : `no workload is known for the group ${JSON.stringify(name)}`;
}

export function notRestartable(workload: WholeWorkload): string {
  return `only Deployments and StatefulSets of apps/v1 are restarted, and ${nameOf(workload)} is none`;
}

export function wouldNotReplace(workload: WholeWorkload, obstacle: string): string {
  return `${nameOf(workload)} would ${obstacle}`;
}

export function goesOn(workload: WholeWorkload, { replaced, of }: RestartProgress): string {
  return `a rolling restart of ${nameOf(workload)} goes on: ${replaced} of ${of} are replaced`;
}

export function nothingGoesOn(workload: WholeWorkload): string {
  return `no rolling restart of ${nameOf(workload)} goes on`;
}

export function cannotEnd(workload: WholeWorkload): string {
  return `Kubernetes goes on with the restart of ${nameOf(workload)} by itself: kubectl rollout undo turns it back`;
}

export function hasRival(workload: WholeWorkload, rival: string): string {
  return `the HorizontalPodAutoscaler ${workload.namespace}/${rival} scales ${nameOf(workload)} too, and would undo it: remove one of the two`;
}

export function hasChanged(workload: WholeWorkload, before: number, now: number): string {
  return `somebody else has set ${nameOf(workload)} from ${before} to ${now} meanwhile`;
}
