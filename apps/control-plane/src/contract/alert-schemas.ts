/** Alerts, the rules that they come of, silences, incidents, and targets that are met or missed. */

export const alertSchema = {
  $id: 'Alert',
  type: 'object',
  additionalProperties: false,
  required: [
    'fingerprint',
    'rule',
    'labels',
    'state',
    'severity',
    'limit',
    'unit',
    'startedAt',
    'seenAt',
    'summary',
  ],
  properties: {
    fingerprint: { type: 'string', description: 'Of its rule’s name and its series’ labels.' },
    rule: { type: 'string' },
    labels: {
      type: 'object',
      additionalProperties: { type: 'string' },
    },
    state: {
      type: 'string',
      enum: ['pending', 'firing'],
      description: 'pending: beyond a limit, not long enough yet.',
    },
    severity: { type: 'string', enum: ['warning', 'critical'] },
    value: { type: 'number', description: 'The latest reading; absent where there is none.' },
    limit: { type: 'number' },
    unit: { type: 'string', enum: ['ms', 'ratio', 'bytes', 'number'] },
    startedAt: { type: 'string', format: 'date-time', description: 'Beyond a limit since.' },
    firedAt: { type: 'string', format: 'date-time' },
    seenAt: { type: 'string', format: 'date-time', description: 'Its series’ latest reading.' },
    summary: { type: 'string' },
    runbook: { type: 'string' },
    acknowledged: {
      type: 'object',
      additionalProperties: false,
      required: ['by', 'at'],
      properties: { by: { type: 'string' }, at: { type: 'string', format: 'date-time' } },
    },
    silencedBy: { type: 'string', description: 'The id of the silence that keeps it from being told.' },
    incidentId: { type: 'string' },
  },
} as const;

export const alertPageSchema = {
  $id: 'AlertPage',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: {
    items: { type: 'array', items: { $ref: 'Alert' } },
    nextCursor: { type: 'string', description: 'Absent on the last page.' },
  },
} as const;

export const alertRuleOrderSchema = {
  $id: 'AlertRuleOrder',
  type: 'object',
  description: 'A rule as it stands in the list of a rule file; docs/reference/alerts.md has every key.',
  examples: [
    {
      name: 'slow-claims',
      metric: 'latency_ms',
      statistic: 'p99',
      match: { service: 'shop' },
      above: { warning: '500ms', critical: '2s' },
      for: '2m',
    },
  ],
  additionalProperties: false,
  required: ['name', 'metric'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 100 },
    metric: { type: 'string', minLength: 1, maxLength: 100 },
    of: { type: 'string', minLength: 1, maxLength: 100 },
    match: {
      type: 'object',
      additionalProperties: {
        anyOf: [
          { type: 'string', maxLength: 200 },
          { type: 'array', items: { type: 'string', maxLength: 200 }, maxItems: 100 },
        ],
      },
    },
    statistic: { type: 'string', minLength: 1, maxLength: 10 },
    window: { type: 'string', minLength: 1, maxLength: 30 },
    above: {
      type: 'object',
      additionalProperties: false,
      properties: {
        warning: { type: ['string', 'number'], maxLength: 30 },
        critical: { type: ['string', 'number'], maxLength: 30 },
      },
    },
    below: {
      type: 'object',
      additionalProperties: false,
      properties: {
        warning: { type: ['string', 'number'], maxLength: 30 },
        critical: { type: ['string', 'number'], maxLength: 30 },
      },
    },
    resolve: {
      type: 'object',
      additionalProperties: false,
      properties: {
        warning: { type: ['string', 'number'], maxLength: 30 },
        critical: { type: ['string', 'number'], maxLength: 30 },
      },
    },
    hysteresis: { type: 'string', minLength: 1, maxLength: 10 },
    for: { type: 'string', minLength: 1, maxLength: 30 },
    missing: { type: 'string', enum: ['keep', 'ok', 'alert'] },
    labels: { type: 'object', additionalProperties: { type: 'string', maxLength: 200 } },
    runbook: { type: 'string', minLength: 1, maxLength: 500 },
    summary: { type: 'string', minLength: 1, maxLength: 500 },
  },
} as const;

