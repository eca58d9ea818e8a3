import type { InstanceState } from '../driver.ts';

/** An instance as a rolling restart sees it. */
export interface RestartMember {
  readonly id: string;
  readonly state: InstanceState;
  /** It was there when the restart began. */
  readonly isOld: boolean;
  readonly remark?: string | undefined;
}

/** What a rolling restart does next. */
export type RestartMove =
  | { readonly kind: 'start' | 'wait' | 'done' }
  | { readonly kind: 'retire'; readonly id: string }
  | { readonly kind: 'stop'; readonly because: string };

/**
 * Replaces one after the other, and nothing that serves before its successor does: there is one more than are wanted, never
 * two, counted with the one that still ends what it has. A new one that crashes is reason enough to leave the others as they
 * are. Pure.
 *
 * @param members oldest first.
 */
export function planRestart(members: readonly RestartMember[], wanted: number): RestartMove {
  const active = members.filter(({ state }) => state !== 'draining');
  const fresh = active.filter(({ isOld }) => !isOld);
  const crashed = fresh.find(({ state }) => state === 'waiting');
  if (crashed !== undefined) return { kind: 'stop', because: `${crashed.id} ${crashed.remark ?? 'crashed'}` };
  const isLeaving = members.some(({ isOld, state }) => isOld && state === 'draining');
  if (isLeaving || fresh.some(({ state }) => state !== 'ready')) return { kind: 'wait' };
  const old = active.filter(({ isOld }) => isOld);
  // One that carries nothing goes first: so there are never fewer that serve.
  const next = old.find(({ state }) => state !== 'ready') ?? old[0];
  if (next === undefined) return { kind: 'done' };
  return active.length > wanted ? { kind: 'retire', id: next.id } : { kind: 'start' };
}
