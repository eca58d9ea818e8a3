import type { Socket } from 'node:net';
import { BoundedQueue, type Clock, type Timer } from 'loadline/base';
import type { Corruptor } from './corruptor.ts';
import type { LaneFault } from './fault.ts';

/** What a lane needs besides its two sockets. */
export interface LaneOptions {
  readonly clock: Clock;
  /** Between 0 and 1, for the jitter. */
  readonly random: () => number;
  readonly corrupt: Corruptor;
  /** At how many held bytes the source has to wait. */
  readonly bufferBytesMax: number;
  readonly resetTarget: () => void;
  readonly onPassed: (bytes: number, corrupted: number) => void;
}

/** What came in and has not gone out yet; the end and the reset of the source wait their turn like bytes. */
interface Held {
  readonly kind: 'bytes' | 'end' | 'reset';
  /** What is left of it; empty for an end and a reset. */
  bytes: Buffer;
  readonly arrivedMs: number;
  /** When a delay lets it pass, and the fault that was asked. */
  due?: { readonly fault: LaneFault; readonly atMs: number };
}

/**
 * One direction of one connection. What arrives is held, and passed on as the fault of the moment allows; when
 * too much is held, the source waits, and so does whoever writes to it.
 */
export class Lane {
  readonly #source: Socket;
  readonly #target: Socket;
  readonly #options: LaneOptions;
  /** Two places more than are ever filled with bytes, for the end and the reset. */
  readonly #held = new BoundedQueue<Held>(piecesMax + 2);
  #heldBytes = 0;
  #fault: LaneFault | undefined;
  /** Bytes that a throttled lane may pass now, as of `#allowedAtMs`. */
  #allowance = 0;
  #allowedAtMs = 0;
  #timer: Timer | undefined;
  #isTargetFull = false;
  #isClosed = false;

  constructor(source: Socket, target: Socket, fault: LaneFault | undefined, options: LaneOptions) {
    this.#source = source;
    this.#target = target;
    this.#fault = fault;
    this.#options = options;
    source.on('data', (bytes: Buffer) => this.#hold('bytes', bytes));
    source.on('end', () => this.#hold('end'));
    source.on('error', () => this.#hold('reset'));
    target.on('drain', () => {
      this.#isTargetFull = false;
      this.#pass();
    });
    target.on('close', () => this.close());
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Changes the fault, also for what is held. */
  act(fault: LaneFault | undefined): void {
    this.#fault = fault;
    this.#allowance = 0;
    this.#allowedAtMs = this.#options.clock.monotonicMs();
    this.#pass();
  }

  /** Forgets what is held and stops all waiting. The sockets are the proxy's. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    while (this.#held.shift() !== undefined);
    this.#heldBytes = 0;
    this.#source.resume(); // Nobody wants the rest, but its end must be seen.
  }

  #hold(kind: Held['kind'], bytes: Buffer = nothing): void {
    if (this.#isClosed || this.#target.destroyed) return;
    this.#held.push({ kind, bytes, arrivedMs: this.#options.clock.monotonicMs() });
    this.#heldBytes += bytes.length;
    this.#pass();
    if (this.#isFull) this.#source.pause();
  }

  get #isFull(): boolean {
    return this.#heldBytes >= this.#options.bufferBytesMax || this.#held.size >= piecesMax;
  }

  #pass(): void {
    this.#timer?.cancel();
    for (let next = this.#held.peek(); next !== undefined; next = this.#held.peek()) {
      if (this.#isTargetFull || this.#target.destroyed) break;
      const waitMs = this.#waitFor(next);
      if (waitMs > 0) {
        if (waitMs < Number.POSITIVE_INFINITY) {
          this.#timer = this.#options.clock.setTimer(() => this.#pass(), waitMs);
        }
        break;
      }
      this.#passOn(next);
    }
    if (!this.#isFull && this.#source.isPaused()) this.#source.resume();
  }

  /** How long the head of the lane still has to wait, in milliseconds. */
  #waitFor(next: Held): number {
    const fault = this.#fault;
    const nowMs = this.#options.clock.monotonicMs();
    if (fault?.kind === 'half-open') return Number.POSITIVE_INFINITY;
    if (fault?.kind === 'delay') return this.#dueMs(next, fault) - nowMs;
    if (fault?.kind === 'throttle' && next.kind === 'bytes') {
      const perMs = fault.bytesPerSecond / 1000;
      const burst = Math.max(1, perMs * throttleSliceMs);
      this.#allowance = Math.min(burst, this.#allowance + (nowMs - this.#allowedAtMs) * perMs);
      this.#allowedAtMs = nowMs;
      const wanted = Math.min(next.bytes.length, burst);
      return this.#allowance >= wanted ? 0 : (wanted - this.#allowance) / perMs;
    }
    return 0;
  }

  /** Drawn once a piece: looking again does not draw again. Those behind wait for it, so no byte overtakes. */
  #dueMs(held: Held, fault: LaneFault & { readonly kind: 'delay' }): number {
    if (held.due?.fault === fault) return held.due.atMs;
    const delayMs = fault.delayMs + (fault.jitterMs ?? 0) * this.#options.random();
    held.due = { fault, atMs: held.arrivedMs + delayMs };
    return held.due.atMs;
  }

  #passOn(next: Held): void {
    const fault = this.#fault;
    const countMax = fault?.kind === 'throttle' ? Math.floor(this.#allowance) : next.bytes.length;
    const bytes = next.bytes.subarray(0, countMax);
    next.bytes = next.bytes.subarray(bytes.length);
    if (next.bytes.length === 0) this.#held.shift();
    this.#heldBytes -= bytes.length;
    this.#allowance -= bytes.length;
    if (next.kind === 'end') this.#target.end();
    if (next.kind === 'reset') this.#options.resetTarget();
    if (next.kind !== 'bytes') return;
    const corrupted = fault?.kind === 'corrupt' ? this.#options.corrupt(bytes, fault.ratio) : 0;
    this.#options.onPassed(bytes.length, corrupted);
    this.#isTargetFull = !this.#target.write(bytes);
  }
}

const nothing = Buffer.alloc(0);
/** However small the pieces are that arrive. */
const piecesMax = 1024;
/** A throttled lane passes what this much time allows at once: finer slices would only cost more timers. */
const throttleSliceMs = 20;
