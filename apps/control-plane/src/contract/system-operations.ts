/** What says of the control plane itself how it is, and what it offers. */
export const systemOperations = {
  isAlive: {
    method: 'GET',
    path: '/health/live',
    tag: 'System',
    summary: 'Whether the process answers',
    responses: { 200: { description: 'It does.', schema: { $ref: 'Health' } } },
  },
  isReady: {
    method: 'GET',
    path: '/health/ready',
    tag: 'System',
    summary: 'Whether work may be sent here',
    responses: {
      200: { description: 'It may.', schema: { $ref: 'Health' } },
      503: { description: 'It stops.', schema: { $ref: 'Health' } },
    },
  },
  getOwnMetrics: {
    method: 'GET',
    path: '/metrics',
    tag: 'System',
    summary: 'Metrics of the control plane itself, for Prometheus',
    responses: { 200: { description: 'Prometheus text.', alsoAs: ['text/plain'] } },
  },
  getOpenApi: {
    method: 'GET',
    path: '/openapi.json',
    tag: 'System',
    summary: 'This description of the API',
    responses: {
      200: { description: 'OpenAPI 3.1.', schema: { type: 'object', additionalProperties: true } },
    },
  },
  getApiPage: {
    method: 'GET',
    path: '/docs',
    tag: 'System',
    summary: 'This description as a page',
    description: 'A browser without a session is shown where to sign in.',
    responses: { 200: { description: 'The page.', alsoAs: ['text/html'] } },
  },
} as const;
