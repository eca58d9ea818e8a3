/** Lets KEDA scale by what a scaler decides: its external scaler over gRPC. */
export { type KedaScaler, type KedaScalerOptions, type KedaTls, startKedaScaler } from './external-scaler.ts';
export { createKedaDriver, type KedaDriver, type KedaDriverOptions } from './keda-driver.ts';
export type { KedaReading, KedaSource } from './keda-source.ts';
export type { KedaMetric } from './messages.ts';
