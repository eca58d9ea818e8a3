/** New builds of services: brought into their traffic by shares, judged, promoted or taken back. */
export { createNewcomerWeights, type NewcomerWeights, type SplitPool } from './build-split.ts';
export { type Builds, openBuilds } from './builds.ts';
export { observeRollouts } from './observe-rollouts.ts';
export { rolloutHandlers } from './rollout-handlers.ts';
export { rolloutTurnOf } from './rollout-views.ts';
export { createServiceDriver, runningInstances } from './service-driver.ts';
export { openServiceRollouts, type ServiceRollouts } from './service-rollouts.ts';
