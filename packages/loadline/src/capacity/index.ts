/** Fits the scalability curve, forecasts demand, states headroom. */
export type {
  FittedScalability,
  NoScalability,
  Range,
  ScalabilityFit,
  ScalabilityPoint,
} from './fit-scalability.ts';
export { fitScalability } from './fit-scalability.ts';
export type { Peak, ScalabilityLaw } from './scalability-law.ts';
export { ceilingOf, latencyMsAt, latencyMsWith, peakOf, throughputAt } from './scalability-law.ts';
