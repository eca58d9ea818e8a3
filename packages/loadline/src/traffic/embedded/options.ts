import type { Clock, Random } from '../../base/index.ts';
import type { Registry } from '../../metrics/index.ts';
import type { EjectionPolicy } from '../balance/ejection.ts';
import type { HealthCheckPolicy } from '../balance/health-check.ts';
import type { BalancePolicy } from '../balance/policy.ts';
import type { CacheOptions } from './cache/cache-options.ts';

/** How the embedded proxy works. All durations are milliseconds; what is left out has the default that stands beside it. */
export interface EmbeddedProxyOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** For `name`, reasons and metrics. Default `embedded`. */
  readonly name?: string;
  /** Default `round robin`. */
  readonly policy?: BalancePolicy;
  /** The proxy's own zone: upstreams of it are preferred. */
  readonly zone?: string;
  /** For how long a new upstream's share grows to its whole one; 0 for at once. Default 0. */
  readonly slowStartMs?: number;
  /** When fewer than this share of the upstreams are fit, all get requests. 0 to 1, default 0.5; 0 for never. */
  readonly panicRatio?: number;
  /** Asks upstreams whether they are well. Default: not asked, and taken as fit until requests fail. */
  readonly healthCheck?: Partial<HealthCheckPolicy>;
  /** Takes out for a while who fails requests; see `EjectionPolicy` for the defaults. */
  readonly ejection?: Partial<EjectionPolicy>;
  /** Repeats what got no answer, where that is safe; see `RetryPolicy` for the defaults. */
  readonly retry?: Partial<RetryPolicy>;
  /** Sends a GET to a second upstream when the first has not answered for so long. Default: never. */
  readonly hedgeAfterMs?: number;
  /** See `ProxyLimits` for the defaults. */
  readonly limits?: Partial<ProxyLimits>;
  /** How long a request has until its answer begins; then 504. Upstreams are told what is left. Default: no limit. */
  readonly deadlineMs?: number;
  /**
   * Whether `Forwarded`, `X-Forwarded-…` and the time that is left, `x-envoy-expected-rq-timeout-ms`, are believed of clients.
   * Default false: they are replaced.
   */
  readonly trustsForwarded?: boolean;
  /** Keeps answers by the rules of RFC 9111. Default: nothing is kept. */
  readonly cache?: CacheOptions;
  /** Takes the metrics `loadline_proxy_…`; nobody sees them by default. */
  readonly registry?: Registry;
}

/** What is sent again when a connection breaks; only what may be done twice is. */
export interface RetryPolicy {
  /** Attempts in all, the first included. Default 3. */
  readonly attemptsMax: number;
  /** Repetitions and hedges, as a share of the requests. Default 0.2. */
  readonly budgetRatio: number;
  /** So many a second are allowed however few requests there are. Default 10. */
  readonly budgetPerSecondMin: number;
}

/** What a proxy bears of clients and of upstreams. */
export interface ProxyLimits {
  /** Of clients at once; further ones get 503. Default 10,000. */
  readonly connectionsMax: number;
  /** Of a request's or an answer's head, or trailer. Default 16 KiB. */
  readonly headBytesMax: number;
  /** Lines of a head. Default 100. */
  readonly fieldsMax: number;
  /** Of a request's body; longer ones get 413. Default: any. */
  readonly bodyBytesMax: number;
  /** Until a head has come whole; else 408. Default 10,000. */
  readonly headTimeoutMs: number;
  /** How long a client may send nothing of a body, else 408, or take nothing of an answer. Default 10,000. */
  readonly clientStallMs: number;
  /** What it must send of a body on average, after the first `clientStallMs`; else 408. Default 100. */
  readonly bodyBytesPerSecondMin: number;
  /** How long an upstream may leave a client waiting that wants to be told, by 100, that it may send its body; then the proxy tells it. Default 1,000. */
  readonly continueTimeoutMs: number;
  /** How long an idle client's connection is kept. Default 60,000. */
  readonly idleTimeoutMs: number;
  /** To open a connection to an upstream. Default 2,000. */
  readonly connectTimeoutMs: number;
  /** From the end of a request to the head of its answer; else 504. Default 30,000, or `deadlineMs` where that is longer. */
  readonly responseTimeoutMs: number;
  /** How long an upstream may send nothing of an answer, or take nothing of a request. Default 60,000. */
  readonly upstreamStallMs: number;
  /** The same for WebSockets and server-sent events. Default an hour. */
  readonly streamIdleMs: number;
  /** How long an idle connection to an upstream is kept; less where it says so itself. Default 4,000, below Node.js' own 5,000. */
  readonly upstreamIdleMs: number;
  /** Idle connections kept for each upstream. Default 256. */
  readonly upstreamIdleMax: number;
  /**
   * Requests that each upstream is busy with at once, WebSockets and streams included; further ones wait in a line, first come
   * first served, until one of the upstreams has room. Default: any.
   */
  readonly upstreamRequestsMax: number;
  /** How long a request waits in that line; then 503. Default 5,000. */
  readonly queueTimeoutMs: number;
}

export const defaultRetry: RetryPolicy = { attemptsMax: 3, budgetRatio: 0.2, budgetPerSecondMin: 10 };

/** The limits, complete. */
export function completeLimits({
  limits,
  deadlineMs,
}: Pick<EmbeddedProxyOptions, 'limits' | 'deadlineMs'>): ProxyLimits {
  // Whoever says how long a request has means all of it; and upstreams are told that they have it.
  const saidMs = deadlineMs === Number.POSITIVE_INFINITY ? 0 : (deadlineMs ?? 0);
  const responseTimeoutMs = Math.max(defaultLimits.responseTimeoutMs, saidMs);
  return { ...defaultLimits, responseTimeoutMs, ...limits };
}

const defaultLimits: ProxyLimits = {
  connectionsMax: 10_000,
  headBytesMax: 16 * 1024,
  fieldsMax: 100,
  bodyBytesMax: Number.POSITIVE_INFINITY,
  headTimeoutMs: 10_000,
  clientStallMs: 10_000,
  bodyBytesPerSecondMin: 100,
  continueTimeoutMs: 1000,
  idleTimeoutMs: 60_000,
  connectTimeoutMs: 2000,
  responseTimeoutMs: 30_000,
  upstreamStallMs: 60_000,
  streamIdleMs: 3_600_000,
  upstreamIdleMs: 4000,
  upstreamIdleMax: 256,
  upstreamRequestsMax: Number.POSITIVE_INFINITY,
  queueTimeoutMs: 5000,
};
