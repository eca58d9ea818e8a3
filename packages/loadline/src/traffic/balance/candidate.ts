/**
 * An upstream as a policy sees it: numbers. All that a policy remembers stands here, so that the same candidates
 * give the same choice, and whoever joins or leaves changes nothing for the others. They are changed in place: a
 * choice is made tens of thousands of times a second.
 */
export interface Candidate {
  readonly id: string;
  /** Of the id, for policies that place by it. */
  readonly idHash: number;
  /** Its share beside others; above 0. During a slow start less than its own. */
  weight: number;
  /** Requests that it is busy with. */
  inFlight: number;
  /** How long it takes, as `peakLatency` has it; 0 while that is not known. */
  latencyMs: number;
  /** When that was so. */
  latencyAtMs: number;
  /** How far behind its share it is; kept by round robin. */
  credit: number;
}

/** A candidate that nobody has asked yet. */
export function newCandidate(id: string, weight: number): Candidate {
  return { id, idHash: hashText(id), weight, inFlight: 0, latencyMs: 0, latencyAtMs: 0, credit: 0 };
}

/** What a choice depends on besides the candidates. */
export interface Asked {
  /** What the address hash goes by: mostly the client's address. */
  readonly key: string;
  readonly nowMs: number;
  /** From 0 to 1, without 1. */
  readonly random: () => number;
}

/** Chooses one of at least one candidate. */
export type Picker = (candidates: readonly Candidate[], asked: Asked) => Candidate;

/** FNV-1a and a last mixing, so that texts which differ in the last letter only lie far apart. */
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
