import { ended, type Field, formatPath, type Problem, parse, show } from '../base/index.ts';
import type { BulkheadLimits } from './bulkhead.ts';
import type { BreakerLimits } from './circuit-breaker.ts';
import { resilienceError } from './errors.ts';
import { type BudgetLimits, RetryBudget, type RetryLimits } from './retry.ts';

/** How to repeat what failed. */
export interface RetryOptions extends Partial<RetryLimits> {
  /** Whether a call that failed so may be made again: what reads, or changes nothing the second time. There is no default. */
  readonly isSafe: (error: unknown) => boolean;
  /** Shared with other calls to the same server, or one of its own: one in ten calls, and one a second besides. */
  readonly budget?: RetryBudget;
}

/** The options, complete. */
export interface ParsedProtection {
  readonly timeLimitMs: number;
  readonly budgetMs: number;
  readonly breaker: BreakerLimits | undefined;
  readonly bulkhead: BulkheadLimits | undefined;
  readonly retry: (RetryLimits & Required<Pick<RetryOptions, 'isSafe' | 'budget'>>) | undefined;
}

const optionNames = [
  'timeLimitMs',
  'budgetMs',
  'breaker',
  'bulkhead',
  'retry',
  'isFailure',
  'onCircuitChange',
  'clock',
  'random',
] as const;

/** @throws LoadlineError RESILIENCE_OPTIONS_INVALID with every problem. */
export function parseProtection(input: unknown): ParsedProtection {
  const parsed = parse(input, (root): ParsedProtection => {
    const options = root.object(optionNames);
    for (const name of ['isFailure', 'onCircuitChange'] as const) readFunction(options.optional(name));
    const breaker = options.optional('breaker');
    const bulkhead = options.optional('bulkhead');
    const retry = options.optional('retry');
    return {
      timeLimitMs: options.optional('timeLimitMs')?.number({ above: 0 }) ?? Number.POSITIVE_INFINITY,
      budgetMs: options.optional('budgetMs')?.number({ above: 0 }) ?? Number.POSITIVE_INFINITY,
      breaker: breaker === undefined ? undefined : readBreaker(breaker),
      bulkhead: bulkhead === undefined ? undefined : readBulkhead(bulkhead),
      retry: retry === undefined ? undefined : readRetry(retry),
    };
  });
  if (parsed.ok) return parsed.value;
  throw invalid('protect calls', parsed.problems);
}

function invalid(attempt: string, problems: readonly Problem[]): Error {
  const found = problems.map(({ path, message }) => `${formatPath(path)} ${message}`);
  return resilienceError('RESILIENCE_OPTIONS_INVALID', ended(`Cannot ${attempt}: ${found.join('; ')}`), {
    facts: { problems },
  });
}

function readBreaker(field: Field): BreakerLimits {
  const limits = field.object([
    'windowMs',
    'callsMin',
    'failureRatio',
    'slowMs',
    'slowRatio',
    'openMs',
    'openMsMax',
    'probesNeeded',
  ]);
  const openMs = limits.optional('openMs')?.number({ above: 0 }) ?? 1000;
  return {
    windowMs: limits.optional('windowMs')?.number({ atLeast: 100 }) ?? 10_000,
    callsMin: limits.optional('callsMin')?.number({ atLeast: 1, whole: true }) ?? 20,
    failureRatio: limits.optional('failureRatio')?.number({ above: 0, atMost: 1 }) ?? 0.5,
    slowMs: limits.optional('slowMs')?.number({ above: 0 }),
    slowRatio: limits.optional('slowRatio')?.number({ above: 0, atMost: 1 }) ?? 0.8,
    openMs,
    openMsMax: limits.optional('openMsMax')?.number({ atLeast: openMs }) ?? Math.max(openMs, 30_000),
    probesNeeded: limits.optional('probesNeeded')?.number({ atLeast: 1, whole: true }) ?? 2,
  };
}

function readBulkhead(field: Field): BulkheadLimits {
  const limits = field.object(['concurrencyMax', 'queueMax', 'queueTimeoutMs']);
  return {
    concurrencyMax: limits.required('concurrencyMax').number({ atLeast: 1, whole: true }),
    queueMax: limits.optional('queueMax')?.number({ atLeast: 0, whole: true }) ?? 0,
    queueTimeoutMs: limits.optional('queueTimeoutMs')?.number({ above: 0 }) ?? 1000,
  };
}

function readRetry(field: Field): NonNullable<ParsedProtection['retry']> {
  const retry = field.object(['isSafe', 'attemptsMax', 'delayMs', 'delayMsMax', 'retryAfterMsMax', 'budget']);
  const isSafe = retry.required('isSafe');
  readFunction(isSafe);
  const budget = retry.optional('budget');
  if (budget !== undefined && !(budget.value instanceof RetryBudget))
    budget.problem(`must be made by createRetryBudget, got ${show(budget.value)}`);
  const delayMs = retry.optional('delayMs')?.number({ atLeast: 0 }) ?? 50;
  return {
    isSafe: isSafe.value as RetryOptions['isSafe'],
    attemptsMax: retry.optional('attemptsMax')?.number({ atLeast: 1, atMost: 10, whole: true }) ?? 3,
    delayMs,
    delayMsMax: retry.optional('delayMsMax')?.number({ atLeast: delayMs }) ?? Math.max(delayMs, 2000),
    retryAfterMsMax: retry.optional('retryAfterMsMax')?.number({ atLeast: 0 }) ?? 30_000,
    budget: (budget?.value as RetryBudget | undefined) ?? createRetryBudget(),
  };
}

/**
 * A budget of repetitions for everything that calls the same server. By default one in ten calls, and one a second besides.
 *
 * @throws LoadlineError RESILIENCE_OPTIONS_INVALID
 */
export function createRetryBudget(
  options: { readonly ratio?: number; readonly perSecond?: number } = {},
): RetryBudget {
  const parsed = parse(options, (root) => {
    const limits = root.object(['ratio', 'perSecond']);
    return {
      ratio: limits.optional('ratio')?.number({ atLeast: 0 }) ?? 0.1,
      perSecond: limits.optional('perSecond')?.number({ atLeast: 0 }) ?? 1,
    };
  });
  if (parsed.ok) return new RetryBudget({ ...parsed.value, ...savedBy(parsed.value) });
  throw invalid('bound repetitions', parsed.problems);
}

/** Ten seconds of quiet or a hundred good calls are saved up; what is older is not of this trouble. */
function savedBy({
  ratio,
  perSecond,
}: Pick<BudgetLimits, 'ratio' | 'perSecond'>): Pick<BudgetLimits, 'quietMax' | 'savedMax'> {
  const saved = Math.max(1, perSecond * 10, ratio * 100);
  return { quietMax: saved, savedMax: saved };
}

function readFunction(field: Field | undefined): void {
  if (field !== undefined && typeof field.value !== 'function')
    field.problem(`must be a function, got ${show(field.value)}`);
}
