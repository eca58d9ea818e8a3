/** Groups of instances, and what was done about their size. */

export const scalingInstanceSchema = {
  $id: 'ScalingInstance',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'state', 'since', 'restarts'],
  properties: {
    id: { type: 'string' },
    state: {
      type: 'string',
      enum: ['starting', 'ready', 'waiting', 'draining'],
      description: 'waiting: it has crashed, and is given time before the next start.',
    },
    url: { type: 'string', description: 'Where it takes requests.' },
    since: { type: 'string', format: 'date-time', description: 'In this state since.' },
    restarts: { type: 'integer' },
    remark: {
      type: 'string',
      description: 'What has happened to it, and where that can be read, or what it waits for.',
    },
  },
} as const;

export const scalingFleetSchema = {
  $id: 'ScalingFleet',
  type: 'object',
  description: 'What is there now.',
  additionalProperties: false,
  required: ['wanted', 'ready', 'starting', 'stopping', 'instances'],
  properties: {
    wanted: { type: 'integer' },
    ready: { type: 'integer' },
    starting: { type: 'integer' },
    stopping: { type: 'integer' },
    instances: { type: 'array', items: { $ref: 'ScalingInstance' } },
    quota: {
      type: 'object',
      description: 'What keeps an instance to its share of the machine, where that was asked for.',
      additionalProperties: false,
      required: ['by'],
      properties: {
        by: { type: 'string', enum: ['control group', 'admission', 'nothing'] },
        cores: { type: 'number' },
        requestsAtOnce: { type: 'integer' },
        because: { type: 'string', description: 'Why it is not a control group.' },
      },
    },
    restart: {
      type: 'object',
      description: 'The latest rolling restart.',
      additionalProperties: false,
      required: ['state', 'startedAt', 'of', 'replaced'],
      properties: {
        state: {
          type: 'string',
          enum: ['going', 'done', 'stopped'],
          description: 'stopped: those that were not replaced by then stay as they are.',
        },
        startedAt: { type: 'string', format: 'date-time' },
        endedAt: { type: 'string', format: 'date-time' },
        of: { type: 'integer', description: 'Instances that were there when it began.' },
        replaced: { type: 'integer', description: 'Those of them that are gone.' },
        because: { type: 'string', description: 'Why it was stopped.' },
      },
    },
  },
} as const;

export const scalingProxySchema = {
  $id: 'ScalingProxy',
  type: 'object',
  description: 'A proxy that spreads requests over the instances.',
  additionalProperties: false,
  required: ['name', 'isAnswering'],
  properties: {
    name: { type: 'string' },
    url: { type: 'string', description: 'Where it takes requests, where it is one of ours.' },
    isAnswering: {
      type: 'boolean',
      description: 'Whether it answered last, also where it refused what it was asked.',
    },
    trouble: {
      type: 'string',
      description: 'Why it does not answer, or did not take up who is to get requests.',
    },
  },
} as const;

export const manualScalingSchema = {
  $id: 'ManualScaling',
  type: 'object',
  description: 'What somebody has set by hand; the policy decides again from `until` on.',
  additionalProperties: false,
  required: ['replicas', 'until', 'setBy', 'setAt', 'reason'],
  properties: {
    replicas: { type: 'integer' },
    until: { type: 'string', format: 'date-time' },
    setBy: { type: 'string' },
    setAt: { type: 'string', format: 'date-time' },
    reason: { type: 'string' },
  },
} as const;

export const scalingProposalSchema = {
  $id: 'ScalingProposal',
  type: 'object',
  description: 'What one rule of the policy said.',
  additionalProperties: false,
  required: ['metric', 'kind', 'says', 'wants', 'because'],
  properties: {
    metric: { type: 'string', description: 'What the rule goes by; `calendar` for one of known days.' },
    kind: { type: 'string', enum: ['threshold', 'target', 'sizing', 'forecast', 'calendar', 'hpa'] },
    says: { type: 'string', enum: ['more', 'stay', 'fewer', 'nothing'] },
    wants: { type: 'integer', description: 'How many instances it wants.' },
    seen: { type: 'number' },
    ageMs: { type: 'number', description: 'How old the value is.' },
    count: { type: 'integer', description: 'Of how many values it is made.' },
    scaleOutAbove: { type: 'number', description: 'Above it, the rule would ask for more.' },
    scaleInBelow: { type: 'number', description: 'Below it, the rule would agree to fewer.' },
    because: { type: 'string' },
  },
} as const;

