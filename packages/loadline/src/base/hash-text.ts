/**
 * A whole number of 32 bits for a text, the same everywhere and always: to deal out and to place by, never to keep a secret. FNV-1a
 * and a last mixing, so that texts which differ in the last letter only lie far apart.
 */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mix(hash);
}

/** Spreads each bit of a number over all 32 (the finalizer of MurmurHash3, by Austin Appleby, in the public domain). */
export function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
