/** An example service: people share food with the groups they belong to. */
export type { DiscoveryFilter, FoundFood, FoundPage } from './food/discover.ts';
export { findFood } from './food/discover.ts';
export type { Seeker } from './food/discovery-mix.ts';
export { drawDiscovery } from './food/discovery-mix.ts';
export type { DiscoveryPlan } from './food/discovery-plan.ts';
export { discoveryIndex, explainDiscovery } from './food/discovery-plan.ts';
export type { Foodshare, FoodshareOptions, InstanceObserver } from './foodshare.ts';
export { startFoodshare } from './foodshare.ts';
export type { PeopleOptions } from './generate/people.ts';
export { writePeople } from './generate/people.ts';
export type { PreparedFoodshare, PrepareOptions } from './generate/prepare.ts';
export { prepareFoodshare } from './generate/prepare.ts';
export { foodshareErrorTable } from './ground/errors.ts';
export type { TokenOptions } from './ground/tokens.ts';
export { issueToken } from './ground/tokens.ts';
