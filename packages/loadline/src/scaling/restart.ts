import { formatDuration } from '../base/index.ts';
import type { ScalingHold } from './decide/standing.ts';
import type { RestartProgress } from './driver.ts';
import type { StepOutcome } from './group-round.ts';
import type { ScalingEvent } from './memory.ts';

/** Who wants a rolling restart to begin or to end, and why. */
export interface RestartOrder {
  readonly orderedBy: string;
  /** For people; may be empty. */
  readonly reason: string;
}

/** What a rolling restart keeps a scaler from: more instances are started, none is taken away that would be replaced anyway. Pure. */
export function holdByRestart(restart: RestartProgress | undefined): ScalingHold | undefined {
  if (restart?.state !== 'going') return undefined;
  const { replaced, of } = restart;
  return { allows: 'scale out', because: `a rolling restart goes on, ${replaced} of ${of} are replaced` };
}

interface Restarted {
  readonly group: string;
  readonly atMs: number;
  /** Instances that are wanted. */
  readonly wanted: number;
}

/** What is remembered of an order to restart, whether it could be followed or not. Pure. */
export function restartEvent(
  where: Restarted,
  { orderedBy, reason }: RestartOrder,
  outcome: StepOutcome,
): ScalingEvent {
  const why = reason === '' ? '' : `: ${reason}`;
  const told = `Restart the ${where.wanted} instances of ${where.group} one after the other, by ${orderedBy}${why}.`;
  return eventOf(where, outcome.kind, 'because' in outcome ? `${told} Not done: ${outcome.because}.` : told);
}

/** What is remembered of the end of a restart; undefined while it goes on. Pure. */
export function restartEndEvent(where: Restarted, restart: RestartProgress): ScalingEvent | undefined {
  if (restart.state === 'going') return undefined;
  const { startedAtMs, endedAtMs, replaced, of } = restart;
  const ended = { ...where, atMs: endedAtMs };
  const tookMs = formatDuration(Math.round((endedAtMs - startedAtMs) / 100) * 100);
  if (restart.state === 'done')
    return eventOf(
      ended,
      'accepted',
      `Restarted ${where.group}: ${replaced} of ${of} replaced in ${tookMs}.`,
    );
  const told = `Stopped the restart of ${where.group} with ${replaced} of ${of} replaced; the others are as they were`;
  return eventOf(ended, 'failed', `${told}: ${restart.because.replace(/\.$/, '')}.`);
}

/** It changes nothing about how many there are. */
function eventOf(
  { group, atMs, wanted }: Restarted,
  outcome: ScalingEvent['outcome'],
  reason: string,
): ScalingEvent {
  return {
    ...{ group, atMs, action: 'restart', previousCapacity: wanted, newCapacity: wanted },
    trigger: { metric: 'manual', value: wanted, threshold: wanted },
    ...{ outcome, reason },
  };
}
