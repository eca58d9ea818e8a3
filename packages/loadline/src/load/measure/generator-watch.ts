import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Clock, Timer } from '../../base/index.ts';
import { createHistogram } from '../../metrics/index.ts';
import { type GeneratorSample, joinSamples, latenessLimitMs } from './generator.ts';

/** Watches this process while it makes load, for `judgeGenerator`. */
export interface GeneratorWatch {
  /** One a second; a long run keeps fewer and longer ones. */
  readonly samples: readonly GeneratorSample[];
  /** Notes how late a step began, in milliseconds. */
  late(latenessMs: number): void;
  /** Takes the last sample and ends the watch. */
  stop(): void;
}

/** @param startMs when the run began, on the clock's monotonic scale. */
export function watchGenerator(clock: Clock, startMs: number): GeneratorWatch {
  let samples: GeneratorSample[] = [];
  const lateness = createHistogram();
  const delay = monitorEventLoopDelay({ resolution: delayResolutionMs });
  delay.enable();
  let before = readState(clock);
  let timer: Timer = clock.setTimer(sample, intervalMs);

  function take(): void {
    const now = readState(clock);
    const durationMs = now.atMs - before.atMs;
    if (durationMs < intervalMs / 10) return;
    samples.push({
      endMs: now.atMs - startMs,
      durationMs,
      loopUtilization: performance.eventLoopUtilization(now.loop, before.loop).utilization,
      cpuRatio: (now.cpuMs - before.cpuMs) / durationMs,
      loopDelayMsMax: Math.max(0, delay.max / 1e6 - delayResolutionMs),
      steps: lateness.count,
      lateSteps: lateness.count - lateness.countAtOrBelow(latenessLimitMs * 1000),
      latenessMsP99: lateness.count === 0 ? undefined : lateness.quantile(0.99) / 1000,
    });
    if (samples.length > samplesMax) samples = joinSamples(samples);
    delay.reset();
    lateness.reset();
    before = now;
  }

  function sample(): void {
    take();
    timer = clock.setTimer(sample, intervalMs);
  }

  return {
    get samples() {
      return samples;
    },
    late: (latenessMs) => lateness.record(latenessMs > 0 ? Math.round(latenessMs * 1000) : 0),
    stop() {
      timer.cancel();
      take();
      delay.disable();
    },
  };
}

const intervalMs = 1000;
/** An hour at one a second; then neighbours are joined. */
export const samplesMax = 3600;
/** The delay histogram measures the interval of its own timer, so that much is no delay. */
const delayResolutionMs = 10;

interface State {
  readonly atMs: number;
  readonly cpuMs: number;
  readonly loop: ReturnType<typeof performance.eventLoopUtilization>;
}

function readState(clock: Clock): State {
  const { user, system } = process.cpuUsage();
  return {
    atMs: clock.monotonicMs(),
    cpuMs: (user + system) / 1000,
    loop: performance.eventLoopUtilization(),
  };
}
