/** One field of a protocol buffer: bytes for texts and messages, else a number. */
export interface WireField {
  readonly number: number;
  readonly value: Uint8Array | number;
}

/**
 * The fields of a message, in the order in which they stand there; https://protobuf.dev/programming-guides/encoding. Those
 * that nobody asks for are read over, as the format wants it.
 *
 * @throws RangeError where the bytes are none.
 */
export function fieldsOf(bytes: Uint8Array): readonly WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new RangeError('a number has no end');
  };
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw new RangeError('a field is longer than its message');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    if (number === 0) throw new RangeError('a field has no number');
    switch (tag % 8) {
      case 0:
        fields.push({ number, value: varint() });
        break;
      case 1:
        fields.push({ number, value: take(8) });
        break;
      case 2:
        fields.push({ number, value: take(varint()) });
        break;
      case 5:
        fields.push({ number, value: take(4) });
        break;
      default:
        throw new RangeError(`a field has the type ${tag % 8}, which is none`);
    }
  }
  return fields;
}

/** The text of a field; empty where it is absent. The last one counts where it stands there twice. */
export function textOf(fields: readonly WireField[], number: number): string {
  const found = fields.findLast((field) => field.number === number && field.value instanceof Uint8Array);
  return found === undefined ? '' : decoder.decode(found.value as Uint8Array);
}

const decoder = new TextDecoder();
