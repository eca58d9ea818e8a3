import {
  type Clock,
  isLoadlineError,
  type LoadlineError,
  type Random,
  sleep,
  withTimeLimit,
} from '../../base/index.ts';
import { monitoringError } from '../errors.ts';
import { attemptsMax, backoffMs } from './backoff.ts';
import type { PostReply } from './post.ts';

export interface DeliveryOptions {
  /** Of the receiver, for people. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  /** How long one attempt may take. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Tries until a receiver takes a message, at most six times. Connections that fail, answers that do not come, 408, 429
 * and 5xx are tried again; any other answer, a redirect too, is final.
 *
 * @param attempt sends the message once.
 * @throws MONITORING_DELIVERY_REFUSED, MONITORING_DELIVERY_FAILED, MONITORING_ADDRESS_REFUSED, or the signal's reason.
 */
export async function deliver(
  attempt: (signal: AbortSignal) => Promise<PostReply>,
  { name, clock, random, timeoutMs, signal }: DeliveryOptions,
): Promise<void> {
  let problem = '';
  for (let failed = 1; failed <= attemptsMax; failed++) {
    const outcome = await judge(attempt, { name, clock, random, timeoutMs, signal });
    if (outcome.kind === 'delivered') return;
    if (outcome.kind === 'final') throw outcome.error;
    signal.throwIfAborted();
    problem = outcome.problem;
    if (failed === attemptsMax) break;
    await sleep(
      clock,
      backoffMs(failed, { retryAfter: outcome.retryAfter, nowMs: clock.now(), random }),
      signal,
    );
  }
  throw monitoringError(
    'MONITORING_DELIVERY_FAILED',
    `Could not notify ${name} in ${attemptsMax} attempts: ${problem}. Check that it runs and can be reached from here.`,
    { facts: { name, attempts: attemptsMax } },
  );
}

type Outcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'final'; readonly error: LoadlineError }
  | { readonly kind: 'passing'; readonly problem: string; readonly retryAfter: string | undefined };

async function judge(
  attempt: (signal: AbortSignal) => Promise<PostReply>,
  { name, clock, timeoutMs, signal }: DeliveryOptions,
): Promise<Outcome> {
  const ended = await withTimeLimit({ clock, limitMs: timeoutMs, end: signal }, attempt);
  if (ended.kind === 'done') return judgeReply(ended.value, name);
  if (ended.kind === 'failed' && isLoadlineError(ended.error)) return { kind: 'final', error: ended.error };
  const problem =
    ended.kind === 'failed'
      ? `the connection failed (${codeOf(ended.error)})`
      : `no answer within ${timeoutMs} ms`;
  return { kind: 'passing', problem, retryAfter: undefined };
}

function judgeReply({ status, retryAfter }: PostReply, name: string): Outcome {
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 408 || status === 429 || status >= 500)
    return { kind: 'passing', problem: `it answered ${status}`, retryAfter };
  const hint =
    status >= 300 && status < 400
      ? 'Redirects are not followed: give the address it leads to'
      : 'Check its address and credentials';
  const error = monitoringError(
    'MONITORING_DELIVERY_REFUSED',
    `Could not notify ${name}: it answered ${status}. ${hint}.`,
    {
      facts: { name, status },
    },
  );
  return { kind: 'final', error };
}

/** `ECONNREFUSED` and the like; the message of an error could name more than the address that is shown. */
function codeOf(error: unknown): string {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return String(code ?? name);
}
