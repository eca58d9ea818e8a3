import type { Socket } from 'node:net';
import type { DataSink } from './body-reader.ts';

/**
 * Writes one message after the other to a socket. What is short is gathered as text, in which each byte is a
 * character, and leaves in one write when the piece is over that brought it: a head with its body costs one call of
 * the system. Text goes through Node.js for less than bytes do.
 */
export class MessageWriter implements DataSink {
  readonly #socket: Socket;
  /** Whether bytes are lent, so that what is not written at once must be copied. */
  readonly #areBytesLent: boolean;
  #text = '';
  #isChunked = false;

  constructor(socket: Socket, { areBytesLent }: { readonly areBytesLent: boolean }) {
    this.#socket = socket;
    this.#areBytesLent = areBytesLent;
  }

  /** Begins a message. @param isChunked whether what follows is framed in chunks. */
  begin(head: string, isChunked: boolean): void {
    this.#text += head;
    this.#isChunked = isChunked;
  }

  data(bytes: Buffer, from: number, to: number): void {
    const length = to - from;
    if (length === 0) return;
    if (this.#isChunked) this.#text += `${length.toString(16)}\r\n`;
    if (length <= textBytesMax) {
      this.#text += bytes.toString('latin1', from, to);
      if (this.#isChunked) this.#text += '\r\n';
      if (this.#text.length > textBytesMax) this.flush();
      return;
    }
    this.#socket.cork();
    this.flush();
    const piece = bytes.subarray(from, to);
    this.#socket.write(this.#areBytesLent ? Buffer.from(piece) : piece);
    if (this.#isChunked) this.#text = '\r\n';
    this.flush();
    this.#socket.uncork();
  }

  /** A body that is there whole, and stays as it is. */
  whole(head: string, body: Buffer): void {
    this.begin(head, false);
    if (body.length <= textBytesMax) {
      this.data(body, 0, body.length);
      this.flush();
      return;
    }
    this.#socket.cork();
    this.flush();
    this.#socket.write(body);
    this.#socket.uncork();
  }

  /** Ends the body. @param trailers lines, each ended by CR LF; only chunks can carry them. */
  end(trailers: string): void {
    if (this.#isChunked) this.#text += `0\r\n${trailers}\r\n`;
    this.#isChunked = false;
  }

  /** Writes what was gathered. */
  flush(): void {
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    this.#socket.write(text, 'latin1');
  }

  /** Whether the peer takes less than it is given: whoever reads for it must wait for `drain`. */
  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }
}

const textBytesMax = 8 * 1024;
