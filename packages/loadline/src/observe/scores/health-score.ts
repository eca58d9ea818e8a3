/** What is known of a service over some window; what is not known is left out. Ratios are from 0 to 1. */
export interface HealthReadings {
  readonly latencyMsP95?: number;
  readonly errorRatio?: number;
  /** The highest of CPU, memory, event loop and connection pools. */
  readonly saturationRatio?: number;
  readonly databaseMsP95?: number;
  readonly cacheHitRatio?: number;
  /** How content users are: Apdex, good page loads, or "fast" ratings, whichever is lowest. */
  readonly satisfiedRatio?: number;
}

/** One of the figures of which a score is made. */
export type HealthPart = keyof HealthReadings;

/** From which value on a part is perfect, from which it is worthless, and how much it counts. */
export interface HealthScale {
  readonly good: number;
  readonly bad: number;
  readonly weight: number;
}

/** How well a service is, and what that was made of; see `healthScore`. */
export interface HealthScore {
  /** 0 to 100; undefined where nothing is known. */
  readonly score: number | undefined;
  readonly parts: readonly { readonly part: HealthPart; readonly value: number; readonly score: number }[];
  /** Those of which nothing is known: the others count for more. */
  readonly missing: readonly HealthPart[];
  /** The part that held the score down to 20 above its own, where one did. */
  readonly heldDownBy: HealthPart | undefined;
}

/**
 * The targets and alarms of the built-in set: p95 of 200 ms and 2.5 s, errors of 0.1 % and 5 %, statements of 50 and
 * 500 ms, hits of 85 % and 50 %, 90 % and 50 % of content users, and saturation from where one scales to where queues
 * grow without end.
 */
export const healthScales: Readonly<Record<HealthPart, HealthScale>> = {
  latencyMsP95: { good: 200, bad: 2500, weight: 25 },
  errorRatio: { good: 0.001, bad: 0.05, weight: 25 },
  saturationRatio: { good: 0.7, bad: 0.95, weight: 20 },
  databaseMsP95: { good: 50, bad: 500, weight: 10 },
  cacheHitRatio: { good: 0.85, bad: 0.5, weight: 10 },
  satisfiedRatio: { good: 0.9, bad: 0.5, weight: 10 },
};

/** A mean would call a service well in which every second request fails. */
const feltAtOnce: readonly HealthPart[] = ['latencyMsP95', 'errorRatio', 'saturationRatio'];
const aboveWorstMax = 20;

/**
 * One number for how a service is. Each part scores 100 from `good` on, 0 from `bad` on, and in a straight line between;
 * the whole is their mean by weight, and at most 20 above the lowest of latency, errors and saturation. What is missing
 * has no weight, and is named. Pure.
 */
export function healthScore(
  readings: HealthReadings,
  scales: Readonly<Record<HealthPart, HealthScale>> = healthScales,
): HealthScore {
  const all = Object.keys(scales) as HealthPart[];
  const parts = all.flatMap((part) => {
    const value = readings[part];
    if (value === undefined || Number.isNaN(value)) return [];
    const { good, bad } = scales[part];
    return [{ part, value, score: 100 * Math.min(1, Math.max(0, (bad - value) / (bad - good))) }];
  });
  const known = new Set(parts.map(({ part }) => part));
  const missing = all.filter((part) => !known.has(part));
  if (parts.length === 0) return { score: undefined, parts, missing, heldDownBy: undefined };
  const weight = parts.reduce((sum, { part }) => sum + scales[part].weight, 0);
  const mean = parts.reduce((sum, { part, score }) => sum + score * scales[part].weight, 0) / weight;
  const felt = parts.filter(({ part }) => feltAtOnce.includes(part)).sort((a, b) => a.score - b.score);
  const limit = (felt[0]?.score ?? 100) + aboveWorstMax;
  const isHeld = limit < mean;
  return { score: isHeld ? limit : mean, parts, missing, heldDownBy: isHeld ? felt[0]?.part : undefined };
}
