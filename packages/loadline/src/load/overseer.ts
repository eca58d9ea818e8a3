import type { Clock, Timer } from '../base/index.ts';
import type { GeneratorSample } from './measure/generator.ts';
import type { Recorder } from './measure/recorder.ts';
import type { LoadPlan } from './plan.ts';
import { type LoadProgress, type LoadSample, progressOf } from './progress.ts';
import { measuredFor } from './report.ts';
import type { ResourceSeries } from './resources/resource.ts';
import { judgeThreshold } from './threshold.ts';

/** What sees the target's resources while it is under load; `watchResources` makes one. */
export interface TargetWatch {
  series(): readonly ResourceSeries[];
  /** What could not be seen, and why, for people. */
  problems(): readonly string[];
  stop(): Promise<void>;
}

/** After an interrupt people want their prompt back; requests that take longer are counted as unfinished. */
export const interruptGraceMs = 2000;

/** What an overseer looks at and whom it tells. */
export interface Overseen {
  readonly clock: Clock;
  readonly recorder: Recorder;
  readonly plannedMs: number;
  elapsedMs(): number;
  /** How many users are within an iteration. */
  users(): number;
  onProgress(progress: LoadProgress): void;
  onSample(sample: LoadSample): void;
  /** What the generator saw of itself last, or several of them together. */
  generatorSample(): GeneratorSample | undefined;
  /** A threshold that may end the run has failed. */
  onAbort(): void;
}

/** Looks at a run once a second: tells how far it is, and ends it where a threshold says so. */
export class Overseer {
  readonly #plan: LoadPlan;
  readonly #overseen: Overseen;
  #timer: Timer | undefined;
  #abortedBecause: string | undefined;

  constructor(plan: LoadPlan, overseen: Overseen) {
    this.#plan = plan;
    this.#overseen = overseen;
  }

  start(): void {
    this.#timer = this.#overseen.clock.setTimer(() => {
      this.#look();
      this.start();
    }, 1000);
  }

  /** Looks for the last time. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#look();
  }

  /** Why the run was ended before its time; undefined where it was not. */
  get abortedBecause(): string | undefined {
    return this.#abortedBecause;
  }

  #look(): void {
    const { recorder, plannedMs, onProgress, onSample } = this.#overseen;
    const elapsedMs = this.#overseen.elapsedMs();
    const users = this.#overseen.users();
    recorder.users(elapsedMs, users);
    onProgress(progressOf(recorder, { elapsedMs, durationMs: plannedMs, users }));
    const { lanes: endpoints, dropped, iterations } = recorder;
    onSample({ endpoints, users, dropped, iterations, generator: this.#overseen.generatorSample() });
    if (this.#timer !== undefined && this.#abortedBecause === undefined) this.#judge(elapsedMs);
  }

  #judge(elapsedMs: number): void {
    for (const threshold of this.#plan.thresholds) {
      if (threshold.abort === undefined || elapsedMs < threshold.abort.graceMs) continue;
      const { verdict, shown } = judgeThreshold(
        threshold,
        measuredFor(threshold, this.#overseen.recorder, elapsedMs),
      );
      if (verdict !== 'failed') continue;
      const seconds = Math.round(elapsedMs / 1000);
      this.#abortedBecause = `${threshold.text}, got ${shown}: the run was ended after ${seconds} s`;
      this.#overseen.onAbort();
      return;
    }
  }
}