export const alertRuleChangeSchema = {
  $id: 'AlertRuleChange',
  type: 'object',
  additionalProperties: false,
  required: ['rule'],
  properties: {
    rule: { $ref: 'AlertRuleOrder' },
    version: {
      type: 'integer',
      minimum: 0,
      maximum: 999999999,
      description: 'The version that it is to replace; default whichever is there.',
    },
  },
} as const;

export const alertRuleSchema = {
  $id: 'AlertRule',
  type: 'object',
  description: 'Complete: what was left out is filled in.',
  additionalProperties: false,
  required: [
    'name',
    'origin',
    'version',
    'metric',
    'match',
    'statistic',
    'windowMs',
    'direction',
    'limits',
    'unit',
    'forMs',
    'missing',
    'labels',
    'summary',
  ],
  properties: {
    name: { type: 'string' },
    origin: {
      type: 'string',
      enum: ['preset', 'file', 'api'],
      description: 'One of the API stands in the place of one of the file or a preset of its name.',
    },
    version: { type: 'integer', description: '0 where it is not of the API.' },
    metric: { type: 'string' },
    of: { type: 'string' },
    match: { type: 'object', additionalProperties: { type: 'array', items: { type: 'string' } } },
    statistic: { type: 'string' },
    windowMs: { type: 'number' },
    direction: { type: 'string', enum: ['above', 'below'] },
    limits: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['severity', 'limit', 'resolveLimit'],
        properties: {
          severity: { type: 'string', enum: ['warning', 'critical'] },
          limit: { type: 'number' },
          resolveLimit: { type: 'number', description: 'On its good side it is over.' },
        },
      },
    },
    unit: { type: 'string', enum: ['ms', 'ratio', 'bytes', 'number'] },
    forMs: { type: 'number' },
    missing: { type: 'string', enum: ['keep', 'ok', 'alert'] },
    labels: {
      type: 'object',
      additionalProperties: { type: 'string' },
    },
    runbook: { type: 'string' },
    summary: { type: 'string' },
    written: { $ref: 'AlertRuleOrder' },
    changedBy: { type: 'string', description: 'The id of the key.' },
    changedAt: { type: 'string', format: 'date-time' },
  },
} as const;

export const alertRulesSchema = {
  $id: 'AlertRules',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: { items: { type: 'array', items: { $ref: 'AlertRule' } } },
} as const;

export const silenceOrderSchema = {
  $id: 'SilenceOrder',
  type: 'object',
  examples: [
    { match: { service: 'shop', severity: 'warning' }, for: '2h', why: 'the database is being moved' },
  ],
  additionalProperties: false,
  required: ['match', 'for', 'why'],
  properties: {
    match: {
      type: 'object',
      description: 'Labels of alerts, `rule` and `severity` among them; `*` in a value stands for any text.',
      additionalProperties: {
        anyOf: [
          { type: 'string', maxLength: 200 },
          { type: 'array', items: { type: 'string', maxLength: 200 }, maxItems: 100 },
        ],
      },
    },
    for: { type: 'string', minLength: 1, maxLength: 30, description: 'At most `30d`.' },
    from: { type: 'string', format: 'date-time', description: 'Default now.' },
    why: { type: 'string', minLength: 1, maxLength: 500 },
  },
} as const;

export const silenceSchema = {
  $id: 'Silence',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'match', 'from', 'until', 'by', 'why'],
  properties: {
    id: { type: 'string' },
    match: { type: 'object', additionalProperties: { type: 'array', items: { type: 'string' } } },
    from: { type: 'string', format: 'date-time' },
    until: { type: 'string', format: 'date-time' },
    by: { type: 'string' },
    why: { type: 'string' },
  },
} as const;

export const silencesSchema = {
  $id: 'Silences',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: { items: { type: 'array', items: { $ref: 'Silence' } } },
} as const;

