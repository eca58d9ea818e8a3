import { carriageReturn, hexValue, isValueByte, lineFeed, semicolon } from './characters.ts';
import { readFields } from './fields.ts';
import type { Framing } from './request-head.ts';

/** Takes what a body holds, without its framing. */
export interface DataSink {
  data(bytes: Buffer, from: number, to: number): void;
}

/**
 * Finds where a body ends, in the pieces in which it arrives (RFC 9112, sections 6 and 7).
 *
 *   length ───────────────────────────────────▸ done
 *   until close ──────────────────────────────▸ done, when the peer ends
 *   size ─▸ (extension) ─▸ size end ─▸ chunk ─▸ chunk end ─▸ size …
 *                             └ 0 ──▸ trailer ▸ done
 *
 * Chunks are taken apart here and framed anew by the writer, so that no spelling of a size reaches the other side.
 */
export class BodyReader {
  /** What is wrong with the body; then the rest cannot be told from the next message. */
  problem: string | undefined;
  /** The lines of the trailer that may be handed on, each ended by CR LF. */
  trailers = '';
  readonly #limits: { readonly headBytesMax: number; readonly fieldsMax: number };
  #state: State = 'done';
  #remaining = 0;
  #sizeDigits = 0;
  /** Of all chunks: a sender could fill a connection with them, and send nothing. */
  #extensionBytes = 0;
  #trailer = '';

  constructor(limits: { readonly headBytesMax: number; readonly fieldsMax: number }) {
    this.#limits = limits;
  }

  get isDone(): boolean {
    return this.#state === 'done';
  }

  begin(framing: Framing): void {
    this.problem = undefined;
    this.trailers = '';
    this.#remaining = 0;
    if (framing === 'chunked') {
      this.#state = 'size';
      this.#sizeDigits = 0;
      this.#extensionBytes = 0;
      this.#trailer = '';
    } else if (framing === 'until close') this.#state = 'until close';
    else {
      this.#remaining = framing;
      this.#state = framing === 0 ? 'done' : 'length';
    }
  }

  /** Takes from `from` on what belongs to this body. @returns the index behind it; where there is a problem, that does not count. */
  read(bytes: Buffer, from: number, to: number, sink: DataSink): number {
    let at = from;
    while (at < to && this.#state !== 'done' && this.problem === undefined) {
      switch (this.#state) {
        case 'length':
        case 'chunk':
          at = this.#readData(bytes, at, to, sink);
          break;
        case 'until close':
          sink.data(bytes, at, to);
          return to;
        case 'trailer':
          at = this.#readTrailer(bytes, at, to);
          break;
        default:
          this.#readByte(bytes[at++] as number);
      }
    }
    return at;
  }

  /** The peer has ended. @returns whether the body is whole. */
  end(): boolean {
    if (this.#state === 'until close') this.#state = 'done';
    return this.#state === 'done';
  }

  #readData(bytes: Buffer, at: number, to: number, sink: DataSink): number {
    const end = Math.min(to, at + this.#remaining);
    this.#remaining -= end - at;
    sink.data(bytes, at, end);
    if (this.#remaining === 0) this.#state = this.#state === 'length' ? 'done' : 'chunk end';
    return end;
  }

  #readByte(byte: number): void {
    switch (this.#state) {
      case 'size':
        this.#readSize(byte);
        return;
      case 'extension':
        if (byte === carriageReturn) this.#state = 'size end';
        else if (isValueByte[byte] !== 1) this.problem = 'a control character in a chunk extension';
        else if (++this.#extensionBytes > this.#limits.headBytesMax)
          this.problem = `chunk extensions of over ${this.#limits.headBytesMax} bytes`;
        return;
      case 'size end':
        if (byte !== lineFeed) this.problem = 'a chunk size that ends in a bare CR';
        else this.#beginChunk();
        return;
      case 'chunk end':
        if (byte !== carriageReturn) this.problem = 'a chunk that is longer than it says';
        else this.#state = 'chunk end 2';
        return;
      default:
        if (byte !== lineFeed) this.problem = 'a chunk that ends in a bare CR';
        else this.#beginSize();
    }
  }

  #beginSize(): void {
    this.#state = 'size';
    this.#sizeDigits = 0;
    this.#remaining = 0;
  }

  #readSize(byte: number): void {
    const digit = hexValue[byte] as number;
    if (digit < 16) {
      this.#remaining = this.#remaining * 16 + digit;
      if (++this.#sizeDigits > sizeDigitsMax) this.problem = 'a chunk size that is too long';
    } else if (this.#sizeDigits === 0) this.problem = 'a chunk without a size';
    else if (byte === carriageReturn) this.#state = 'size end';
    else if (byte === semicolon) this.#state = 'extension';
    else this.problem = 'a chunk size that is no hexadecimal number';
  }

  #beginChunk(): void {
    this.#state = this.#remaining === 0 ? 'trailer' : 'chunk';
  }

  /** Mostly an empty line. Otherwise it is collected to its end and read as the lines of a head are. */
  #readTrailer(bytes: Buffer, at: number, to: number): number {
    const before = this.#trailer.length;
    this.#trailer += bytes.toString('latin1', at, Math.min(to, at + this.#limits.headBytesMax + 1 - before));
    // It has its end after the end of a line: one that comes byte by byte is not read anew for each.
    if (this.#trailer.length <= this.#limits.headBytesMax && !bytes.subarray(at, to).includes(lineFeed))
      return to;
    const fields = readFields(this.#trailer, 0, this.#limits.fieldsMax);
    if (fields.problem !== undefined) {
      this.problem = `a trailer with ${fields.problem}`;
      return to;
    }
    if (fields.end < 0 || fields.end > this.#limits.headBytesMax) {
      if (this.#trailer.length > this.#limits.headBytesMax)
        this.problem = `a trailer of over ${this.#limits.headBytesMax} bytes`;
      return to;
    }
    // What frames or routes a message has no place behind it; those lines are taken out with the others.
    this.trailers = fields.lines;
    this.#state = 'done';
    return at + fields.end - before;
  }
}

type State =
  | 'done'
  | 'length'
  | 'until close'
  | 'size'
  | 'extension'
  | 'size end'
  | 'chunk'
  | 'chunk end'
  | 'chunk end 2'
  | 'trailer';

/** Seven bytes: more than any body, and exact as a number. */
const sizeDigitsMax = 13;
