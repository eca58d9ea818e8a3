import { totalmem } from 'node:os';
import { performance } from 'node:perf_hooks';
import { type Clock, systemClock } from '../../base/index.ts';
import type { Registry } from '../../metrics/index.ts';

/** How often the event loop is asked how late it comes. */
const samplingMs = 100;
/**
 * How often where it is at rest, and what it may be busy with then, as a share of the time. To wake a process that has nothing to do
 * costs it 0.2 to 3 ms each time, by how deeply the machine sleeps: ten times a second that was up to 3 % of a core.
 */
const restingMs = 1000;
const restingShareMax = 0.05;
/** An hour of standing still is enough to be told. */
const standstillMsMax = 3_600_000;

/**
 * Adds what every process should tell about itself: CPU, memory, and how late and how busy its event loop is.
 * Everything is a total or a histogram, never "since the last reading", so that two who read don't take from
 * each other. Utilisation is the rate of the active seconds.
 *
 * @param activeMsOf how long the event loop has been busy so far.
 * @returns ends the only thing that runs meanwhile, the sampling of the event loop every 100 ms, and every second while it is at
 *   rest.
 */
export function observeProcess(
  registry: Registry,
  clock: Clock = systemClock,
  activeMsOf: () => number = () => performance.eventLoopUtilization().active,
): () => void {
  registry.counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time that the process has used, in user and in system mode.',
    read: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  });
  registry.gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory of the process that is in RAM.',
    read: () => process.memoryUsage.rss(),
  });
  registry.gauge({
    name: 'process_memory_limit_bytes',
    help: 'What the process may have of RAM: the limit of its container, or all that the machine has.',
    // Where nothing limits it, Node.js says 0 or a number beyond any machine.
    read: () => Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem()),
  });
  registry.gauge({
    name: 'process_start_time_seconds',
    help: 'When the process started, since the Unix epoch.',
    read: () => performance.timeOrigin / 1000,
  });
  registry.gauge({
    name: 'nodejs_heap_bytes',
    help: 'JavaScript heap, by state: used, or reserved as a whole.',
    labels: ['state'],
    read: () => {
      const { heapUsed, heapTotal } = process.memoryUsage();
      return [
        [{ state: 'used' }, heapUsed],
        [{ state: 'reserved' }, heapTotal],
      ];
    },
  });
  registry.counter({
    name: 'nodejs_eventloop_active_seconds_total',
    help: 'Time in which the event loop was busy; its rate is the utilisation, 0 to 1.',
    read: () => activeMsOf() / 1000,
  });
  return sampleLag(registry, clock, activeMsOf);
}

/**
 * A moment every 100 ms, and how long whoever came then had to wait for the loop. While it stands still more such moments
 * pass than the one that finds out; without them a second in which nobody is served would weigh as much as an instant. While
 * it is at rest one moment in a second is looked at and stands for all ten.
 */
function sampleLag(registry: Registry, clock: Clock, activeMsOf: () => number): () => void {
  const lag = registry.histogram({
    name: 'nodejs_eventloop_lag_seconds',
    help: 'How late the event loop came by, of moments 100 ms apart.',
  });
  let strideMs = samplingMs;
  let judgedMs = clock.monotonicMs();
  let activeMs = activeMsOf();
  let timer = next();
  function next(): ReturnType<Clock['setTimer']> {
    const dueMs = clock.monotonicMs() + strideMs;
    return clock.setTimer(() => {
      const nowMs = clock.monotonicMs();
      const lateMs = Math.min(Math.max(0, nowMs - dueMs), standstillMsMax);
      for (let aheadMs = strideMs; aheadMs > samplingMs; aheadMs -= samplingMs) lag.record(lateMs * 1000);
      for (let leftMs = lateMs; leftMs >= 0; leftMs -= samplingMs) lag.record(leftMs * 1000);
      if (nowMs - judgedMs >= restingMs) judge(nowMs);
      timer = next();
    }, strideMs);
  }
  function judge(nowMs: number): void {
    const busyMs = activeMsOf() - activeMs;
    strideMs = busyMs > restingShareMax * (nowMs - judgedMs) ? samplingMs : restingMs;
    judgedMs = nowMs;
    activeMs += busyMs;
  }
  return () => timer.cancel();
}