export const incidentSchema = {
  $id: 'Incident',
  type: 'object',
  additionalProperties: false,
  required: [
    'id',
    'state',
    'severity',
    'service',
    'group',
    'startedAt',
    'openedAt',
    'level',
    'alertCount',
    'firingCount',
    'runbooks',
  ],
  properties: {
    id: { type: 'string' },
    state: { type: 'string', enum: ['open', 'resolved'] },
    severity: { type: 'string', enum: ['warning', 'critical'], description: 'The worst that it was.' },
    service: { type: 'string', description: 'Of its first alert; empty where it has none.' },
    group: {
      type: 'object',
      additionalProperties: { type: 'string' },
    },
    startedAt: { type: 'string', format: 'date-time', description: 'The first value beyond a limit.' },
    openedAt: { type: 'string', format: 'date-time' },
    resolvedAt: { type: 'string', format: 'date-time' },
    taken: {
      type: 'object',
      additionalProperties: false,
      required: ['by', 'at'],
      properties: { by: { type: 'string' }, at: { type: 'string', format: 'date-time' } },
    },
    level: { type: 'integer', description: 'How often it was passed on because nobody took it.' },
    alertCount: { type: 'integer' },
    firingCount: { type: 'integer' },
    runbooks: { type: 'array', items: { type: 'string' } },
    timeToAcknowledgeMs: { type: 'number' },
    timeToRecoveryMs: { type: 'number' },
    alerts: {
      type: 'array',
      description: 'Where one incident is asked for.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['fingerprint', 'rule', 'labels'],
        properties: {
          fingerprint: { type: 'string' },
          rule: { type: 'string' },
          labels: {
            type: 'object',
            additionalProperties: { type: 'string' },
          },
          resolvedAt: { type: 'string', format: 'date-time' },
        },
      },
    },
    alertsLeftOut: { type: 'integer', description: 'Alerts of it that `alerts` has no room for.' },
    timeline: {
      type: 'array',
      description: 'Where one incident is asked for.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['at', 'by', 'what', 'text'],
        properties: {
          at: { type: 'string', format: 'date-time' },
          by: { type: 'string', description: 'A person, or `loadline`.' },
          what: { type: 'string', enum: ['opened', 'alert', 'taken', 'note', 'escalated', 'resolved'] },
          text: { type: 'string' },
        },
      },
    },
    timelineLeftOut: { type: 'integer', description: 'Entries that it has no room for.' },
  },
} as const;

export const incidentPageSchema = {
  $id: 'IncidentPage',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: {
    items: { type: 'array', items: { $ref: 'Incident' } },
    nextCursor: { type: 'string', description: 'Absent on the last page.' },
  },
} as const;

export const incidentTakeSchema = {
  $id: 'IncidentTake',
  type: 'object',
  examples: [{}],
  additionalProperties: false,
  properties: {
    assignee: {
      type: 'string',
      minLength: 1,
      maxLength: 100,
      pattern: '^[^\\u0000-\\u001f\\u007f]*$',
      description: 'Who takes it; default the name of the key that asks.',
    },
  },
} as const;

export const incidentNoteSchema = {
  $id: 'IncidentNote',
  type: 'object',
  examples: [{ text: 'The disk of db-2 is full.' }],
  additionalProperties: false,
  required: ['text'],
  properties: { text: { type: 'string', minLength: 1, maxLength: 2000 } },
} as const;

export const judgedServiceSchema = {
  $id: 'JudgedService',
  type: 'object',
  additionalProperties: false,
  required: ['service', 'targets'],
  properties: {
    service: { type: 'string' },
    targets: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['metric', 'limit', 'direction', 'verdict'],
        properties: {
          metric: { type: 'string' },
          limit: {
            type: 'number',
            description: 'In the unit that the name ends in; ratios are from 0 to 1.',
          },
          direction: { type: 'string', enum: ['at most', 'at least'] },
          verdict: { type: 'string', enum: ['met', 'missed', 'not applicable'] },
          measured: { type: 'number' },
          reason: { type: 'string', description: 'Why it is not applicable.' },
        },
      },
    },
  },
} as const;

export const judgedTargetsSchema = {
  $id: 'JudgedTargets',
  type: 'object',
  additionalProperties: false,
  required: ['preset', 'from', 'to', 'items'],
  properties: {
    preset: { type: 'string', enum: ['foodshare', 'enterprise', 'wedding', 'guide'] },
    from: { type: 'string', format: 'date-time' },
    to: { type: 'string', format: 'date-time' },
    items: { type: 'array', items: { $ref: 'JudgedService' } },
  },
} as const;
