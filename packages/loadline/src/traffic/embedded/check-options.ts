import { type Field, parse, show } from '../../base/index.ts';
import type { EjectionPolicy } from '../balance/ejection.ts';
import type { HealthCheckPolicy } from '../balance/health-check.ts';
import { balancePolicies } from '../balance/policy.ts';
import { optionsError } from '../options-error.ts';
import type { CacheOptions } from './cache/cache-options.ts';
import type { EmbeddedProxyOptions, ProxyLimits, RetryPolicy } from './options.ts';

/**
 * Refuses what would be no limit, or fail at the first request only: a limit of NaN is never reached, and one that is misspelt
 * is none.
 *
 * @throws LoadlineError TRAFFIC_OPTIONS_INVALID with every problem.
 */
export function checkProxyOptions(options: EmbeddedProxyOptions): void {
  const parsed = parse(options, checkOptions);
  if (!parsed.ok) throw optionsError('open a proxy', parsed.problems);
}

/** Notes what is wrong with an option that is there. */
type Check = (field: Field) => void;

const isAnything: Check = () => undefined;
const isText: Check = (field) => void field.string();
const isNotNegative = within({ atLeast: 0 });
const isOneAtLeast = within({ atLeast: 1 });
const isRatio = within({ atLeast: 0, atMost: 1 });
const isWholeOrNone: Check = (field) => {
  const { value } = field;
  if (value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && (value as number) >= 1)) return;
  field.problem(`must be a whole number of at least 1, or Infinity, got ${show(value)}`);
};

const checkOptions = each<EmbeddedProxyOptions>({
  clock: isAnything,
  random: isAnything,
  registry: isAnything,
  host: isText,
  port: (field) => void field.number({ atLeast: 0, atMost: 65_535, whole: true }),
  name: isText,
  policy: (field) => void field.oneOf(balancePolicies),
  zone: isText,
  trustsForwarded: (field) => void field.boolean(),
  slowStartMs: isNotNegative,
  panicRatio: isRatio,
  hedgeAfterMs: isNotNegative,
  deadlineMs: isNotNegative,
  healthCheck: each<HealthCheckPolicy>({
    kind: (field) => void field.oneOf(['http', 'tcp']),
    path: isTarget,
    intervalMs: isOneAtLeast,
    startIntervalMs: isOneAtLeast,
    timeoutMs: isOneAtLeast,
    up: isOneAtLeast,
    down: isOneAtLeast,
  }),
  ejection: each<EjectionPolicy>({
    failuresMax: isNotNegative,
    durationMs: isOneAtLeast,
    durationMsMax: isOneAtLeast,
    ejectedRatioMax: isRatio,
  }),
  retry: each<RetryPolicy>({
    attemptsMax: isOneAtLeast,
    budgetRatio: isNotNegative,
    budgetPerSecondMin: isNotNegative,
  }),
  limits: each<ProxyLimits>({
    connectionsMax: isNotNegative,
    headBytesMax: isOneAtLeast,
    fieldsMax: isOneAtLeast,
    bodyBytesMax: isNotNegative,
    headTimeoutMs: isNotNegative,
    clientStallMs: isNotNegative,
    bodyBytesPerSecondMin: isNotNegative,
    continueTimeoutMs: isNotNegative,
    idleTimeoutMs: isNotNegative,
    connectTimeoutMs: isNotNegative,
    responseTimeoutMs: isNotNegative,
    upstreamStallMs: isNotNegative,
    streamIdleMs: isNotNegative,
    upstreamIdleMs: isNotNegative,
    upstreamIdleMax: isNotNegative,
    upstreamRequestsMax: isWholeOrNone,
    queueTimeoutMs: isNotNegative,
  }),
  cache: each<CacheOptions>({
    bytesMax: isNotNegative,
    entryBytesMax: isNotNegative,
    waitersMax: isNotNegative,
  }),
});

/** A map in which nothing else is known. */
function each<Options>(checks: Readonly<Record<keyof Options & string, Check>>): Check {
  return (field) => {
    field.object(Object.keys(checks));
    for (const [name, check] of Object.entries<Check>(checks)) {
      const option = field.at(name);
      if (option.value !== undefined) check(option);
    }
  };
}

/** Infinity is a number here: it says that there is to be no limit. */
function within({ atLeast, atMost = Number.POSITIVE_INFINITY }: { atLeast: number; atMost?: number }): Check {
  const upTo = atMost === Number.POSITIVE_INFINITY ? '' : ` and at most ${atMost}`;
  return (field) => {
    const { value } = field;
    if (typeof value === 'number' && value >= atLeast && value <= atMost) return;
    field.problem(`must be a number of at least ${atLeast}${upTo}, got ${show(value)}`);
  };
}

function isTarget(field: Field): void {
  if (!/^\/[\x21-\x7e]*$/.test(String(field.value)))
    field.problem(`must be a path from /, without blanks, got ${show(field.value)}`);
}
