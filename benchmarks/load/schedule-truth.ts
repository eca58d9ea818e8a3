/**
 * What an even schedule should have given, from what a server saw. The schedule's phase is not known to the
 * server: it is the median of how far each arrival lies behind its place. Pure.
 */
import type { Stamps } from './stamping-server.ts';

/** How far each arrival lay from its place in the schedule, in the schedule's order. */
export function deviationsMs(arrivedMs: Float64Array, perSecond: number): Float64Array {
  const places = arrivedMs.map((_, place) => place);
  const behind = behindMs(arrivedMs.toSorted(), places, perSecond);
  const phaseMs = quantileOf(behind, 0.5);
  return behind.map((each) => Math.abs(each - phaseMs));
}

/** How long each request took from when it was due to its answer. */
export function latenciesMs({ places, arrivedMs, answeredMs }: Stamps, perSecond: number): Float64Array {
  const phaseMs = quantileOf(behindMs(arrivedMs, places, perSecond), 0.5);
  return behindMs(answeredMs, places, perSecond).map((each) => each - phaseMs);
}

/** The smallest value that is not exceeded by a share of `q` of them; NaN of none. */
export function quantileOf(values: Float64Array, q: number): number {
  const sorted = values.toSorted();
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

function behindMs(timesMs: Float64Array, places: Float64Array, perSecond: number): Float64Array {
  return timesMs.map((timeMs, at) => timeMs - ((places[at] ?? 0) * 1000) / perSecond);
}
