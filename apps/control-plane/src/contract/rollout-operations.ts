/** New builds of the services of this machine: brought in by shares, watched, and taken back. */
export const rolloutOperations = {
  listRollouts: {
    method: 'GET',
    path: '/performance/rollouts',
    tag: 'Rollouts',
    summary: 'List rollouts, those that are over too',
    query: {
      type: 'object',
      additionalProperties: false,
      properties: {
        service: { type: 'string', minLength: 1, maxLength: 100, description: 'Only of this one.' },
        limit: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
      },
    },
    responses: { 200: { description: 'The latest first.', schema: { $ref: 'RolloutList' } } },
  },
  startRollout: {
    method: 'POST',
    path: '/performance/rollouts',
    tag: 'Rollouts',
    summary: 'Bring the candidate of a service into its traffic',
    body: { $ref: 'RolloutOrder' },
    responses: { 201: { description: 'It has begun.', schema: { $ref: 'Rollout' } } },
  },
  getRollout: {
    method: 'GET',
    path: '/performance/rollouts/{rolloutId}',
    tag: 'Rollouts',
    summary: 'Get how a rollout stands, by what it is judged, and every turn that it took',
    params: {
      type: 'object',
      required: ['rolloutId'],
      properties: { rolloutId: { type: 'string', maxLength: 100 } },
    },
    responses: { 200: { description: 'The rollout.', schema: { $ref: 'Rollout' } } },
  },
  pauseRollout: {
    method: 'POST',
    path: '/performance/rollouts/{rolloutId}/pause',
    tag: 'Rollouts',
    summary: 'Let a rollout go no further; it is guarded all the same',
    params: {
      type: 'object',
      required: ['rolloutId'],
      properties: { rolloutId: { type: 'string', maxLength: 100 } },
    },
    body: { $ref: 'RolloutReason' },
    responses: { 200: { description: 'The rollout.', schema: { $ref: 'Rollout' } } },
  },
  resumeRollout: {
    method: 'POST',
    path: '/performance/rollouts/{rolloutId}/resume',
    tag: 'Rollouts',
    summary: 'Let a rollout that is paused go on, whoever has paused it',
    params: {
      type: 'object',
      required: ['rolloutId'],
      properties: { rolloutId: { type: 'string', maxLength: 100 } },
    },
    body: { $ref: 'RolloutReason' },
    responses: { 200: { description: 'The rollout.', schema: { $ref: 'Rollout' } } },
  },
  promoteRollout: {
    method: 'POST',
    path: '/performance/rollouts/{rolloutId}/promote',
    tag: 'Rollouts',
    summary: 'Take the present step for passed, without waiting for its judgement',
    params: {
      type: 'object',
      required: ['rolloutId'],
      properties: { rolloutId: { type: 'string', maxLength: 100 } },
    },
    body: { $ref: 'RolloutPromotion' },
    responses: { 200: { description: 'The rollout.', schema: { $ref: 'Rollout' } } },
  },
  rollBackRollout: {
    method: 'POST',
    path: '/performance/rollouts/{rolloutId}/roll-back',
    tag: 'Rollouts',
    summary: 'Turn the traffic back to the version that served before',
    params: {
      type: 'object',
      required: ['rolloutId'],
      properties: { rolloutId: { type: 'string', maxLength: 100 } },
    },
    body: { $ref: 'RolloutReason' },
    responses: {
      200: { description: 'The rollout; the traffic has turned back.', schema: { $ref: 'Rollout' } },
    },
  },
} as const;
