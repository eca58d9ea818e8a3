import { type Clock, systemClock } from '../base/index.ts';
import { thisEnvironment } from './environment.ts';
import { LoadGenerator } from './load-generator.ts';
import { type GeneratorWatch, watchGenerator } from './measure/generator-watch.ts';
import { Recorder } from './measure/recorder.ts';
import { Overseer } from './overseer.ts';
import type { LoadPlan } from './plan.ts';
import type { LoadProgress } from './progress.ts';
import { type LoadReport, reportOf } from './report.ts';
import type { ResourceSeries } from './resources/resource.ts';
import { wholeShare } from './share.ts';
import type { Transport } from './transports/transport.ts';

export interface LoadOptions {
  readonly transport: Transport;
  /** Default: this machine's. */
  readonly clock?: Clock;
  /** Ends the run early: users end their request, and the report tells what was measured until then. */
  readonly signal?: AbortSignal;
  /** Called once a second, and at the end. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Watches the generator; a simulation gives one that sees nothing. */
  readonly watch?: (clock: Clock) => GeneratorWatch;
  /** Begins to watch the target when the run begins. What it saw goes into the report. */
  readonly watchTarget?: (startMs: number) => Promise<TargetWatch>;
}

/** What sees the target's resources while it is under load; `watchResources` makes one. */
export interface TargetWatch {
  series(): readonly ResourceSeries[];
  stop(): Promise<void>;
}

/**
 * Runs a load test in this process to its end and tells what was measured. Never rejects because of what the
 * target does: failures are part of the report. Closes the transport.
 *
 * @throws what `watchTarget` throws, before anything is sent.
 */
export async function runLoad(plan: LoadPlan, options: LoadOptions): Promise<LoadReport> {
  const { transport, signal, clock = systemClock, watch = watchGenerator } = options;
  const targetWatch = await options.watchTarget?.(clock.monotonicMs());
  const recorder = new Recorder();
  const generatorWatch = watch(clock);
  const startMs = clock.monotonicMs();
  const startedAt = clock.now();
  const generator = new LoadGenerator(plan, {
    transport,
    clock,
    recorder,
    watch: generatorWatch,
    share: wholeShare,
    startMs,
    skippedMs: 0,
  });
  const overseer = new Overseer(plan, {
    clock,
    recorder,
    plannedMs: generator.plannedMs,
    elapsedMs: () => generator.elapsedMs,
    users: () => generator.busy,
    onProgress: (progress) => options.onProgress?.(progress),
    onAbort: () => generator.stop(interruptGraceMs),
  });
  const onInterrupt = (): void => generator.stop(interruptGraceMs);
  signal?.addEventListener('abort', onInterrupt, { once: true });
  if (signal?.aborted) onInterrupt();
  overseer.start();
  await generator.run();
  signal?.removeEventListener('abort', onInterrupt);
  overseer.stop();
  await targetWatch?.stop();
  return reportOf(plan, recorder, {
    startedAt,
    activeMs: generator.activeMs,
    plannedMs: generator.plannedMs,
    arrivals: generator.arrivals,
    wasInterrupted: signal?.aborted ?? false,
    abortedBecause: overseer.abortedBecause,
    generatorSamples: generatorWatch.samples,
    environment: thisEnvironment(1),
    resources: targetWatch?.series() ?? [],
  });
}

/** After an interrupt people want their prompt back; requests that take longer are counted as unfinished. */
const interruptGraceMs = 2000;