export const scalingRoundSchema = {
  $id: 'ScalingRound',
  type: 'object',
  description: 'The latest look at it, and what was decided, also to do nothing.',
  additionalProperties: false,
  required: ['at', 'action', 'reason'],
  properties: {
    at: { type: 'string', format: 'date-time' },
    action: {
      type: 'string',
      enum: ['scale out', 'scale in', 'hold', 'unseen'],
      description: 'unseen: the group could not be seen, so that nothing was decided.',
    },
    from: { type: 'integer' },
    to: { type: 'integer' },
    recommended: {
      type: 'integer',
      description: 'What the rules wanted, before windows, cooldowns and limits.',
    },
    sure: {
      type: 'number',
      minimum: 0,
      maximum: 1,
      description:
        'How sure the decision is: how fresh and complete the values are, and how far from a limit.',
    },
    otherwise: { type: 'string', description: 'What would have changed it.' },
    reason: { type: 'string' },
    outcome: { type: 'string', enum: ['accepted', 'refused', 'failed', 'dry run'] },
    problem: { type: 'string', description: 'Why a step was not taken, or no metric could be read.' },
    proposals: {
      type: 'array',
      description: 'What each rule of the policy said.',
      items: { $ref: 'ScalingProposal' },
    },
  },
} as const;

export const scalingDecisionSchema = {
  $id: 'ScalingDecision',
  type: 'object',
  description: 'What was decided about a group for a while, and why.',
  additionalProperties: false,
  required: ['from', 'until', 'count', 'action', 'reason'],
  properties: {
    from: { type: 'string', format: 'date-time', description: 'When it was decided first.' },
    until: {
      type: 'string',
      format: 'date-time',
      description: 'When it was decided again for the last time.',
    },
    count: { type: 'integer', description: 'How often it was decided meanwhile.' },
    action: {
      type: 'string',
      enum: ['scale out', 'scale in', 'hold', 'unseen'],
      description: 'unseen: the group could not be seen, so that nothing was decided.',
    },
    before: { type: 'integer', description: 'Instances that were wanted before, and after.' },
    after: { type: 'integer' },
    recommended: {
      type: 'integer',
      description: 'What the rules wanted, before windows, cooldowns and limits.',
    },
    bound: {
      type: 'string',
      description:
        'What kept it from what the rules wanted, or made it without them: `cooldown`, `maximum` …',
    },
    reason: { type: 'string' },
    otherwise: { type: 'string', description: 'What would have changed it.' },
    sure: {
      type: 'number',
      minimum: 0,
      maximum: 1,
      description: 'How fresh and complete the values were, and how far from a limit.',
    },
    outcome: { type: 'string', enum: ['accepted', 'refused', 'failed', 'dry run'] },
    problem: { type: 'string', description: 'Why a step was not taken, or nothing could be read.' },
    policyVersion: { type: 'integer' },
    proposals: {
      type: 'array',
      description: 'What each rule said, the last time.',
      items: { $ref: 'ScalingProposal' },
    },
    seen: {
      type: 'object',
      description: 'The least and the most that each metric was meanwhile.',
      additionalProperties: { type: 'array', items: { type: 'number' }, minItems: 2, maxItems: 2 },
    },
  },
} as const;

export const scalingDecisionListSchema = {
  $id: 'ScalingDecisionList',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: { items: { type: 'array', items: { $ref: 'ScalingDecision' } } },
} as const;

