import { randomBytes } from 'node:crypto';
import type { Clock } from 'loadline/base';
import type { Requester } from '../contract/index.ts';
import { equalHashes, hashOf } from './key-text.ts';
import type { Keys } from './keys.ts';

/** A browser's way in: a cookie that its scripts cannot read stands for a key, for a while. */
export interface Sessions {
  open(who: Requester): { readonly token: string; readonly requester: Requester };
  /** Undefined where it is unknown or over, or its key opens nothing any more. */
  recognise(token: string): Requester | undefined;
  closeById(id: string): void;
  /** Whether it was neither closed nor is over. */
  isOpen(id: string): boolean;
}

export const sessionMs: number = 12 * 3_600_000;

/** So many at once; then the oldest ends. */
const sessionsMax = 1000;

interface Session {
  readonly who: Requester;
  readonly csrfToken: string;
  readonly expiresAtMs: number;
}

export function createSessions({ keys, clock }: { readonly keys: Keys; readonly clock: Clock }): Sessions {
  /** By the hash of the token, so that looking it up says nothing about the token; in the order of their begin. */
  const sessions = new Map<string, Session>();

  const requesterOf = (id: string, { who, csrfToken, expiresAtMs }: Session): Requester => ({
    ...who,
    session: { id, csrfToken, expiresAtMs },
  });

  return {
    open(who) {
      for (const [id, { expiresAtMs }] of sessions) if (expiresAtMs <= clock.now()) sessions.delete(id);
      const oldest = sessions.keys().next();
      if (sessions.size >= sessionsMax && oldest.done === false) sessions.delete(oldest.value);
      const token = randomBytes(32).toString('base64url');
      const session: Session = {
        who: { keyId: who.keyId, name: who.name, role: who.role },
        csrfToken: randomBytes(32).toString('base64url'),
        expiresAtMs: clock.now() + sessionMs,
      };
      sessions.set(hashOf(token), session);
      return { token, requester: requesterOf(hashOf(token), session) };
    },
    recognise(token) {
      const id = hashOf(token);
      const session = sessions.get(id);
      if (session === undefined) return undefined;
      if (session.expiresAtMs <= clock.now() || !keys.isLive(session.who.keyId)) {
        sessions.delete(id);
        return undefined;
      }
      return requesterOf(id, session);
    },
    closeById: (id) => void sessions.delete(id),
    isOpen: (id) => (sessions.get(id)?.expiresAtMs ?? 0) > clock.now(),
  };
}

/** Whether a change was asked for by a page of ours: a foreign one cannot know the session's token. */
export function hasCsrfToken(sent: string | undefined, csrfToken: string): boolean {
  return sent !== undefined && equalHashes(hashOf(sent), hashOf(csrfToken));
}
