import { readDeadlineHeader } from '../../resilience/index.ts';
import type { ProxyProblem } from './message/answer.ts';
import type { RequestHead } from './message/request-head.ts';

export interface TimeRules {
  /** Infinity for no limit. */
  readonly deadlineMs: number;
  /** Whether a client is believed. Who is not could have upstreams fail, and be taken for ill. */
  readonly trustsForwarded: boolean;
}

/** How long a request has until its answer begins, in milliseconds; Infinity for no limit. A WebSocket has no such end. Pure. */
export function timeOf(
  { isUpgrade, fields }: Pick<RequestHead, 'isUpgrade' | 'fields'>,
  { deadlineMs, trustsForwarded }: TimeRules,
): number {
  if (isUpgrade) return Number.POSITIVE_INFINITY;
  const told = trustsForwarded ? readDeadlineHeader(fields.timeLeft) : undefined;
  return told === undefined ? deadlineMs : Math.min(told, deadlineMs);
}

/** What a client is told who, by its own word, waits no more. */
export const overdue: ProxyProblem = { status: 504, detail: 'The time that the request had is over.' };
