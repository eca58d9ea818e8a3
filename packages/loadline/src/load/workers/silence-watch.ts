import type { Clock, Timer } from '../../base/index.ts';

/**
 * Notices when nothing has been heard for too long. Only time in which this process could listen counts: one that
 * was frozen itself first hears what has come meanwhile.
 */
export class SilenceWatch {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onSilent: (silentMs: number) => void;
  #silentMs = 0;
  #lookedMs = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, limitMs: number, onSilent: (silentMs: number) => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onSilent = onSilent;
  }

  /** Watches from now on; once it has begun it goes on as it is. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#silentMs = 0;
    this.#lookedMs = this.#clock.monotonicMs();
    this.#look();
  }

  heard(): void {
    this.#silentMs = 0;
    this.#lookedMs = this.#clock.monotonicMs();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(): void {
    this.#timer = this.#clock.setTimer(() => {
      const nowMs = this.#clock.monotonicMs();
      this.#silentMs += Math.min(nowMs - this.#lookedMs, 2 * lookMs);
      this.#lookedMs = nowMs;
      if (this.#silentMs < this.#limitMs) return this.#look();
      this.#timer = undefined;
      this.#onSilent(this.#silentMs);
    }, lookMs);
  }
}

const lookMs = 100;