export const scalingGroupSchema = {
  $id: 'ScalingGroup',
  type: 'object',
  additionalProperties: false,
  required: ['group', 'version', 'policy', 'changedBy', 'changedAt', 'counts'],
  properties: {
    group: { type: 'string' },
    version: { type: 'integer', description: 'One more with each change of the policy.' },
    policy: {
      type: 'object',
      additionalProperties: true,
      description: 'As docs/reference/scaling.md has it.',
    },
    changedBy: { type: 'string', description: 'The id of a key, or `services file`.' },
    changedAt: { type: 'string', format: 'date-time' },
    manual: { $ref: 'ManualScaling' },
    fleet: { $ref: 'ScalingFleet' },
    unseen: { type: 'string', description: 'Why there is no `fleet`.' },
    proxies: { type: 'array', items: { $ref: 'ScalingProxy' } },
    last: { $ref: 'ScalingRound' },
    counts: {
      type: 'object',
      additionalProperties: { type: 'integer' },
      description: 'Rounds, decisions, and what went wrong and was survived, since the start.',
    },
  },
} as const;

export const scalingStatusSchema = {
  $id: 'ScalingStatus',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: { items: { type: 'array', items: { $ref: 'ScalingGroup' } } },
} as const;

export const scalingChangeSchema = {
  $id: 'ScalingChange',
  type: 'object',
  description: 'A policy, or the name of a preset.',
  additionalProperties: false,
  required: ['group', 'policy'],
  properties: {
    group: { type: 'string', minLength: 1, maxLength: 100 },
    policy: {
      description: 'As docs/reference/scaling.md has it, or the name of a preset: `foodshare/api_servers`.',
      anyOf: [
        { type: 'string', minLength: 1, maxLength: 100 },
        { type: 'object', additionalProperties: true },
      ],
    },
    version: {
      type: 'integer',
      minimum: 0,
      description:
        'The version that it is to replace; or `If-Match`. With neither it replaces whichever is there.',
    },
  },
} as const;

export const manualOrderSchema = {
  $id: 'ManualScalingOrder',
  type: 'object',
  additionalProperties: false,
  required: ['group', 'replicas'],
  properties: {
    group: { type: 'string', minLength: 1, maxLength: 100 },
    replicas: { type: 'integer', minimum: 1, maximum: 10000, description: 'Within the policy.' },
    duration: {
      type: 'string',
      minLength: 1,
      maxLength: 30,
      description: 'After it the policy decides again. Default `1h`, at most seven days.',
    },
    reason: { type: 'string', maxLength: 500, pattern: '^[^\\u0000-\\u001f\\u007f]*$' },
  },
} as const;

export const restartOrderSchema = {
  $id: 'RestartOrder',
  type: 'object',
  additionalProperties: false,
  required: ['group'],
  properties: {
    group: { type: 'string', minLength: 1, maxLength: 100 },
    reason: { type: 'string', maxLength: 500, pattern: '^[^\\u0000-\\u001f\\u007f]*$' },
  },
} as const;

export const scalingEventSchema = {
  $id: 'ScalingEvent',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'at', 'group', 'action', 'previousCapacity', 'newCapacity', 'trigger', 'actor', 'reason'],
  properties: {
    id: { type: 'string' },
    at: { type: 'string', format: 'date-time' },
    group: { type: 'string' },
    action: { type: 'string', description: 'scale_up, scale_down, or restart, which keeps the size' },
    previousCapacity: { type: 'integer' },
    newCapacity: { type: 'integer' },
    trigger: {
      type: 'object',
      additionalProperties: false,
      required: ['metric'],
      properties: {
        metric: { type: 'string', description: 'A metric, or `manual`, `minimum`, `maximum`.' },
        value: { type: 'number' },
        threshold: { type: 'number' },
      },
    },
    outcome: { type: 'string', enum: ['accepted', 'refused', 'failed'] },
    actor: { type: 'string' },
    reason: { type: 'string' },
  },
} as const;

export const scalingEventPageSchema = {
  $id: 'ScalingEventPage',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: {
    items: { type: 'array', items: { $ref: 'ScalingEvent' } },
    nextCursor: { type: 'string', description: 'Absent on the last page.' },
  },
} as const;
