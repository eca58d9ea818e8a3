/** Sessions, keys and the audit log. */
export const accessOperations = {
  openSession: {
    method: 'POST',
    path: '/session',
    tag: 'Access',
    summary: 'Open a session of a browser with a key',
    body: { $ref: 'SessionOrder' },
    responses: { 201: { description: 'The session; its cookie is set.', schema: { $ref: 'Session' } } },
  },
  getSession: {
    method: 'GET',
    path: '/session',
    tag: 'Access',
    summary: 'Say who asks',
    responses: { 200: { description: 'Who asks.', schema: { $ref: 'Session' } } },
  },
  closeSession: {
    method: 'DELETE',
    path: '/session',
    tag: 'Access',
    summary: 'Close the session of this browser',
    responses: { 204: { description: 'Closed.' } },
  },
  listKeys: {
    method: 'GET',
    path: '/keys',
    tag: 'Access',
    summary: 'List API keys',
    responses: { 200: { description: 'All keys, without their secrets.', schema: { $ref: 'ApiKeys' } } },
  },
  createKey: {
    method: 'POST',
    path: '/keys',
    tag: 'Access',
    summary: 'Make an API key',
    body: { $ref: 'KeyOrder' },
    responses: { 201: { description: 'The key, shown this once.', schema: { $ref: 'NewApiKey' } } },
  },
  revokeKey: {
    method: 'DELETE',
    path: '/keys/{keyId}',
    tag: 'Access',
    summary: 'Revoke an API key',
    params: {
      type: 'object',
      required: ['keyId'],
      properties: { keyId: { type: 'string', maxLength: 100 } },
    },
    responses: { 200: { description: 'The key, revoked.', schema: { $ref: 'ApiKey' } } },
  },
  listAudit: {
    method: 'GET',
    path: '/audit',
    tag: 'Access',
    summary: 'List who changed what',
    query: {
      type: 'object',
      additionalProperties: false,
      properties: {
        limit: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
        cursor: { type: 'string', maxLength: 200, description: 'The `nextCursor` of the page before.' },
        keyId: { type: 'string', maxLength: 100 },
        operation: { type: 'string', maxLength: 100 },
      },
    },
    responses: { 200: { description: 'A page, the newest first.', schema: { $ref: 'AuditPage' } } },
  },
} as const;
