import { hashText } from '../../base/index.ts';

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
  /** So many at most; with as many it is not to be chosen. During a slow start fewer than its own. */
  inFlightMax: number;
  /** How long it takes, as `peakLatency` has it; 0 while that is not known. */
  latencyMs: number;
  /** When that was so. */
  latencyAtMs: number;
  /** How far behind its share it is; kept by round robin. */
  credit: number;
}

/** A candidate that nobody has asked yet. */
export function newCandidate(id: string, weight: number): Candidate {
  const inFlightMax = Number.POSITIVE_INFINITY;
  return {
    id,
    idHash: hashText(id),
    weight,
    inFlight: 0,
    inFlightMax,
    latencyMs: 0,
    latencyAtMs: 0,
    credit: 0,
  };
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
