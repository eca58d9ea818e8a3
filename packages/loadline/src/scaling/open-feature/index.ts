/** Flags by OpenFeature: our sources as its provider, and any provider's flags as a gate. */
export { createFlagProvider } from './flag-provider.ts';
export { type OpenFeatureGate, type OpenFeatureGateOptions, openFeatureGate } from './open-feature-gate.ts';
