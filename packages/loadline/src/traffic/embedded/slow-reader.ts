import type { Socket } from 'node:net';

/**
 * Whether a client takes what is written to it. However slowly: what counts is that the system has taken over more than by
 * the last look. How much waits would not tell, since pieces of one size follow each other.
 */
export class SlowReader {
  readonly #socket: Socket;
  readonly #stallMs: number;
  #takenBytes = 0;
  #takenMs: number;

  constructor(socket: Socket, stallMs: number, nowMs: number) {
    this.#socket = socket;
    this.#stallMs = stallMs;
    this.#takenMs = nowMs;
  }

  /** Looks. @returns false where it has taken nothing for too long. */
  takes(nowMs: number): boolean {
    const waiting = this.#socket.writableLength;
    const takenBytes = waiting === 0 ? 0 : this.#socket.bytesWritten - waiting;
    if (waiting === 0 || takenBytes !== this.#takenBytes) this.#takenMs = nowMs;
    this.#takenBytes = takenBytes;
    return nowMs - this.#takenMs < this.#stallMs;
  }
}
