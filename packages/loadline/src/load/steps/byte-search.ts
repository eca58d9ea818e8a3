/** A stretch of bytes, from `from` to before `to`. */
export interface BytesPlace {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

/**
 * Prepares the search for some bytes (Horspool, 1980): where the last byte of a window does not fit, the window moves
 * on by as much as is safe, so that most bytes are never looked at. In an answer of some hundred bytes that is done
 * before the call of the native search has begun.
 */
export function prepareSearch(wanted: Uint8Array): (place: BytesPlace) => boolean {
  const { length } = wanted;
  if (length === 0) return () => true;
  const last = wanted[length - 1];
  const moves = new Int32Array(256).fill(length);
  for (let index = 0; index < length - 1; index++) moves[wanted[index] as number] = length - 1 - index;
  return ({ bytes, from, to }) => {
    if (to - from > nativeFromBytes) return bytes.subarray(from, to).includes(wanted);
    let end = from + length - 1;
    while (end < to) {
      const byte = bytes[end] as number;
      if (byte === last && matches(bytes, end - length + 1, wanted)) return true;
      end += moves[byte] as number;
    }
    return false;
  };
}

function matches(bytes: Buffer, from: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index++) if (bytes[from + index] !== wanted[index]) return false;
  return true;
}

/** In a long text the native search catches up. */
const nativeFromBytes = 4096;
