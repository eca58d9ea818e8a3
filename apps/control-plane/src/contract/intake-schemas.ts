/** Samples on their way in. Their limits are those of the store. */

export const metricSampleSchema = {
  $id: 'MetricSample',
  type: 'object',
  additionalProperties: false,
  required: ['metric', 'service', 'value'],
  properties: {
    metric: {
      type: 'string',
      minLength: 1,
      maxLength: 200,
      pattern: '^[^\\u0000-\\u001f\\u007f]*$',
      examples: ['meals_saved'],
    },
    service: {
      type: 'string',
      minLength: 1,
      maxLength: 100,
      pattern: '^[^\\u0000-\\u001f\\u007f]*$',
      examples: ['shop'],
    },
    value: { type: 'number' },
    unit: {
      type: 'string',
      minLength: 1,
      maxLength: 20,
      pattern: '^[^\\u0000-\\u001f\\u007f]*$',
      description:
        'Default: what the name ends in (`_ms`, `_bytes`, `_ratio`, `_percent`, `_seconds`), else `count`.',
    },
    instance: { type: 'string', minLength: 1, maxLength: 100, pattern: '^[^\\u0000-\\u001f\\u007f]*$' },
    endpoint: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[^\\u0000-\\u001f\\u007f]*$' },
    labels: {
      type: 'object',
      maxProperties: 16,
      propertyNames: { minLength: 1, maxLength: 200 },
      additionalProperties: { type: 'string', maxLength: 1000 },
      description: 'Whatever else tells apart: 1,000 characters in all.',
    },
    at: {
      type: 'string',
      format: 'date-time',
      description: 'Default now. At most 24 hours ago, and 5 minutes ahead.',
    },
  },
} as const;

export const metricBatchSchema = {
  $id: 'MetricBatch',
  type: 'object',
  additionalProperties: false,
  required: ['samples'],
  properties: {
    samples: { type: 'array', minItems: 1, maxItems: 10_000, items: { $ref: 'MetricSample' } },
  },
} as const;

export const intakeReceiptSchema = {
  $id: 'IntakeReceipt',
  type: 'object',
  additionalProperties: false,
  required: ['state', 'accepted', 'refused', 'leftOut', 'problems'],
  properties: {
    state: {
      type: 'string',
      enum: ['committed', 'waiting'],
      description: 'committed: it survives whatever happens to this process.',
    },
    accepted: { type: 'integer', description: 'Samples that are kept.' },
    refused: { type: 'integer', description: 'Those that something is wrong with.' },
    leftOut: {
      type: 'integer',
      description: 'Those that say nothing: no number, or of a counter and not newer than its last one.',
    },
    problems: {
      type: 'array',
      description: 'What is wrong with the first ten of those that were refused.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['pointer', 'detail'],
        properties: { pointer: { type: 'string' }, detail: { type: 'string' } },
      },
    },
  },
} as const;
