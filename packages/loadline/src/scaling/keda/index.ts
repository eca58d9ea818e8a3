/** Lets KEDA scale by what a scaler decides: its external scaler over gRPC. */
export { startKedaScaler } from './external-scaler.ts';
export { createKedaDriver, type KedaDriver, type KedaDriverOptions } from './keda-driver.ts';
export type { KedaReading, KedaSource } from './keda-source.ts';
export type { KedaMetric } from './messages.ts';
export type { KedaScaler, KedaScalerOptions, KedaTls } from './options.ts';
