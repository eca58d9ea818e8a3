/** Fits the scalability curve, forecasts demand, states headroom. */
export { erlangB, erlangC } from './erlang.ts';
export type {
  FittedScalability,
  NoScalability,
  Range,
  ScalabilityFit,
  ScalabilityPoint,
} from './fit-scalability.ts';
export { fitScalability } from './fit-scalability.ts';
export { loadOf, type Queue, responseExceeds, responseMsAt, waitingMsMean } from './queue.ts';
export type { Peak, ScalabilityLaw } from './scalability-law.ts';
export { ceilingOf, latencyMsAt, latencyMsWith, peakOf, throughputAt } from './scalability-law.ts';
export { rateWithin, type Sizing, type SizingAim, sizeInstances } from './size-instances.ts';
