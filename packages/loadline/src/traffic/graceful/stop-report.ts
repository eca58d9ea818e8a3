import type { Unfinished } from './drain.ts';

/** The five steps of a stop, in their order. */
export type StopStep = 'asked' | 'not ready' | 'draining' | 'completing' | 'closing';

/** How a stop went. */
export interface StopReport {
  /** `SIGTERM`, or what `stop()` was called with. */
  readonly reason: string;
  /** How long the steps took that take their time, in milliseconds. */
  readonly stepsMs: Readonly<Record<'not ready' | 'completing' | 'closing', number>>;
  /** How many things were cut off because their time was over, and the first hundred of them by name. */
  readonly unfinishedCount: number;
  readonly unfinished: readonly Unfinished[];
  /** What failed while it drained or closed, or did not close in time. */
  readonly failures: readonly StopFailure[];
  /** The signal that ended the grace before its time. */
  readonly forcedBy?: string;
}

/** What threw while a service stopped, or did not close in time; the stop went on. */
export interface StopFailure {
  /** The name of the drain or of what was to be closed; or `server`, `health`, `onStep`. */
  readonly name: string;
  readonly error: unknown;
}

/** How many unfinished things are named; the others are counted. */
export const unfinishedNamedMax = 100;

/** With which code the process ends: 0 where nothing was cut off and nothing failed, else 1; forced, 128 and the signal's number. */
export function exitCodeOf({ unfinishedCount, failures, forcedBy }: StopReport): number {
  const signalNumber = forcedBy === undefined ? undefined : signalNumbers[forcedBy];
  if (signalNumber !== undefined) return 128 + signalNumber;
  return unfinishedCount === 0 && failures.length === 0 && forcedBy === undefined ? 0 : 1;
}

const signalNumbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 };

/** A stop in a line or two, for the log. */
export function describeStop(report: StopReport): string {
  const { reason, stepsMs, unfinishedCount, unfinished, failures, forcedBy } = report;
  const totalMs = Object.values(stepsMs).reduce((sum, each) => sum + each, 0);
  const parts = [`stopped after ${reason} in ${Math.round(totalMs)} ms`];
  if (forcedBy !== undefined) parts.push(`${forcedBy} cut the grace short`);
  if (unfinishedCount > 0) {
    const named = unfinished.slice(0, 10).map(({ name, ageMs }) => {
      return ageMs === undefined ? name : `${name} (${Math.round(ageMs)} ms)`;
    });
    const more = unfinishedCount > named.length ? ` and ${unfinishedCount - named.length} more` : '';
    parts.push(`${unfinishedCount} unfinished: ${named.join(', ')}${more}`);
  }
  for (const { name, error } of failures)
    parts.push(`${name} failed: ${error instanceof Error ? error.message : String(error)}`);
  return parts.join('; ');
}
