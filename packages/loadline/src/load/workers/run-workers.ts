import { type Clock, systemClock } from '../../base/index.ts';
import { thisEnvironment } from '../environment.ts';
import { loadError } from '../errors.ts';
import { extentOf } from '../flow-plan.ts';
import { judgeGenerators } from '../measure/generator.ts';
import { Recorder } from '../measure/recorder.ts';
import { interruptGraceMs, Overseer, type TargetWatch } from '../overseer.ts';
import type { LoadPlan } from '../plan.ts';
import type { LoadProgress, LoadSample } from '../progress.ts';
import { type LoadReport, reportOf } from '../report.ts';
import { Conductor, leadMs, type WorkerAccount } from './conductor.ts';
import { judgeLosses } from './judge-losses.ts';
import type { WorkerLink } from './link.ts';
import { MissingLoad } from './missing-load.ts';

/** As those of `runLoad`, and what becomes of the share of a worker that is lost. */
export interface WorkersOptions {
  /** Default: this machine's. */
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly onSample?: (sample: LoadSample) => void;
  readonly watchTarget?: (startMs: number) => Promise<TargetWatch>;
  /**
   * What becomes of the share of a worker that is lost: another takes it over (default), or it is left out: its
   * arrivals are counted as dropped, and a run that has fewer users by it is invalid.
   */
  readonly onLoss?: 'take over' | 'leave out';
}

/**
 * Runs a load test on several workers, as if they were one: one schedule, of which each has its share, one
 * clock, and histograms that merge exactly. Closes the links.
 *
 * @throws LOAD_WORKERS_UNREADY where a worker cannot make its share; what `watchTarget` throws.
 */
export async function runWorkers(
  plan: LoadPlan,
  links: readonly WorkerLink[],
  options: WorkersOptions = {},
): Promise<LoadReport> {
  const { clock = systemClock, signal, onLoss = 'take over' } = options;
  const recorder = new Recorder();
  const { plannedMs, arrivals } = extentOf(plan);
  const missing = new MissingLoad(plan, recorder);
  const conductor = new Conductor(links, { clock, recorder, onLoss, missing, plannedMs });
  await prepare(conductor, links);
  const startMs = clock.monotonicMs() + leadMs;
  const targetWatch = await options.watchTarget?.(startMs);
  const startedAt = clock.now() + leadMs;
  const overseer = new Overseer(plan, {
    clock,
    recorder,
    plannedMs,
    elapsedMs: () => Math.max(0, conductor.elapsedMs),
    users: () => conductor.busy,
    onProgress: (progress) => options.onProgress?.(progress),
    onSample: (sample) => options.onSample?.(sample),
    generatorSample: () => conductor.generatorSample,
    onAbort: () => conductor.stop(interruptGraceMs),
  });
  const onInterrupt = (): void => conductor.stop(interruptGraceMs);
  signal?.addEventListener('abort', onInterrupt, { once: true });
  const ended = conductor.run(startMs);
  if (signal?.aborted) onInterrupt();
  overseer.start();
  await ended;
  signal?.removeEventListener('abort', onInterrupt);
  overseer.stop();
  await targetWatch?.stop();
  const { invalidBecause, remarks } = judgeLosses(conductor.losses, {
    workers: links.length,
    usersLeftOut: missing.usersLeftOut,
    onLoss,
  });
  return reportOf(plan, recorder, {
    startedAt,
    activeMs: conductor.activeMs,
    plannedMs,
    arrivals,
    wasInterrupted: signal?.aborted ?? false,
    abortedBecause: overseer.abortedBecause,
    generator: judgeGenerators(conductor.generators),
    workers: conductor.accounts,
    invalidBecause: [...invalidBecause, ...whyUnclear(conductor.accounts)],
    remarks,
    environment: thisEnvironment(links.length),
    resources: targetWatch?.series() ?? [],
    unseen: targetWatch?.problems() ?? [],
  });
}

/** Clocks that are known no better than this could make latencies and schedules wrong by as much. */
const clockErrorLimitMs = 20;

async function prepare(conductor: Conductor, links: readonly WorkerLink[]): Promise<void> {
  const refusals = await conductor.prepare();
  if (refusals.length === 0) return;
  for (const link of links) link.close();
  const list = refusals.map(({ worker, because }) => `  ${worker}: ${because}`).join('\n');
  throw loadError(
    'LOAD_WORKERS_UNREADY',
    `Cannot begin the run: ${refusals.length} of ${links.length} workers cannot make their share.\n${list}`,
    { facts: { refusals } },
  );
}

function whyUnclear(accounts: readonly WorkerAccount[]): string[] {
  return accounts.flatMap(({ name, clockErrorMs }) =>
    clockErrorMs > clockErrorLimitMs
      ? [
          `The clock of ${name} is known to within ${Math.round(clockErrorMs)} ms only: its part of the schedule may be off by as much.`,
        ]
      : [],
  );
}
