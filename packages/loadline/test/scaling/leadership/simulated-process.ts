import { sleep, type Timer, type VirtualClock } from 'loadline/base';
import type { KeptLease, LeaseBook, LeaseWish } from '../../../src/scaling/leadership/lease.ts';

/** Where the one lease is kept: whoever replaces what is not there any more has a conflict. */
export class SimulatedShelf {
  lease: KeptLease | undefined;
  #version = 0;

  write({ replaces, ...wish }: LeaseWish): KeptLease | 'conflict' {
    if (replaces?.version !== this.lease?.version) return 'conflict';
    this.lease = { ...wish, version: String(++this.#version) };
    return this.lease;
  }
}

/**
 * A process with a clock that runs at a speed of its own, at the other end of a network. While it is paused its clock goes
 * on, and nothing else: timers and answers come to it when it goes on.
 */
export class SimulatedProcess {
  readonly clock: VirtualClock;
  readonly book: LeaseBook;
  isCutOff = false;
  /** Of a request, and of its answer. */
  delayMs = 5;
  readonly #world: VirtualClock;
  #awake: PromiseWithResolvers<void> | undefined;
  #missed: (() => void)[] = [];
  #pending = 0;

  constructor(world: VirtualClock, shelf: SimulatedShelf, speed: number) {
    this.#world = world;
    const process = this;
    this.clock = {
      ...world,
      // Nobody's wall clock means anything.
      now: () => speed * 1e12,
      monotonicMs: () => world.monotonicMs() * speed,
      setTimer: (callback, delayMs) => this.#setTimer(callback, delayMs / speed),
      get pending() {
        return process.#pending;
      },
    };
    this.book = {
      read: (signal) => this.#cross(() => shelf.lease, signal),
      write: (wish, signal) => this.#cross(() => shelf.write(wish), signal),
    };
  }

  pause(): void {
    this.#awake ??= Promise.withResolvers();
  }

  resume(): void {
    this.#awake?.resolve();
    this.#awake = undefined;
    for (const callback of this.#missed.splice(0)) callback();
  }

  #setTimer(callback: () => void, delayMs: number): Timer {
    let isOver = false;
    this.#pending++;
    const once = (): void => {
      if (isOver) return;
      isOver = true;
      this.#pending--;
    };
    const fire = (): void => {
      if (isOver) return;
      if (this.#awake !== undefined) this.#missed.push(fire);
      else {
        once();
        callback();
      }
    };
    const timer = this.#world.setTimer(fire, delayMs);
    return {
      cancel: () => {
        once();
        timer.cancel();
      },
    };
  }

  /** What is under way arrives also where whoever has sent it is paused, or does not wait any more. */
  async #cross<Value>(work: () => Value, signal: AbortSignal): Promise<Value> {
    if (this.isCutOff) return untilAborted(signal);
    await sleep(this.#world, this.delayMs);
    const value = work();
    await sleep(this.#world, this.delayMs);
    await this.#awake?.promise;
    if (this.isCutOff) return untilAborted(signal);
    return value;
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
