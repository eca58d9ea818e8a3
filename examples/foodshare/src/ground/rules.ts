/** The numbers of the domain, in one place; the generator and the service go by the same. */

/** What everybody starts with, in credits. */
export const openingBalance = 20;

/** What a claim costs; it is held until the exchange ends. */
export const creditsPerClaim = 1;

/** What a completed exchange adds to the sharer's score, which ends at 100. */
export const pointsPerExchange = 0.5;

/** What a rating adds to the rated person's score for every star above three, and takes for every star below. */
export const pointsPerStar = 0.25;

export const trustLevelMax = 5;

/** The trust level that a score earns: a step for every 20 points, as the generated columns of the schema have it. */
export function trustLevelOf(score: number): number {
  return Math.min(trustLevelMax, 1 + Math.floor(score / 20));
}
