import type { Registry } from 'loadline/metrics';
import { createConcurrencyLimiter, type Priority } from 'loadline/resilience';
import { createAdmission, createSharedRateLimit, type Gated, type GateRequest } from 'loadline/traffic';
import type { Valkey } from 'loadline/valkey';

/** Whom an instance lets in. */
export interface AdmissionRules {
  /** Requests a second that one user may make on average, of all instances together; twice as many at once. */
  readonly userRatePerSecond: number;
}

/** How many may wait a moment for their turn. */
const queueMax = 100;

/**
 * Says 429 to a user who asks too often, and 503 where there is more than the instance can work on. While Valkey is away each
 * instance counts for itself, and nobody waits for it. Without rules it says neither. To a request whose time is over it says
 * 504 in any case, and knows of the others how much they have left.
 */
export function createFoodAdmission(
  rules: AdmissionRules | undefined,
  { valkey, registry }: { readonly valkey: Valkey; readonly registry: Registry },
): Gated {
  if (rules === undefined) return createAdmission({ registry });
  const { userRatePerSecond } = rules;
  const limiter = createSharedRateLimit({
    valkey,
    name: 'foodshare',
    ratePerSecond: userRatePerSecond,
    burst: Math.max(1, userRatePerSecond * 2),
    instances: () => 1,
  });
  return createAdmission({
    registry,
    // The token as it comes, which is the user's own: whether it is good is found out behind this.
    rates: [{ name: 'by-user', keyOf: (request) => request.header('authorization'), limiter }],
    limiter: createConcurrencyLimiter({ queueMax }),
    priorityOf,
  });
}

/** Who is about to pick something up comes first; what can be looked at later makes room. */
export function priorityOf({ method, path }: Pick<GateRequest, 'method' | 'path'>): Priority {
  if (method === 'POST' && /^\/api\/(?:food\/[^/]+\/(?:claim|complete)|credits\/transfer)$/.test(path))
    return 'critical';
  return /^\/api\/(?:rankings|groups\/)/.test(path) ? 'low' : 'normal';
}
