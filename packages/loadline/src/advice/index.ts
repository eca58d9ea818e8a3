/** Findings in, ranked recommendations out, each with evidence and a before and after. */
export { type Advice, advise } from './advise.ts';
export { type HeapPoint, judgeLeak, type LeakVerdict } from './judge-leak.ts';
export { connectionsFor, instancesFor } from './models.ts';
export type { Expected, Level, Recommendation } from './recommendation.ts';
export { type LoadTestSeen, reviewLoadTest } from './review-load-test.ts';
export { type FunctionSeen, type ProfileSeen, reviewProfile } from './review-profile.ts';
export {
  type CacheSeen,
  type EndpointSeen,
  type PoolSeen,
  reviewService,
  type ServiceSeen,
} from './review-service.ts';
