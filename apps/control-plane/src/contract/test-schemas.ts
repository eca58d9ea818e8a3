/** Load tests and when they run. */

export const testProgressSchema = {
  $id: 'TestProgress',
  type: 'object',
  additionalProperties: false,
  required: [
    'elapsedMs',
    'durationMs',
    'completedRatio',
    'users',
    'requests',
    'errors',
    'dropped',
    'ratePerSecond',
  ],
  properties: {
    elapsedMs: { type: 'number' },
    durationMs: { type: 'number' },
    completedRatio: { type: 'number', description: 'From 0 to 1.' },
    users: { type: 'number' },
    requests: { type: 'number' },
    errors: { type: 'number' },
    dropped: { type: 'number' },
    ratePerSecond: { type: 'number' },
    latencyMsP50: { type: 'number' },
    latencyMsP95: { type: 'number' },
  },
} as const;

export const loadTestSchema = {
  $id: 'LoadTest',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'name', 'state', 'target', 'createdAt', 'startedBy', 'hasResults', 'reasons'],
  properties: {
    id: { type: 'string' },
    name: { type: 'string' },
    state: {
      type: 'string',
      enum: ['queued', 'running', 'cancelling', 'finished', 'failed', 'cancelled', 'interrupted'],
      description:
        'finished: it ran to its end, and `verdict` says how; failed: it could not run; interrupted: a restart of the control plane ended it.',
    },
    verdict: { type: 'string', enum: ['passed', 'failed', 'invalid', 'inconclusive', 'interrupted'] },
    reasons: { type: 'array', items: { type: 'string' }, description: 'Why it ended so.' },
    target: { type: 'string' },
    profile: { type: 'string' },
    scheduleId: { type: 'string' },
    createdAt: { type: 'string', format: 'date-time' },
    startedAt: { type: 'string', format: 'date-time' },
    endedAt: { type: 'string', format: 'date-time' },
    startedBy: { type: 'string', description: 'The id of the key, or `schedule`.' },
    positionInQueue: { type: 'integer', description: 'From 1, while it is queued.' },
    progress: { $ref: 'TestProgress' },
    hasResults: { type: 'boolean' },
  },
} as const;

export const loadTestPageSchema = {
  $id: 'LoadTestPage',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: {
    items: { type: 'array', items: { $ref: 'LoadTest' } },
    nextCursor: { type: 'string', description: 'Absent on the last page.' },
  },
} as const;

export const testOrderSchema = {
  $id: 'TestOrder',
  type: 'object',
  description: 'A profile, a whole scenario, or a profile for a scenario.',
  examples: [{ target: 'http://127.0.0.1:8080', profile: 'peak', scale: 0.01 }],
  additionalProperties: false,
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 100, pattern: '^[^\\u0000-\\u001f\\u007f]*$' },
    target: {
      type: 'string',
      minLength: 1,
      maxLength: 2000,
      description: 'The service to load; instead of the scenario’s. Needed with a profile alone.',
    },
    profile: {
      type: 'string',
      minLength: 1,
      maxLength: 100,
      description: 'One of the scenario’s tests, or a profile like `peak` or `guide/stress`.',
    },
    path: {
      type: 'string',
      maxLength: 2000,
      pattern: '^/',
      description: 'What a profile without a scenario asks for. Default `/`.',
    },
    scenario: {
      description:
        'A scenario file: its text as YAML, or as JSON. It may name no files, no scripts and no variables of the environment.',
      anyOf: [
        { type: 'string', minLength: 1, maxLength: 262144 },
        { type: 'object', additionalProperties: true },
      ],
    },
    scale: { type: 'number', exclusiveMinimum: 0, maximum: 1000, description: 'Multiplies users and rates.' },
    rate: {
      type: 'string',
      minLength: 1,
      maxLength: 30,
      description: 'Arrivals at this rate instead of the load: `50/s`.',
    },
    duration: { type: 'string', minLength: 1, maxLength: 30, description: 'Stretches the load: `30s`.' },
    seed: { type: 'integer', minimum: 0, maximum: 9007199254740991 },
    production: {
      type: 'string',
      minLength: 1,
      maxLength: 253,
      description: 'The name of the host, spelt out, where the target is marked as production.',
    },
  },
} as const;

export const scheduleSchema = {
  $id: 'Schedule',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'name', 'cron', 'timezone', 'test', 'createdAt', 'createdBy', 'skipped'],
  properties: {
    id: { type: 'string' },
    name: { type: 'string' },
    cron: { type: 'string' },
    timezone: { type: 'string' },
    test: { $ref: 'TestOrder' },
    createdAt: { type: 'string', format: 'date-time' },
    createdBy: { type: 'string' },
    nextAt: { type: 'string', format: 'date-time', description: 'Absent where it comes no more.' },
    lastAt: { type: 'string', format: 'date-time' },
    lastTestId: { type: 'string' },
    lastProblem: { type: 'string', description: 'Why the last one could not be queued.' },
    skipped: { type: 'integer', description: 'How often it could not be queued.' },
  },
} as const;

export const scheduleOrderSchema = {
  $id: 'ScheduleOrder',
  type: 'object',
  additionalProperties: false,
  required: ['name', 'cron', 'test'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 100, pattern: '^[^\\u0000-\\u001f\\u007f]*$' },
    cron: {
      type: 'string',
      minLength: 1,
      maxLength: 100,
      description: 'Minute, hour, day of month, month, day of week: `0 3 * * 1-5`.',
      examples: ['0 3 * * 1-5'],
    },
    timezone: { type: 'string', minLength: 1, maxLength: 60, description: 'IANA name. Default UTC.' },
    test: { $ref: 'TestOrder' },
  },
} as const;

export const schedulesSchema = {
  $id: 'Schedules',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: { items: { type: 'array', items: { $ref: 'Schedule' } } },
} as const;

export const loadReportSchema = {
  $id: 'LoadReport',
  type: 'object',
  description: 'What `loadline run --json` writes; its own schema is published with the package.',
  additionalProperties: true,
  required: ['schema', 'name', 'target', 'startedAt', 'verdict', 'total', 'endpoints'],
  properties: {
    schema: { type: 'string' },
    name: { type: 'string' },
    target: { type: 'string' },
    startedAt: { type: 'string' },
    verdict: { type: 'object', additionalProperties: true },
    total: { type: 'object', additionalProperties: true },
    endpoints: { type: 'array', items: { type: 'object', additionalProperties: true } },
  },
} as const;
