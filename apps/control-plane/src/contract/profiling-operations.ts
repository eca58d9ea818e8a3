/** Profiles of the instances that are watched, and of the control plane itself. */
export const profilingOperations = {
  startProfiling: {
    method: 'POST',
    path: '/performance/profiling/start',
    tag: 'Profiling',
    summary: 'Start a profile of an instance',
    description:
      'One at a time on each instance: a second one is refused by 409. It ends by itself, and is kept. A heap snapshot needs the role admin, and `confirm`.',
    body: { $ref: 'ProfilingOrder' },
    responses: { 201: { description: 'The session, which runs.', schema: { $ref: 'ProfilingSession' } } },
  },
  stopProfiling: {
    method: 'POST',
    path: '/performance/profiling/stop',
    tag: 'Profiling',
    summary: 'End a profile early, and keep it',
    body: { $ref: 'ProfilingStop' },
    responses: { 200: { description: 'The session.', schema: { $ref: 'ProfilingSession' } } },
  },
  listProfilingSessions: {
    method: 'GET',
    path: '/performance/profiling',
    tag: 'Profiling',
    summary: 'List profiles',
    query: {
      type: 'object',
      additionalProperties: false,
      properties: {
        limit: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
        cursor: { type: 'string', maxLength: 200, description: 'The `nextCursor` of the page before.' },
        instance: { type: 'string', minLength: 1, maxLength: 100 },
        service: { type: 'string', minLength: 1, maxLength: 100 },
        kind: { type: 'string', enum: ['cpu', 'heap', 'heap-snapshot'] },
        state: { type: 'string', enum: ['running', 'finished', 'failed', 'interrupted'] },
      },
    },
    responses: {
      200: { description: 'A page, the newest first.', schema: { $ref: 'ProfilingSessionPage' } },
    },
  },
  getProfilingSession: {
    method: 'GET',
    path: '/performance/profiling/{sessionId}',
    tag: 'Profiling',
    summary: 'Get the session of a profile',
    params: {
      type: 'object',
      required: ['sessionId'],
      properties: { sessionId: { type: 'string', maxLength: 100 } },
    },
    responses: { 200: { description: 'The session.', schema: { $ref: 'ProfilingSession' } } },
  },
  getProfile: {
    method: 'GET',
    path: '/performance/profiling/{sessionId}/profile',
    tag: 'Profiling',
    summary: 'Get a profile: the functions that cost most, or a file for a tool',
    params: {
      type: 'object',
      required: ['sessionId'],
      properties: { sessionId: { type: 'string', maxLength: 100 } },
    },
    query: {
      type: 'object',
      additionalProperties: false,
      properties: {
        format: {
          type: 'string',
          enum: ['top', 'pprof', 'v8', 'heapsnapshot'],
          description:
            'Default: pprof where `Accept` prefers application/octet-stream, else top. v8 is a `.cpuprofile` or a `.heapprofile`. Of a heap snapshot there is heapsnapshot alone: it needs the role admin, and is given out once.',
        },
      },
    },
    responses: {
      200: {
        description: 'The profile.',
        schema: { $ref: 'ProfileDocument' },
        alsoAs: ['application/octet-stream'],
      },
    },
  },
} as const;
