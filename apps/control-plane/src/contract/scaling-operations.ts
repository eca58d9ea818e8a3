/** The size of the services of this machine: what it is, by which policy, and what was done about it. */
export const scalingOperations = {
  getScalingStatus: {
    method: 'GET',
    path: '/performance/scaling/status',
    tag: 'Scaling',
    summary: 'Get how each group of instances stands',
    query: {
      type: 'object',
      additionalProperties: false,
      properties: { group: { type: 'string', minLength: 1, maxLength: 100, description: 'Only this one.' } },
    },
    responses: { 200: { description: 'The groups.', schema: { $ref: 'ScalingStatus' } } },
  },
  configureScaling: {
    method: 'PUT',
    path: '/performance/scaling/config',
    tag: 'Scaling',
    summary: 'Give a group another policy, at once',
    description:
      'With `If-Match: "3"`, or `"version": 3`, it replaces version 3 alone, and is refused by 409 where another is the present one.',
    headers: {
      type: 'object',
      properties: {
        'if-match': { type: 'string', maxLength: 30, pattern: '^(\\*|"\\d{1,9}")$', examples: ['"3"'] },
      },
    },
    body: { $ref: 'ScalingChange' },
    responses: {
      200: {
        description: 'The group by its new policy; its version is the `ETag`.',
        schema: { $ref: 'ScalingGroup' },
      },
    },
  },
  scaleManually: {
    method: 'POST',
    path: '/performance/scaling/manual',
    tag: 'Scaling',
    summary: 'Set by hand how many instances there are, for a while',
    body: { $ref: 'ManualScalingOrder' },
    responses: {
      200: { description: 'The group; `last` says what came of it.', schema: { $ref: 'ScalingGroup' } },
    },
  },
  endManualScaling: {
    method: 'DELETE',
    path: '/performance/scaling/manual/{group}',
    tag: 'Scaling',
    summary: 'Let the policy decide again',
    params: {
      type: 'object',
      required: ['group'],
      properties: { group: { type: 'string', maxLength: 100 } },
    },
    responses: { 200: { description: 'The group.', schema: { $ref: 'ScalingGroup' } } },
  },
  restartInstances: {
    method: 'POST',
    path: '/performance/scaling/restart',
    tag: 'Scaling',
    summary: 'Replace every instance of a group by a new one, one after the other',
    description:
      'Never with fewer that serve: one more is started, and gets requests, before one is taken out. One that does not come up stops it. 409 where one goes on already, where a rollout holds the group, and where whatever runs the group cannot.',
    body: { $ref: 'RestartOrder' },
    responses: {
      202: {
        description: 'It has begun; `fleet.restart` of the group tells how far it is.',
        schema: { $ref: 'ScalingGroup' },
      },
    },
  },
  endRestart: {
    method: 'DELETE',
    path: '/performance/scaling/restart/{group}',
    tag: 'Scaling',
    summary: 'Leave those that were not replaced yet as they are',
    params: {
      type: 'object',
      required: ['group'],
      properties: { group: { type: 'string', maxLength: 100 } },
    },
    responses: {
      200: { description: 'The group; 409 where no restart goes on.', schema: { $ref: 'ScalingGroup' } },
    },
  },
  listScalingEvents: {
    method: 'GET',
    path: '/performance/scaling/history',
    tag: 'Scaling',
    summary: 'List what was done about groups, each step with its reason',
    query: {
      type: 'object',
      additionalProperties: false,
      properties: {
        limit: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
        cursor: { type: 'string', maxLength: 200, description: 'The `nextCursor` of the page before.' },
        group: { type: 'string', minLength: 1, maxLength: 100 },
        action: { type: 'string', enum: ['scale_up', 'scale_down', 'restart'] },
        from: { type: 'string', format: 'date-time', description: 'At this time or later.' },
        to: { type: 'string', format: 'date-time', description: 'Before this time.' },
      },
    },
    responses: { 200: { description: 'A page, the newest first.', schema: { $ref: 'ScalingEventPage' } } },
  },
  listScalingDecisions: {
    method: 'GET',
    path: '/performance/scaling/decisions',
    tag: 'Scaling',
    summary: 'Ask why a group had the size that it had, also where nothing was done',
    description:
      'With `at`, what was decided then; otherwise what was decided from `from` to `to`, the last day where both are absent. Decisions that were made again for the same reasons are one, with how often. Those before the last of a page come with its `from` as `to`. They are kept for a week, the latest 100,000 of a group.',
    query: {
      type: 'object',
      additionalProperties: false,
      required: ['group'],
      properties: {
        group: { type: 'string', minLength: 1, maxLength: 100 },
        at: { type: 'string', format: 'date-time' },
        from: { type: 'string', format: 'date-time', description: 'At this time or later.' },
        to: { type: 'string', format: 'date-time', description: 'Before this time.' },
        limit: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
      },
    },
    responses: {
      200: { description: 'Decisions, the newest first.', schema: { $ref: 'ScalingDecisionList' } },
    },
  },
} as const;
