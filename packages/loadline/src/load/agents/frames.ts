import { deserialize, serialize } from 'node:v8';

/**
 * Messages as frames of a byte stream, in whatever pieces it arrives:
 *
 *   | length of the body, 4 bytes, big-endian | body: the structured clone of the message |
 *
 * A body without bytes is no message but a sign of life. Reading builds whatever objects the bytes describe, so
 * read only what comes from somebody who has shown that they know the token.
 */
export function encodeFrame(message: unknown): Buffer {
  const body = serialize(message);
  if (body.length > frameBytesMax)
    throw new RangeError(`A frame may have ${frameBytesMax} bytes, this message needs ${body.length}.`);
  const head = Buffer.allocUnsafe(headBytes);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

export const frameBytesMax: number = 64 * 1024 * 1024;
const headBytes = 4;
export const signOfLife: Buffer = Buffer.alloc(headBytes);

/** Finds the messages in a stream of frames. After it has thrown, the rest of the stream means nothing. */
export class FrameReader {
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Of the body that has begun; undefined while a head is awaited. */
  #bodyBytes: number | undefined;

  /**
   * @returns the messages that this piece completes.
   * @throws RangeError for a frame that is too long; Error for a body that is no structured clone.
   */
  push(piece: Buffer): unknown[] {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    const messages: unknown[] = [];
    while (this.#bytes >= (this.#bodyBytes ?? headBytes)) {
      if (this.#bodyBytes === undefined) {
        this.#bodyBytes = this.#take(headBytes).readUInt32BE();
        if (this.#bodyBytes > frameBytesMax)
          throw new RangeError(`a frame of ${this.#bodyBytes} bytes; the limit is ${frameBytesMax}`);
      } else {
        const body = this.#take(this.#bodyBytes);
        this.#bodyBytes = undefined;
        if (body.length > 0) messages.push(deserialize(body));
      }
    }
    return messages;
  }

  /** Joins the pieces only when enough is there: a long frame comes in a thousand of them. */
  #take(bytes: number): Buffer {
    const all = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
    this.#pieces = all.length > bytes ? [all.subarray(bytes)] : [];
    this.#bytes -= bytes;
    return all.subarray(0, bytes);
  }
}
