/** Load tests, and schedules by which they start by themselves. */
export const testOperations = {
  startTest: {
    method: 'POST',
    path: '/performance/tests',
    tag: 'Tests',
    summary: 'Start a load test',
    description:
      'It waits in a queue until its turn. With an `Idempotency-Key`, asking again within a day gives the same test.',
    headers: {
      type: 'object',
      properties: {
        'idempotency-key': { type: 'string', minLength: 1, maxLength: 200, pattern: '^[\\u0021-\\u007e]+$' },
      },
    },
    body: { $ref: 'TestOrder' },
    responses: {
      202: {
        description: 'The test is queued, or was by the same key before.',
        schema: { $ref: 'LoadTest' },
      },
    },
  },
  getTest: {
    method: 'GET',
    path: '/performance/tests/{testId}',
    tag: 'Tests',
    summary: 'Get a load test with its progress',
    params: {
      type: 'object',
      required: ['testId'],
      properties: { testId: { type: 'string', maxLength: 100 } },
    },
    responses: { 200: { description: 'The test.', schema: { $ref: 'LoadTest' } } },
  },
  cancelTest: {
    method: 'DELETE',
    path: '/performance/tests/{testId}',
    tag: 'Tests',
    summary: 'Cancel a load test that is queued or running',
    params: {
      type: 'object',
      required: ['testId'],
      properties: { testId: { type: 'string', maxLength: 100 } },
    },
    responses: {
      200: { description: 'It was queued, and is cancelled.', schema: { $ref: 'LoadTest' } },
      202: {
        description: 'It is running, and ends with what was measured until then.',
        schema: { $ref: 'LoadTest' },
      },
    },
  },
  getTestResults: {
    method: 'GET',
    path: '/performance/tests/{testId}/results',
    tag: 'Tests',
    summary: 'Get the results of a load test',
    params: {
      type: 'object',
      required: ['testId'],
      properties: { testId: { type: 'string', maxLength: 100 } },
    },
    query: {
      type: 'object',
      additionalProperties: false,
      properties: {
        format: {
          type: 'string',
          enum: ['json', 'html', 'csv'],
          description: 'Default: what `Accept` prefers, else JSON.',
        },
      },
    },
    responses: {
      200: {
        description: 'The report.',
        schema: { $ref: 'LoadReport' },
        alsoAs: ['text/html', 'text/csv'],
      },
    },
  },
  listTests: {
    method: 'GET',
    path: '/performance/tests/history',
    tag: 'Tests',
    summary: 'List load tests',
    query: {
      type: 'object',
      additionalProperties: false,
      properties: {
        limit: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
        cursor: { type: 'string', maxLength: 200, description: 'The `nextCursor` of the page before.' },
        state: {
          type: 'string',
          enum: ['queued', 'running', 'cancelling', 'finished', 'failed', 'cancelled', 'interrupted'],
        },
        verdict: { type: 'string', enum: ['passed', 'failed', 'invalid', 'inconclusive', 'interrupted'] },
        name: { type: 'string', maxLength: 100, description: 'The whole name.' },
        target: { type: 'string', maxLength: 2000, description: 'The whole target.' },
        from: { type: 'string', format: 'date-time', description: 'Created at this time or later.' },
        to: { type: 'string', format: 'date-time', description: 'Created before this time.' },
      },
    },
    responses: { 200: { description: 'A page, the newest first.', schema: { $ref: 'LoadTestPage' } } },
  },
  listSchedules: {
    method: 'GET',
    path: '/performance/schedules',
    tag: 'Tests',
    summary: 'List schedules',
    responses: { 200: { description: 'All schedules.', schema: { $ref: 'Schedules' } } },
  },
  createSchedule: {
    method: 'POST',
    path: '/performance/schedules',
    tag: 'Tests',
    summary: 'Let a load test start by itself, where it is no production',
    body: { $ref: 'ScheduleOrder' },
    responses: { 201: { description: 'The schedule.', schema: { $ref: 'Schedule' } } },
  },
  deleteSchedule: {
    method: 'DELETE',
    path: '/performance/schedules/{scheduleId}',
    tag: 'Tests',
    summary: 'Delete a schedule',
    params: {
      type: 'object',
      required: ['scheduleId'],
      properties: { scheduleId: { type: 'string', maxLength: 100 } },
    },
    responses: { 204: { description: 'Deleted.' } },
  },
} as const;
