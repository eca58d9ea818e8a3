import { Problem } from '../../problems/index.ts';

/**
 * Snappy's block format (https://github.com/google/snappy/blob/main/format_description.txt): how long it is, then literals and
 * copies of what came before.
 *
 *     tag ……00 literal   ……01 copy, offset of 11 bits   ……10 of 16   ……11 of 32
 *
 * Our own, because a stranger chooses the bytes: the decoder of `snappyjs` takes a length of 2^31 and more for a negative one,
 * goes backwards, and never ends. Here nothing is reserved before the length that is declared was judged, and each step goes forward.
 *
 * @throws CONTROL_PLANE_BODY_TOO_LARGE, CONTROL_PLANE_BODY_MALFORMED
 */
export function uncompressBlock(block: Uint8Array, bytesMax: number): Uint8Array {
  const { length, start } = readLength(block);
  if (length > bytesMax) {
    const detail = `The body is ${length} bytes once it is unpacked; ${bytesMax} are the most.`;
    throw new Problem('CONTROL_PLANE_BODY_TOO_LARGE', detail);
  }
  // No element gives more than 64 bytes, and none of those takes less than three.
  if (length > Math.ceil((block.length * 64) / 3)) throw malformed();
  const unpacked = new Uint8Array(length);
  let at = start;
  let end = 0;
  while (at < block.length) {
    const tag = block[at++] as number;
    const kind = tag & 3;
    if (kind === 0) {
      const sizeBytes = Math.max(0, (tag >>> 2) - 59);
      const size = (sizeBytes === 0 ? tag >>> 2 : littleEndian(block, at, sizeBytes)) + 1;
      at += sizeBytes;
      if (at + size > block.length || end + size > length) throw malformed();
      unpacked.set(block.subarray(at, at + size), end);
      at += size;
      end += size;
    } else {
      const offsetBytes = kind === 3 ? 4 : kind;
      const size = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
      const offset = littleEndian(block, at, offsetBytes) + (kind === 1 ? (tag >>> 5) * 256 : 0);
      at += offsetBytes;
      if (offset === 0 || offset > end || end + size > length) throw malformed();
      // Byte by byte where it reads what it writes: that is how a run is said.
      if (offset >= size) unpacked.copyWithin(end, end - offset, end - offset + size);
      else for (let to = end; to < end + size; to++) unpacked[to] = unpacked[to - offset] as number;
      end += size;
    }
  }
  if (end !== length) throw malformed();
  return unpacked;
}

/** A varint of at most 32 bits. */
function readLength(block: Uint8Array): { readonly length: number; readonly start: number } {
  let length = 0;
  for (let at = 0; at < Math.min(5, block.length); at++) {
    const byte = block[at] as number;
    length += (byte & 127) * 2 ** (7 * at);
    if (byte >= 128) continue;
    if (length >= 2 ** 32) break;
    return { length, start: at + 1 };
  }
  throw malformed();
}

/** Without a sign, which a shift of 32 bits would give. */
function littleEndian(block: Uint8Array, at: number, bytes: number): number {
  if (at + bytes > block.length) throw malformed();
  let value = 0;
  for (let place = bytes - 1; place >= 0; place--) value = value * 256 + (block[at + place] as number);
  return value;
}

function malformed(): Problem {
  return new Problem('CONTROL_PLANE_BODY_MALFORMED', 'The body is no block of Snappy.');
}
