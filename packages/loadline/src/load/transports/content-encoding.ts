import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { formatBytes } from '../../base/index.ts';

/** A body as it was before its content encodings, or why it cannot be had. */
export type DecodedContent =
  | { readonly bytes: Buffer }
  | {
      readonly kind: 'malformed' | 'too large';
      /** Completes the sentence "the target sent …". */
      readonly problem: string;
    };

/**
 * Undoes the encodings of a `content-encoding` header (RFC 9110, section 8.4), the last one first. What
 * would unfold to more than `bytesMax` is refused: a few kilobytes may hold gigabytes of zeros.
 */
export function decodeContent(encoded: Buffer, header: string, bytesMax: number): DecodedContent {
  let bytes = encoded;
  const encodings = header
    .toLowerCase()
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '' && each !== 'identity');
  if (encodings.length > encodingsMax)
    return { kind: 'malformed', problem: `a body in ${encodings.length} encodings, one within the other` };
  for (const encoding of encodings.reverse()) {
    const decode = decoders[encoding];
    if (decode === undefined) return { kind: 'malformed', problem: `a body in an unknown encoding` };
    try {
      bytes = decode(bytes, { maxOutputLength: bytesMax });
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
        ? { kind: 'too large', problem: `a body that unfolds to over ${formatBytes(bytesMax)}` }
        : { kind: 'malformed', problem: `a body that is no ${encoding}` };
    }
  }
  return { bytes };
}

/** As in other clients: each of them may unfold to the limit again, which takes its time. */
const encodingsMax = 5;

type Decode = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Buffer;

const decoders: Readonly<Record<string, Decode>> = {
  __proto__: null as never,
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflateAny,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
};

/** `deflate` is a zlib stream, but some servers send the bare one (RFC 9110, section 8.4.1.2). */
function inflateAny(bytes: Buffer, options: { readonly maxOutputLength: number }): Buffer {
  const isZlib = ((bytes[0] ?? 0) & 0x0f) === 8 && (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) % 31 === 0;
  return isZlib ? inflateSync(bytes, options) : inflateRawSync(bytes, options);
}
