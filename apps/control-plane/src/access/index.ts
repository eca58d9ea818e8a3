/** Who may do what: keys with roles, sessions of browsers, and a journal of every change. */
export { accessHandlers } from './access-handlers.ts';
export { type AuditedRequest, createAudit } from './audit.ts';
export { followKeys } from './follow-keys.ts';
export { type Keys, openKeys } from './keys.ts';
export { includes, permissions, type Role, roles } from './permissions.ts';
export { readSessionCookie } from './session-cookie.ts';
export { createSessions, hasCsrfToken, type Sessions } from './sessions.ts';
