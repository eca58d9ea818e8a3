import type { Socket } from 'node:net';

/**
 * The end of a client's connection after its last answer: ends our side, and throws away for a moment what still
 * comes. To close at once would reset the connection where the client is still sending, and with it the answer that
 * it has not read yet.
 */
export class Farewell {
  readonly #socket: Socket;
  readonly #sinceMs: number;
  #bytes = 0;

  constructor(socket: Socket, nowMs: number) {
    this.#socket = socket;
    this.#sinceMs = nowMs;
    socket.end();
    socket.resume();
  }

  onData(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#bytes > bytesMax) this.#socket.destroy();
  }

  check(nowMs: number): void {
    const isWritten = this.#socket.writableLength === 0;
    if (isWritten && nowMs - this.#sinceMs >= durationMs) this.#socket.destroy();
  }
}

const durationMs = 2000;
const bytesMax = 1024 * 1024;
