import { type Field, parse, show } from '../../base/index.ts';
import { balancePolicies } from '../balance/policy.ts';
import { optionsError } from '../options-error.ts';
import type { EmbeddedProxyOptions } from './options.ts';

/**
 * Refuses what would be no limit, or fail at the first request only: a limit of NaN is never reached.
 *
 * @throws LoadlineError TRAFFIC_OPTIONS_INVALID with every problem.
 */
export function checkProxyOptions(options: EmbeddedProxyOptions): void {
  const parsed = parse(options, (root) => {
    if (options.policy !== undefined) root.at('policy').oneOf(balancePolicies);
    checkProbes(root.at('healthCheck'));
    for (const [name, bounds] of Object.entries(own)) check(root.at(name), bounds);
    for (const [group, names] of Object.entries(groups))
      for (const [name, bounds] of Object.entries(names)) check(root.at(group).at(name), bounds);
  });
  if (!parsed.ok) throw optionsError('open a proxy', parsed.problems);
}

/** Infinity is a number here: it says that there is to be no limit. */
interface Bounds {
  readonly atLeast: number;
  readonly atMost?: number;
}

const notNegative: Bounds = { atLeast: 0 };
const oneAtLeast: Bounds = { atLeast: 1 };
const ratio: Bounds = { atLeast: 0, atMost: 1 };

const own: Readonly<Record<string, Bounds>> = {
  slowStartMs: notNegative,
  panicRatio: ratio,
  hedgeAfterMs: notNegative,
  deadlineMs: notNegative,
};

const groups: Readonly<Record<string, Readonly<Record<string, Bounds>>>> = {
  healthCheck: {
    intervalMs: oneAtLeast,
    startIntervalMs: oneAtLeast,
    timeoutMs: oneAtLeast,
    up: oneAtLeast,
    down: oneAtLeast,
  },
  ejection: {
    failuresMax: notNegative,
    durationMs: oneAtLeast,
    durationMsMax: oneAtLeast,
    ejectedRatioMax: ratio,
  },
  retry: { attemptsMax: oneAtLeast, budgetRatio: notNegative, budgetPerSecondMin: notNegative },
  limits: {
    connectionsMax: notNegative,
    headBytesMax: oneAtLeast,
    fieldsMax: oneAtLeast,
    bodyBytesMax: notNegative,
    headTimeoutMs: notNegative,
    clientStallMs: notNegative,
    bodyBytesPerSecondMin: notNegative,
    continueTimeoutMs: notNegative,
    idleTimeoutMs: notNegative,
    connectTimeoutMs: notNegative,
    responseTimeoutMs: notNegative,
    upstreamStallMs: notNegative,
    streamIdleMs: notNegative,
    upstreamIdleMs: notNegative,
    upstreamIdleMax: notNegative,
  },
  cache: { bytesMax: notNegative, entryBytesMax: notNegative, waitersMax: notNegative },
};

function checkProbes(healthCheck: Field): void {
  const kind = healthCheck.at('kind');
  if (kind.value !== undefined) kind.oneOf(['http', 'tcp']);
  const path = healthCheck.at('path');
  if (path.value !== undefined && !/^\/[\x21-\x7e]*$/.test(String(path.value)))
    path.problem(`must be a path from /, without blanks, got ${show(path.value)}`);
}

function check(field: Field, { atLeast, atMost = Number.POSITIVE_INFINITY }: Bounds): void {
  const { value } = field;
  if (value === undefined || (typeof value === 'number' && value >= atLeast && value <= atMost)) return;
  const upTo = atMost === Number.POSITIVE_INFINITY ? '' : ` and at most ${atMost}`;
  field.problem(`must be a number of at least ${atLeast}${upTo}, got ${show(value)}`);
}
