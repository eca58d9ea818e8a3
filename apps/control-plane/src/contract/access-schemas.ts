/** Who may do what, and who did it. */

export const apiKeySchema = {
  $id: 'ApiKey',
  type: 'object',
  description: 'A key as it is remembered: never its secret.',
  additionalProperties: false,
  required: ['id', 'name', 'role', 'createdAt', 'createdBy', 'state'],
  properties: {
    id: { type: 'string', description: 'The part of the key by which one recognises it.' },
    name: { type: 'string' },
    role: { type: 'string', enum: ['reporter', 'viewer', 'operator', 'admin'] },
    createdAt: { type: 'string', format: 'date-time' },
    createdBy: { type: 'string', description: 'The id of the key that made it.' },
    expiresAt: { type: 'string', format: 'date-time' },
    revokedAt: { type: 'string', format: 'date-time' },
    state: { type: 'string', enum: ['live', 'expired', 'revoked'] },
  },
} as const;

export const newApiKeySchema = {
  $id: 'NewApiKey',
  type: 'object',
  additionalProperties: false,
  required: ['key', 'secret'],
  properties: {
    key: { $ref: 'ApiKey' },
    secret: { type: 'string', description: 'The key itself. It is shown this once.' },
  },
} as const;

export const apiKeysSchema = {
  $id: 'ApiKeys',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: { items: { type: 'array', items: { $ref: 'ApiKey' } } },
} as const;

export const keyOrderSchema = {
  $id: 'KeyOrder',
  type: 'object',
  additionalProperties: false,
  required: ['name', 'role'],
  properties: {
    name: {
      type: 'string',
      minLength: 1,
      maxLength: 100,
      pattern: '^[^\\u0000-\\u001f\\u007f]*$',
      description: 'For whom or what the key is.',
    },
    role: { type: 'string', enum: ['reporter', 'viewer', 'operator', 'admin'] },
    expiresAt: { type: 'string', format: 'date-time', description: 'Default: it does not expire.' },
  },
} as const;

export const sessionOrderSchema = {
  $id: 'SessionOrder',
  type: 'object',
  additionalProperties: false,
  required: ['key'],
  properties: { key: { type: 'string', minLength: 1, maxLength: 200 } },
} as const;

export const sessionSchema = {
  $id: 'Session',
  type: 'object',
  additionalProperties: false,
  required: ['keyId', 'name', 'role'],
  properties: {
    keyId: { type: 'string' },
    name: { type: 'string' },
    role: { type: 'string', enum: ['reporter', 'viewer', 'operator', 'admin'] },
    expiresAt: { type: 'string', format: 'date-time', description: 'Of a session of a browser.' },
    csrfToken: {
      type: 'string',
      description:
        'Of a session of a browser: goes into the header `X-CSRF-Token` of whatever changes something.',
    },
  },
} as const;

export const auditEntrySchema = {
  $id: 'AuditEntry',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'at', 'operation', 'method', 'path', 'from', 'status', 'outcome', 'requestId'],
  properties: {
    id: { type: 'string' },
    at: { type: 'string', format: 'date-time' },
    keyId: { type: 'string', description: 'Who; absent where nobody was recognised.' },
    keyName: { type: 'string' },
    operation: { type: 'string' },
    method: { type: 'string' },
    path: { type: 'string' },
    from: { type: 'string', description: 'The address of whoever asked.' },
    status: { type: 'integer' },
    outcome: { type: 'string', enum: ['done', 'refused', 'failed'] },
    requestId: { type: 'string' },
  },
} as const;

export const auditPageSchema = {
  $id: 'AuditPage',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: {
    items: { type: 'array', items: { $ref: 'AuditEntry' } },
    nextCursor: { type: 'string', description: 'Absent on the last page.' },
  },
} as const;
