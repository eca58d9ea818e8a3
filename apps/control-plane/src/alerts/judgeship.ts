import { Problem } from '../problems/index.ts';

/** Which control plane of a database judges alerts. */
export interface Judgeship {
  /** Whether this one does, now. */
  readonly isHeld: boolean;
  /** Who does, as far as is known. */
  readonly holder: string | undefined;
}

/** Of one that has its database to itself. */
export const alone: Judgeship = { isHeld: true, holder: undefined };

/** What changes alerts is done where they are judged. @throws CONTROL_PLANE_UNAVAILABLE, which names the one to ask. */
export function assertJudge({ isHeld, holder }: Judgeship): void {
  if (isHeld) return;
  const who = holder === undefined ? '' : `, ${holder}`;
  throw new Problem(
    'CONTROL_PLANE_UNAVAILABLE',
    `Alerts are judged by another control plane of the database${who}: what changes them is asked of that one.`,
    { headers: { 'retry-after': '5' } },
  );
}
