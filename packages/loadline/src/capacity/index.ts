/** Fits the scalability curve, sizes by queueing, forecasts demand. */
export { CapacityTable } from './capacity-table.ts';
export { erlangB, erlangC } from './erlang.ts';
export type {
  FittedScalability,
  NoScalability,
  Range,
  ScalabilityFit,
  ScalabilityPoint,
} from './fit-scalability.ts';
export { fitScalability } from './fit-scalability.ts';
export {
  createForecaster,
  type Forecaster,
  type ForecastOptions,
  type ForecastVerdict,
  type Foreseen,
} from './forecast/forecaster.ts';
export { RollingForecast, type RollingForecastOptions } from './forecast/rolling-forecast.ts';
export type { Series } from './forecast/series.ts';
export { loadOf, type Queue, responseExceeds, responseMsAt, waitingMsMean } from './queue.ts';
export type { Peak, ScalabilityLaw } from './scalability-law.ts';
export { ceilingOf, latencyMsAt, latencyMsWith, peakOf, throughputAt } from './scalability-law.ts';
export { rateWithin, type Sizing, type SizingAim, sizeInstances } from './size-instances.ts';
