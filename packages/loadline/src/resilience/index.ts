/** Keeps one call from hurting the rest: time limits, retries with budgets, breakers, bulkheads, limiters. */
export type { BulkheadLimits } from './bulkhead.ts';
export type { BreakerLimits, CircuitChange, CircuitState } from './circuit-breaker.ts';
export { type Deadline, type OwnDeadline, startDeadline } from './deadline.ts';
export {
  deadlineHeader,
  deadlineHeaders,
  readDeadlineHeader,
  writeDeadlineHeader,
} from './deadline-header.ts';
export { resilienceError, resilienceErrorTable } from './errors.ts';
export type { AdaptiveLimits } from './limit/adaptive-limit.ts';
export {
  type ConcurrencyLimiter,
  createConcurrencyLimiter,
  type Place,
} from './limit/concurrency-limiter.ts';
export type { LimiterOptions } from './limit/limiter-options.ts';
export {
  checkRate,
  createLocalRateLimit,
  type LocalRateLimit,
  type Rate,
  type RateLimiter,
  type RateVerdict,
} from './limit/rate-limit.ts';
export type { Priority } from './limit/waiting-line.ts';
export { createRetryBudget, type RetryOptions } from './options.ts';
export { type CallOptions, type Protection, type ProtectionOptions, protect } from './protect.ts';
export { type BudgetLimits, RetryBudget, type RetryLimits } from './retry.ts';
export { type Observed, observeProtections, type ProtectionUsage } from './usage.ts';
