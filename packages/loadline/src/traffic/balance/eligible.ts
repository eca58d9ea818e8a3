import type { Candidate } from './candidate.ts';

/** An upstream as it comes into question, or not. */
export interface Member {
  readonly candidate: Candidate;
  readonly zone: string | undefined;
  /** Whether its checks and its requests speak for it. */
  readonly isFit: boolean;
}

/** Who may be chosen from. */
export interface Eligible {
  /** Those of the own zone, or all where zones do not matter. */
  readonly near: readonly Candidate[];
  /** Those elsewhere, for what is too much for the own zone. */
  readonly far: readonly Candidate[];
  /** The share of requests that stays near, 0 to 1. */
  readonly nearRatio: number;
  /** Whether so few are fit that all get requests. */
  readonly isPanic: boolean;
}

/**
 * Decides who may be sent requests. Pure.
 *
 * When fewer than `panicRatio` are fit, all get requests, as if they were fit: what fails then is mostly the
 * judgement, or something behind all of them, and the few that are left would be overrun by the load of all.
 *
 * The own zone gets everything while it can carry its part: with 30 % of its weight gone it still does, beyond that
 * the missing part goes to the other zones. One whose zone nobody told belongs to each.
 */
export function eligibleOf(
  members: readonly Member[],
  { zone, panicRatio }: { readonly zone: string | undefined; readonly panicRatio: number },
): Eligible {
  const fit = members.filter(({ isFit }) => isFit);
  const isPanic = fit.length < members.length * panicRatio;
  const chosen = isPanic ? members : fit;
  const all = candidatesOf(chosen);
  if (zone === undefined) return { near: all, far: [], nearRatio: 1, isPanic };
  const isOwn = (member: Member): boolean => member.zone === undefined || member.zone === zone;
  const near = candidatesOf(chosen.filter(isOwn));
  if (near.length === 0) return { near: all, far: [], nearRatio: 1, isPanic };
  const far = candidatesOf(chosen.filter((member) => !isOwn(member)));
  if (far.length === 0 || isPanic) return { near: isPanic ? all : near, far: [], nearRatio: 1, isPanic };
  const ownWeight = weightOf(candidatesOf(members.filter(isOwn)));
  const nearRatio = Math.min(1, (weightOf(near) / ownWeight) * spareCapacity);
  return { near, far, nearRatio, isPanic };
}

/** What a zone is taken to be able to carry beyond its part. */
const spareCapacity = 1.4;

function candidatesOf(members: readonly Member[]): Candidate[] {
  return members.map(({ candidate }) => candidate);
}

function weightOf(candidates: readonly Candidate[]): number {
  return candidates.reduce((sum, { weight }) => sum + weight, 0);
}
