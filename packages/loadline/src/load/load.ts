import { type Clock, systemClock } from '../base/index.ts';
import { thisEnvironment } from './environment.ts';
import { extentOf } from './flow-plan.ts';
import { LoadGenerator } from './load-generator.ts';
import { judgeGenerator } from './measure/generator.ts';
import { type GeneratorWatch, watchGenerator } from './measure/generator-watch.ts';
import { Recorder } from './measure/recorder.ts';
import { interruptGraceMs, Overseer, type TargetWatch } from './overseer.ts';
import type { LoadPlan } from './plan.ts';
import type { LoadProgress, LoadSample } from './progress.ts';
import { type LoadReport, reportOf } from './report.ts';
import { requireSessions } from './session-protocols.ts';
import { wholeShare } from './share.ts';
import type { LoadTransport } from './transports/session.ts';

/** By what a run is made, and who hears of it. */
export interface LoadOptions {
  /** For a plan with sessions, one that has their protocols. */
  readonly transport: LoadTransport;
  /** Default: this machine's. */
  readonly clock?: Clock;
  /** Ends the run early: users end their request, and the report tells what was measured until then. */
  readonly signal?: AbortSignal;
  /** Called once a second, and at the end. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Called with all that was measured, as often. */
  readonly onSample?: (sample: LoadSample) => void;
  /** Watches the generator; a simulation gives one that sees nothing. */
  readonly watch?: (clock: Clock, startMs: number) => GeneratorWatch;
  /** Begins to watch the target when the run begins. What it saw goes into the report. */
  readonly watchTarget?: (startMs: number) => Promise<TargetWatch>;
}

/**
 * Runs a load test in this process to its end and tells what was measured. Never rejects because of what the
 * target does: failures are part of the report. Closes the transport.
 *
 * @throws LOAD_SESSIONS_MISSING; what `watchTarget` throws, before anything is sent.
 */
export async function runLoad(plan: LoadPlan, options: LoadOptions): Promise<LoadReport> {
  const { transport, signal, clock = systemClock, watch = watchGenerator } = options;
  requireSessions(plan, transport);
  const targetWatch = await options.watchTarget?.(clock.monotonicMs());
  const { plannedMs, arrivals } = extentOf(plan);
  const recorder = new Recorder();
  const startMs = clock.monotonicMs();
  const generatorWatch = watch(clock, startMs);
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
    plannedMs,
    elapsedMs: () => generator.elapsedMs,
    users: () => generator.busy,
    onProgress: (progress) => options.onProgress?.(progress),
    onSample: (sample) => options.onSample?.(sample),
    generatorSample: () => generatorWatch.samples.at(-1),
    onAbort: () => generator.stop(interruptGraceMs),
  });
  const onInterrupt = (): void => generator.stop(interruptGraceMs);
  signal?.addEventListener('abort', onInterrupt, { once: true });
  if (signal?.aborted) onInterrupt();
  overseer.start();
  await generator.run();
  signal?.removeEventListener('abort', onInterrupt);
  overseer.stop();
  transport.close();
  await targetWatch?.stop();
  return reportOf(plan, recorder, {
    startedAt,
    activeMs: generator.activeMs,
    plannedMs,
    arrivals,
    wasInterrupted: signal?.aborted ?? false,
    abortedBecause: overseer.abortedBecause,
    generator: judgeGenerator(generatorWatch.samples),
    workers: [],
    invalidBecause: [],
    remarks: [],
    environment: thisEnvironment(1),
    resources: targetWatch?.series() ?? [],
    unseen: targetWatch?.problems() ?? [],
  });
}
