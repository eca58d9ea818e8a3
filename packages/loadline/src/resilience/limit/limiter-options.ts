import { type Clock, ended, formatPath, parse } from '../../base/index.ts';
import { resilienceError } from '../errors.ts';
import type { AdaptiveLimits } from './adaptive-limit.ts';

/** How many requests may be under way. */
export interface LimiterOptions extends Partial<AdaptiveLimits> {
  /** Where the search begins. Default 20. */
  readonly limitFirst?: number;
  /** How many may wait for a place, 0 to 10,000. Default 0: who finds none is refused at once. */
  readonly queueMax?: number;
  /** How long each may wait, in milliseconds; kept to within about 12 ms, never sooner. Default 50. */
  readonly queueTimeoutMs?: number;
  /** Default: this machine's. */
  readonly clock?: Clock;
}

/** The options, complete. */
export interface ParsedLimiter extends AdaptiveLimits {
  readonly limitFirst: number;
  readonly queueMax: number;
  readonly queueTimeoutMs: number;
}

/** @throws LoadlineError RESILIENCE_OPTIONS_INVALID with every problem. */
export function parseLimiter(input: LimiterOptions): ParsedLimiter {
  const parsed = parse(input, (root) => {
    const options = root.object([
      'limitMin',
      'limitMax',
      'tolerance',
      'measureEveryMs',
      'limitFirst',
      'queueMax',
      'queueTimeoutMs',
      'clock',
    ]);
    const limitMin = options.optional('limitMin')?.number({ atLeast: 1, whole: true }) ?? 4;
    const limitMax = options.optional('limitMax')?.number({ atLeast: limitMin, whole: true }) ?? 1000;
    return {
      limitMin,
      limitMax,
      tolerance: options.optional('tolerance')?.number({ above: 1, atMost: 10 }) ?? 1.5,
      measureEveryMs: options.optional('measureEveryMs')?.number({ atLeast: 1000 }) ?? 30_000,
      limitFirst:
        options.optional('limitFirst')?.number({ atLeast: limitMin, atMost: limitMax }) ??
        Math.min(limitMax, Math.max(limitMin, 20)),
      queueMax: options.optional('queueMax')?.number({ atLeast: 0, atMost: 10_000, whole: true }) ?? 0,
      queueTimeoutMs: options.optional('queueTimeoutMs')?.number({ above: 0, atMost: 60_000 }) ?? 50,
    };
  });
  if (parsed.ok) return parsed.value;
  const found = parsed.problems.map(({ path, message }) => `${formatPath(path)} ${message}`);
  throw resilienceError('RESILIENCE_OPTIONS_INVALID', ended(`Cannot limit requests: ${found.join('; ')}`), {
    facts: { problems: parsed.problems },
  });
}
