// The global of the same name is looked up anew each time, by a getter.
import { performance } from 'node:perf_hooks';

/**
 * Time as a parameter. Whatever waits or measures takes a `Clock`, so that a test or a simulation owns the
 * time: hours pass in milliseconds, and the same seed gives the same run.
 */
export interface Clock {
  /** Wall time in milliseconds since the Unix epoch; may jump. For timestamps. */
  now(): number;
  /** Milliseconds since an arbitrary start, fractional, never backwards. For durations. */
  monotonicMs(): number;
  /**
   * Calls back once after `delayMs`, never synchronously, unless cancelled first. A real clock's timers have a
   * grain of a millisecond and may come up to two early: whoever needs a time looks at the clock.
   */
  setTimer(callback: () => void, delayMs: number): Timer;
  /** How far apart the moments are at which its timers can come, in milliseconds. Absent: they come just when asked. */
  readonly grainMs?: number;
}

/** A pending call. Cancelling twice, or after it has fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  grainMs: 1,
  setTimer(callback, delayMs) {
    let handle: NodeJS.Timeout;
    const wait = (leftMs: number): void => {
      handle =
        leftMs > timeoutMsMax
          ? setTimeout(() => wait(leftMs - timeoutMsMax), timeoutMsMax)
          : setTimeout(callback, leftMs);
    };
    wait(delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Node fires a longer timer at once. */
const timeoutMsMax = 2 ** 31 - 1;

/**
 * Resolves after `delayMs`, or rejects with the signal's reason as soon as it aborts.
 * A delay of 0 or less still waits for the next turn.
 */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimer(
      () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      },
      Math.max(0, delayMs),
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Waits for so long, or until the signal aborts; whoever asks looks at the signal to know which. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return sleep(clock, delayMs, signal).catch(() => undefined);
}
