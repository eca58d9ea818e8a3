import {
  type AuditEntry,
  type Handlers,
  type Requester,
  type SessionView,
  timeOf,
} from '../contract/index.ts';
import type { Journal } from '../memory/index.ts';
import { Problem } from '../problems/index.ts';
import type { Keys } from './keys.ts';
import { writeSessionCookie } from './session-cookie.ts';
import { type Sessions, sessionMs } from './sessions.ts';

type AccessHandlers = Pick<
  Handlers,
  'openSession' | 'getSession' | 'closeSession' | 'listKeys' | 'createKey' | 'revokeKey' | 'listAudit'
>;

/** Answers what is asked about sessions, keys and the audit log. */
export function accessHandlers(options: {
  readonly keys: Keys;
  readonly sessions: Sessions;
  readonly journal: Journal<AuditEntry>;
  /** Whether browsers come over TLS. */
  readonly isSecure: boolean;
}): AccessHandlers {
  const { keys, sessions, journal, isSecure } = options;
  return {
    async openSession({ body }) {
      const who = keys.recognise(body.key);
      if (who === undefined) throw unrecognised();
      const { token, requester } = sessions.open(who);
      const cookie = writeSessionCookie(token, sessionMs / 1000, isSecure);
      return { status: 201, body: viewOf(requester), headers: { 'set-cookie': cookie } };
    },
    getSession: async ({ who }) => ({ status: 200, body: viewOf(someone(who)) }),
    async closeSession({ who }) {
      const session = someone(who).session;
      if (session === undefined)
        throw new Problem('CONTROL_PLANE_STATE_CONFLICT', 'Whoever asks with a key has no session to close.');
      sessions.closeById(session.id);
      return { status: 204, isEmpty: true, headers: { 'set-cookie': writeSessionCookie('', 0, isSecure) } };
    },
    listKeys: async () => ({ status: 200, body: { items: keys.list() } }),
    async createKey({ body, who }) {
      const created = await keys.create({ ...body, createdBy: someone(who).keyId });
      return { status: 201, body: created, headers: { location: `/keys/${created.key.id}` } };
    },
    revokeKey: async ({ params }) => ({ status: 200, body: await keys.revoke(params.keyId) }),
    async listAudit({ query }) {
      const { limit, cursor, keyId, operation } = query;
      const { items, nextCursor } = await journal.list({
        limit,
        cursor,
        where: {
          ...(keyId === undefined ? {} : { keyId }),
          ...(operation === undefined ? {} : { operation }),
        },
      });
      return { status: 200, body: { items, ...(nextCursor === undefined ? {} : { nextCursor }) } };
    },
  };
}

/** A handler behind a role always has somebody who asks. */
function someone(who: Requester | undefined): Requester {
  if (who === undefined) throw unrecognised();
  return who;
}

function unrecognised(): Problem {
  return new Problem('CONTROL_PLANE_UNAUTHENTICATED', 'The key is unknown, expired or revoked.', {
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  });
}

function viewOf({ keyId, name, role, session }: Requester): SessionView {
  if (session === undefined) return { keyId, name, role };
  const expiresAt = timeOf(session.expiresAtMs);
  return { keyId, name, role, expiresAt, csrfToken: session.csrfToken };
}
