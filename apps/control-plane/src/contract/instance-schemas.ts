/** Instances that are watched, and those that register. */

export const instanceSchema = {
  $id: 'Instance',
  type: 'object',
  additionalProperties: false,
  required: ['service', 'instance', 'kind', 'source', 'state', 'since'],
  properties: {
    service: { type: 'string' },
    instance: { type: 'string' },
    kind: { type: 'string', enum: ['http', 'postgres', 'valkey'] },
    source: {
      type: 'string',
      enum: ['list', 'dns', 'kubernetes', 'services', 'registered'],
      description:
        'How it became known: by an option, behind a name, by the labels of its pod, as one that is run here, or by itself.',
    },
    url: { type: 'string', description: 'Where it shows its metrics.' },
    id: { type: 'string', description: 'Of one that registered.' },
    state: {
      type: 'string',
      enum: ['up', 'stale', 'down'],
      description: 'stale: it does not answer, and did not long ago.',
    },
    since: { type: 'string', format: 'date-time', description: 'In this state since.' },
    answeredAt: { type: 'string', format: 'date-time', description: 'When it last did.' },
    because: { type: 'string', description: 'Why it is not up.' },
  },
} as const;

export const instancesSchema = {
  $id: 'Instances',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: { items: { type: 'array', items: { $ref: 'Instance' } } },
} as const;

export const instanceOrderSchema = {
  $id: 'InstanceOrder',
  type: 'object',
  additionalProperties: false,
  required: ['service', 'url'],
  properties: {
    service: { type: 'string', minLength: 1, maxLength: 100, pattern: '^[^\\u0000-\\u001f\\u007f]*$' },
    url: {
      type: 'string',
      minLength: 1,
      maxLength: 2000,
      description: 'Where it shows its metrics; without a path, `/metrics`.',
    },
    instance: {
      type: 'string',
      minLength: 1,
      maxLength: 100,
      pattern: '^[^\\u0000-\\u001f\\u007f]*$',
      description: 'Default its host and port.',
    },
  },
} as const;

export const registrationSchema = {
  $id: 'Registration',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'service', 'instance', 'url', 'heartbeatEveryMs', 'expiresAt'],
  properties: {
    id: { type: 'string' },
    service: { type: 'string' },
    instance: { type: 'string' },
    url: { type: 'string' },
    heartbeatEveryMs: { type: 'integer' },
    expiresAt: {
      type: 'string',
      format: 'date-time',
      description: 'Without a heartbeat until then it is down.',
    },
  },
} as const;
