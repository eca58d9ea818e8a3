/** What is measured: now, and over time. */
export { metricsHandlers } from './metrics-handlers.ts';
export { apdexTargetMsDefault, servicesNow } from './services-now.ts';
