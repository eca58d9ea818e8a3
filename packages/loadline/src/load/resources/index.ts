/** What the target needs while it is under load, on the run's clock. */
export type { AskedResources, ResourceWatch, WatchResourcesOptions } from './watch-resources.ts';
export { watchResources } from './watch-resources.ts';
