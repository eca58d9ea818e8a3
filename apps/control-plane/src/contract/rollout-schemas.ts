/** New builds on their way into the traffic of services. */

export const rolloutEffectSchema = {
  $id: 'RolloutEffect',
  type: 'object',
  description: 'One metric of one endpoint, from the baseline to the candidate.',
  additionalProperties: false,
  required: ['metric', 'verdict', 'blocks'],
  properties: {
    endpoint: { type: 'string', description: 'Absent: all of them together.' },
    metric: { type: 'string', description: '`latency mean`, `latency p50`, `latency p95` or `errors`.' },
    verdict: { type: 'string', enum: ['worse', 'inconclusive', 'better', 'same'] },
    change: {
      type: 'number',
      description: 'Relative to the baseline: 0.1 is 10 % more. Of errors, the difference of the ratios.',
    },
    low: {
      type: 'number',
      description: 'The change is at least this, at all looks together; absent: not known yet.',
    },
    high: { type: 'number', description: 'The change is at most this.' },
    blocks: { type: 'integer', description: 'From how many pieces of time.' },
  },
} as const;

export const rolloutTurnSchema = {
  $id: 'RolloutTurn',
  type: 'object',
  additionalProperties: false,
  required: ['at', 'phase', 'share', 'reason'],
  properties: {
    at: { type: 'string', format: 'date-time' },
    phase: {
      type: 'string',
      enum: ['preparing', 'watching', 'paused', 'finishing', 'promoted', 'rolling back', 'rolled back'],
    },
    share: { type: 'number', minimum: 0, maximum: 1, description: 'Of new requests, for the candidate.' },
    reason: { type: 'string' },
    effects: { type: 'array', items: { $ref: 'RolloutEffect' }, description: 'What it was judged by.' },
  },
} as const;

export const rolloutSchema = {
  $id: 'Rollout',
  type: 'object',
  additionalProperties: false,
  required: [
    'id',
    'service',
    'baseline',
    'candidate',
    'phase',
    'phaseSince',
    'share',
    'step',
    'steps',
    'requests',
    'startedAt',
    'startedBy',
    'reason',
  ],
  properties: {
    id: { type: 'string' },
    service: { type: 'string' },
    baseline: { type: 'string', description: 'The version that served when it began.' },
    candidate: { type: 'string', description: 'The version that is to take its place.' },
    phase: {
      type: 'string',
      enum: ['preparing', 'watching', 'paused', 'finishing', 'promoted', 'rolling back', 'rolled back'],
    },
    phaseSince: { type: 'string', format: 'date-time' },
    share: { type: 'number', minimum: 0, maximum: 1, description: 'Of new requests, for the candidate.' },
    step: { type: 'integer', minimum: 1, description: 'Which of the steps it is at.' },
    steps: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['share', 'watchMs'],
        properties: {
          share: { type: 'number' },
          watchMs: { type: 'number', description: 'So long it is watched at least.' },
        },
      },
    },
    requests: {
      type: 'integer',
      description: 'That the candidate has answered in this step, since its share has settled.',
    },
    seenMs: { type: 'number', description: 'Time of this step in which its traffic was seen.' },
    pausedBy: { type: 'string', enum: ['person', 'blind', 'inconclusive'] },
    startedAt: { type: 'string', format: 'date-time' },
    startedBy: { type: 'string' },
    reason: { type: 'string', description: 'Why it stands as it does.' },
    verdict: {
      type: 'string',
      enum: ['worse', 'inconclusive', 'better', 'same'],
      description: 'Of the present step, while it is under way.',
    },
    effects: { type: 'array', items: { $ref: 'RolloutEffect' }, description: 'What the verdict stands on.' },
    troubles: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'Who does not do what was asked now, and why: fleet, split, fitness, traffic, memory.',
    },
    log: {
      type: 'array',
      items: { $ref: 'RolloutTurn' },
      description: 'Every turn, the oldest first; not in lists.',
    },
  },
} as const;

export const rolloutListSchema = {
  $id: 'RolloutList',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: { items: { type: 'array', items: { $ref: 'Rollout' } } },
} as const;

export const rolloutOrderSchema = {
  $id: 'RolloutOrder',
  type: 'object',
  additionalProperties: false,
  required: ['service', 'candidate'],
  properties: {
    service: { type: 'string', minLength: 1, maxLength: 100 },
    candidate: {
      type: 'string',
      minLength: 1,
      maxLength: 30,
      description:
        'The version of the candidate that the services file describes. What is started is said there alone.',
    },
    plan: {
      type: 'object',
      additionalProperties: true,
      description: 'As docs/reference/rollout.md has it; default: that of the services file.',
    },
  },
} as const;

export const rolloutReasonSchema = {
  $id: 'RolloutReason',
  type: 'object',
  additionalProperties: false,
  properties: {
    reason: {
      type: 'string',
      minLength: 1,
      maxLength: 500,
      pattern: '^[^\\u0000-\\u001f\\u007f]*$',
      description: 'Why, for whoever reads it later.',
    },
  },
} as const;

export const rolloutPromotionSchema = {
  $id: 'RolloutPromotion',
  type: 'object',
  additionalProperties: false,
  properties: {
    reason: {
      type: 'string',
      minLength: 1,
      maxLength: 500,
      pattern: '^[^\\u0000-\\u001f\\u007f]*$',
      description: 'Why, for whoever reads it later.',
    },
    all: {
      type: 'boolean',
      description:
        'Takes every step for passed but the last, in which there is still a way back; default: this one.',
    },
  },
} as const;
