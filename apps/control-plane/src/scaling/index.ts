/** Services of this machine, kept at the right size: what is wanted, what is there, and why. */
export { defaultPlan, secondGroupOf } from './candidate-words.ts';
export { scalingGateOf } from './flag-gate.ts';
export { observeScaling } from './observe-scaling.ts';
export type { NginxPlace } from './proxy-places.ts';
export type { ProxyView } from './proxy-view.ts';
export { openScaling, type Scaling } from './scaling.ts';
export { scalingHandlers } from './scaling-handlers.ts';
export { parseServices, type ServiceDescription } from './service-description.ts';
export { readServicesFile, type ServicesRead } from './services-file.ts';
export { createStoreScalingMemory } from './store-scaling-memory.ts';
export type { Notice } from './troubles.ts';
export { tellUnsetVariables } from './unset-variables.ts';
export { watchTroubles } from './watch-troubles.ts';
