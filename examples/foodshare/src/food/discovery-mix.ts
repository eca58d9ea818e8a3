import type { Random } from 'loadline/base';
import type { DiscoveryFilter } from './discover.ts';

/** Somebody at home. */
export interface Seeker {
  readonly userId: string;
  readonly latitude: number;
  readonly longitude: number;
}

const dayMs = 86_400_000;

/**
 * Draws what somebody looks for, as the benchmark has it: everybody within 5 km of home; 60 % nothing else, 20 %
 * also sharers with some reputation, 20 % also a window of a day within the week to come.
 *
 * @param nowMs the present, in milliseconds since the epoch.
 */
export function drawDiscovery(random: Random, seeker: Seeker, nowMs: number): DiscoveryFilter {
  const { userId, latitude, longitude } = seeker;
  const near = { userId, within: { latitude, longitude, radiusKm: 5 }, limit: 20 };
  const draw = random();
  if (draw < 0.6) return near;
  if (draw < 0.8) return { ...near, reputationMin: Math.floor(40 + random() * 50) };
  const fromMs = nowMs + Math.floor(random() * 5) * dayMs;
  return { ...near, pickupFrom: new Date(fromMs), pickupTo: new Date(fromMs + dayMs) };
}
