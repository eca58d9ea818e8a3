import { type Clock, formatDuration } from '../../base/index.ts';
import type { RestartProgress } from '../driver.ts';
import type { TemplateStatus } from './template-status.ts';
import { nameOf, type WholeWorkload } from './workload.ts';

/** A restart that was begun. */
export interface BegunRestart {
  readonly workload: WholeWorkload;
  readonly startedAtMs: number;
  /** What was written into the template: another one there is somebody else's. */
  readonly restartedAt: string;
  /** Pods that were there when it began. */
  readonly of: number;
}

export interface WorkloadRestartOptions {
  readonly clock: Clock;
  /** Without a pod that was replaced or became ready for so long, it counts as stopped. */
  readonly replaceMsMax: number;
}

/** Whose controllers replace pods whose template has changed. */
export function isRestartable({ kind, apiVersion }: WholeWorkload): boolean {
  return apiVersion.startsWith('apps/') && (kind === 'Deployment' || kind === 'StatefulSet');
}

/** Follows the controller of a workload while it replaces the pods, from look to look. */
export class WorkloadRestart {
  readonly #begun: BegunRestart;
  readonly #options: WorkloadRestartOptions;
  #progress: RestartProgress;
  /** What was found last, and since when that is so. */
  #found = '';
  #foundAtMs: number;

  constructor(begun: BegunRestart, options: WorkloadRestartOptions) {
    this.#begun = begun;
    this.#options = options;
    this.#progress = { startedAtMs: begun.startedAtMs, of: begun.of, replaced: 0, state: 'going' };
    this.#foundAtMs = options.clock.monotonicMs();
  }

  get progress(): RestartProgress {
    return this.#progress;
  }

  /** Takes in what the API server says of the workload now. */
  look(found: TemplateStatus): void {
    const { clock, replaceMsMax } = this.#options;
    const nowMs = clock.monotonicMs();
    const { pods, updated, available } = found;
    const shown = [pods, updated, available].join();
    if (shown !== this.#found) [this.#found, this.#foundAtMs] = [shown, nowMs];
    this.#progress = progressOf(this.#begun, found, clock.now());
    this.#stopIfOverdue(
      `no pod was replaced for ${formatDuration(replaceMsMax)}; Kubernetes goes on with it as soon as it can`,
    );
  }

  /** The API server did not say how far it is. */
  miss(because: string): void {
    this.#stopIfOverdue(`it cannot be followed any more: ${because}; Kubernetes goes on with it by itself`);
  }

  #stopIfOverdue(because: string): void {
    const { clock, replaceMsMax } = this.#options;
    if (this.#progress.state !== 'going' || clock.monotonicMs() - this.#foundAtMs < replaceMsMax) return;
    this.#progress = { ...this.#progress, state: 'stopped', endedAtMs: clock.now(), because };
  }
}

/**
 * How far a restart is, as `kubectl rollout status` sees it. Pure. What the controller says of another generation than the present
 * one is about another template, and counts for nothing.
 */
export function progressOf(begun: BegunRestart, found: TemplateStatus, nowMs: number): RestartProgress {
  const { workload, startedAtMs, of, restartedAt } = begun;
  const { pods, updated, available, wanted, failure } = found;
  const isSeen = found.observedGeneration >= found.generation;
  const old = Math.max(0, pods - updated);
  const replaced = isSeen ? Math.max(0, of - old) : 0;
  const counts = { startedAtMs, of, replaced };
  const stop = (because: string): RestartProgress => ({
    ...counts,
    state: 'stopped',
    endedAtMs: nowMs,
    because,
  });
  if (found.restartedAt !== restartedAt)
    return stop(`somebody else has changed the pod template of ${nameOf(workload)} meanwhile`);
  if (!isSeen) return { ...counts, state: 'going' };
  if (old === 0 && updated >= wanted && available >= Math.max(updated, wanted))
    return { ...counts, state: 'done', endedAtMs: nowMs };
  return failure === undefined ? { ...counts, state: 'going' } : stop(failure);
}
