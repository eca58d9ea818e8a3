/**
 * Writes protocol buffers (https://protobuf.dev/programming-guides/encoding) from plain objects. A message is
 * described by a table, as in a .proto file: the name of each field, its number and its type. Repeated
 * numbers are packed. It knows only the types that metrics and profiles need, and it only writes.
 */
export interface MessageShape {
  readonly [field: string]: Field;
}

type Field =
  | readonly [number: number, type: keyof Scalars | MessageShape]
  | readonly [number: number, type: keyof Scalars | MessageShape, 'repeated'];

/** What stands for a scalar: all of 64 bits are bigints, so that JSON can tell them apart and give them quotes. */
interface Scalars {
  string: string;
  bool: boolean;
  enum: number;
  sint32: number;
  /** A bigint is the number's bits, for a NaN that means something. */
  double: number | bigint;
  fixed64: bigint;
  /** From 0, as are all that we send; int64 is written alike. */
  uint64: bigint;
  /** The same where a number holds it, for the ids and values of a profile: there are many, and none is shown as JSON. */
  uint53: number;
  /** Fields of the message itself that `encodeMessage` wrote before, whatever number stands beside them. */
  encoded: Uint8Array;
}

/** An object that fits a shape. Fields that are left out are not written. */
export type Message<Shape> = { readonly [Name in keyof Shape]?: FieldValue<Shape[Name]> };

type FieldValue<F> = F extends readonly [number, infer Type, 'repeated']
  ? readonly ValueOf<Type>[]
  : F extends readonly [number, infer Type]
    ? ValueOf<Type>
    : never;

type ValueOf<Type> = Type extends keyof Scalars ? Scalars[Type] : Message<Type>;

/** The bytes of a message. */
export function encodeMessage<Shape extends MessageShape>(
  shape: Shape,
  message: Message<Shape>,
): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  writer.message(shape, message);
  return writer.bytes();
}

/** How a value stands in the bytes, as a field's tag says it. */
const varint = 0;
const eightBytes = 1;
const delimited = 2;

const wireTypes: Readonly<Record<Exclude<keyof Scalars, 'encoded'>, number>> = {
  string: delimited,
  bool: varint,
  enum: varint,
  sint32: varint,
  double: eightBytes,
  fixed64: eightBytes,
  uint64: varint,
  uint53: varint,
};

class Writer {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  message(shape: MessageShape, message: Readonly<Record<string, unknown>>): void {
    for (const name in shape) {
      const value = message[name];
      if (value !== undefined) this.#field(shape[name] as Field, value);
    }
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #field([number, type, repeated]: Field, value: unknown): void {
    const tag = number * 8;
    if (type === 'encoded') {
      this.#splice(value as Uint8Array);
    } else if (typeof type === 'object') {
      for (const each of repeated ? (value as readonly object[]) : [value as object]) {
        this.#varint(tag + delimited);
        this.#delimited(() => this.message(type, each as Readonly<Record<string, unknown>>));
      }
    } else if (repeated && type === 'string') {
      for (const each of value as readonly string[]) {
        this.#varint(tag + delimited);
        this.#string(each);
      }
    } else if (repeated) {
      this.#varint(tag + delimited);
      this.#delimited(() => {
        for (const each of value as readonly unknown[]) this.#scalar(type, each);
      });
    } else {
      this.#varint(tag + wireTypes[type]);
      this.#scalar(type, value);
    }
  }

  #scalar(type: keyof Scalars, value: unknown): void {
    if (type === 'string') this.#string(value as string);
    else if (type === 'double' || type === 'fixed64') this.#eightBytes(value as number | bigint);
    else if (type === 'sint32') this.#varint(zigzag(value as number));
    else this.#varint(Number(value));
  }

  #string(text: string): void {
    this.#reserve(10 + text.length);
    const start = this.#length;
    this.#varint(text.length);
    // By hand, since nearly all are short and ASCII: a call out of JavaScript costs more than the copying.
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code > 127) {
        this.#length = start;
        const bytes = Buffer.from(text);
        this.#varint(bytes.length);
        this.#splice(bytes);
        return;
      }
      this.#bytes[this.#length++] = code;
    }
  }

  #splice(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #eightBytes(value: number | bigint): void {
    this.#reserve(8);
    if (typeof value === 'bigint') this.#view.setBigUint64(this.#length, value, true);
    else this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  #varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** The length comes first and is known last: one byte is left for it, and where it needs more all moves up. */
  #delimited(write: () => void): void {
    this.#reserve(1);
    const start = ++this.#length;
    write();
    const end = this.#length;
    this.#length = start - 1;
    const length = end - start;
    const head = length < 128 ? 1 : Math.ceil((32 - Math.clz32(length)) / 7);
    this.#reserve(head + length);
    if (head > 1) this.#bytes.copyWithin(start - 1 + head, start, end);
    this.#varint(length);
    this.#length += length;
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#bytes.length) return;
    const longer = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + size));
    longer.set(this.#bytes);
    this.#bytes = longer;
    this.#view = new DataView(longer.buffer);
  }
}

/** Small numbers of either sign as small ones without: 0, −1, 1, −2 become 0, 1, 2, 3. */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}
