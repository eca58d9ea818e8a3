import type { MonitorPart } from 'loadline/monitoring';
import type { LeaseStanding } from '../memory/index.ts';
import { Problem } from '../problems/index.ts';

/** Which control plane of a database judges alerts. */
export interface Judgeship {
  /** Whether this one does, now; `unreachable`: it did, and cannot know. */
  readonly standing: LeaseStanding;
  /** Who does, as far as is known. */
  readonly holder: string | undefined;
}

/** Of one that has its database to itself. */
export const alone: Judgeship = { standing: 'held', holder: undefined };

/** What a monitor does where it stands so. Pure. */
export function partOf({ standing }: Judgeship): MonitorPart {
  const parts = { held: 'judges', unreachable: 'blind', lost: 'rests' } as const;
  return parts[standing];
}

/** What changes alerts is done where they are judged. @throws CONTROL_PLANE_UNAVAILABLE, which names the one to ask. */
export function assertJudge({ standing, holder }: Judgeship): void {
  if (standing !== 'lost') return;
  const who = holder === undefined ? '' : `, ${holder}`;
  throw new Problem(
    'CONTROL_PLANE_UNAVAILABLE',
    `Alerts are judged by another control plane of the database${who}: what changes them is asked of that one.`,
    { headers: { 'retry-after': '5' } },
  );
}
