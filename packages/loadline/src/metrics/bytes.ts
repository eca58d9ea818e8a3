/**
 * The numbers and texts of our own wire forms. A varint has seven bits a byte, lowest first, the top bit set on all
 * but its last byte; a text is its length and UTF-8; a double has eight bytes, little end first. There is one form
 * for each value, so equal contents are equal bytes.
 */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1024);
  #length = 0;

  /** How much was written since the last `take`. */
  get length(): number {
    return this.#length;
  }

  /** A whole number from 0 to 2^53 − 1. */
  varint(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.byte((rest % 128) | 128);
      rest = Math.floor(rest / 128);
    }
    this.byte(rest);
  }

  double(value: number): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    this.raw(bytes);
  }

  /** Halves of surrogate pairs are written as U+FFFD. */
  text(text: string): void {
    this.block(Buffer.from(text));
  }

  /** A length, and so many bytes. */
  block(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  byte(byte: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  /** All that was written since the last `take`. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  protected raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#bytes.length) return;
    const longer = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + size));
    longer.set(this.#bytes);
    this.#bytes = longer;
  }
}

/** Reads what `ByteWriter` wrote, believing nothing. What is wrong becomes the error that `invalid` makes of it. */
export class ByteReader {
  protected readonly invalid: (found: string) => Error;
  readonly #bytes: Uint8Array;
  /** Only where there are doubles: of thousands of histograms a second none has any. */
  #view: DataView | undefined;
  #at = 0;

  constructor(bytes: Uint8Array, invalid: (found: string) => Error) {
    this.#bytes = bytes;
    this.invalid = invalid;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** How many bytes are left: more things than that cannot follow. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** A whole number to 2^53 − 1, in its shortest form. */
  varint(): number {
    let value = 0;
    for (let weight = 1; ; weight *= 128) {
      const byte = this.byte();
      value += (byte & 127) * weight;
      if (!Number.isSafeInteger(value)) throw this.invalid('a number is too large');
      if (byte < 128) {
        if (byte === 0 && weight > 1) throw this.invalid('a number is longer than it need be');
        return value;
      }
    }
  }

  double(): number {
    if (this.left < 8) throw this.invalid('they end too early');
    const { buffer, byteOffset, byteLength } = this.#bytes;
    this.#view ??= new DataView(buffer, byteOffset, byteLength);
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  text(): string {
    const bytes = this.block();
    try {
      return utf8.decode(bytes);
    } catch {
      throw this.invalid('a text is not UTF-8');
    }
  }

  /** A length, and so many bytes: a view of what is read. */
  block(): Uint8Array {
    return this.#slice(this.varint());
  }

  /** All that is left: a view of what is read. */
  rest(): Uint8Array {
    return this.#slice(this.left);
  }

  byte(): number {
    const byte = this.peek();
    this.#at++;
    return byte;
  }

  /** The byte that comes next, which stays where it is. */
  peek(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw this.invalid('they end too early');
    return byte;
  }

  #slice(length: number): Uint8Array {
    if (length > this.left) throw this.invalid('they end too early');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
