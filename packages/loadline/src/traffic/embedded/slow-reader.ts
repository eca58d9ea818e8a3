import type { Socket } from 'node:net';

/**
 * Whether a client takes what is written to it. However slowly: what counts is that something else waits than at the
 * last look, since nothing is written to one that is full.
 */
export class SlowReader {
  readonly #socket: Socket;
  readonly #stallMs: number;
  #waitingBytes = 0;
  #takenMs: number;

  constructor(socket: Socket, stallMs: number, nowMs: number) {
    this.#socket = socket;
    this.#stallMs = stallMs;
    this.#takenMs = nowMs;
  }

  /** Looks. @returns false where it has taken nothing for too long. */
  takes(nowMs: number): boolean {
    const waiting = this.#socket.writableLength;
    if (waiting === 0 || waiting !== this.#waitingBytes) this.#takenMs = nowMs;
    this.#waitingBytes = waiting;
    return nowMs - this.#takenMs < this.#stallMs;
  }
}
