import type { ProfileSession } from 'loadline/profiling';
import { type ProfilingSession, timeOf } from '../contract/index.ts';

/** A session as it is kept. */
export interface SessionRecord extends ProfilingSession {
  /** What the instance calls a session that samples. */
  readonly remoteId?: string;
  /** Where its files are. */
  readonly mark?: string;
}

/** As the API shows it. Pure. */
export function viewOf({ remoteId: _, mark: __, ...session }: SessionRecord): ProfilingSession {
  return session;
}

/** What a session has come to, in the words of the instance. Pure. */
export function endOf(session: ProfileSession, endedAtMs: number): Partial<SessionRecord> {
  const { state, measuredMs, overhead, problem } = session;
  const end = { endedAt: timeOf(endedAtMs), measuredMs: Math.round(measuredMs) };
  if (state === 'finished') return { ...end, state, ...(overhead === undefined ? {} : { overhead }) };
  if (state === 'aborted') return { ...end, state: 'interrupted', problem: 'The instance aborted it.' };
  return { ...end, state: 'failed', problem: problem ?? 'The instance says nothing more.' };
}
