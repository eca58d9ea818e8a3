/** What to do about what was found. */

export const evidenceSchema = {
  $id: 'Evidence',
  type: 'object',
  description: 'A number that shows something, and where it can be looked at.',
  additionalProperties: false,
  required: ['name', 'value', 'unit', 'source'],
  properties: {
    name: { type: 'string' },
    value: { type: 'number' },
    unit: { type: 'string' },
    count: { type: 'number', description: 'Of how many observations it is made.' },
    from: { type: 'string', format: 'date-time', description: 'When it was observed.' },
    to: { type: 'string', format: 'date-time' },
    source: { type: 'string', description: 'A path of this API, or the view that it was read from.' },
  },
} as const;

export const findingSchema = {
  $id: 'Finding',
  type: 'object',
  additionalProperties: false,
  required: ['component', 'kind', 'severity', 'summary', 'evidence'],
  properties: {
    component: { type: 'string' },
    kind: { type: 'string' },
    severity: { type: 'string', enum: ['critical', 'warning', 'notice'] },
    summary: { type: 'string' },
    evidence: { type: 'array', items: { $ref: 'Evidence' } },
  },
} as const;

export const expectationSchema = {
  $id: 'Expectation',
  type: 'object',
  description:
    'What the change would bring: computed by a formula that is told, or not known, with the reason.',
  additionalProperties: false,
  required: ['kind'],
  properties: {
    kind: { type: 'string', enum: ['modelled', 'not known'] },
    because: { type: 'string' },
    statement: { type: 'string' },
    formula: { type: 'string' },
    inputs: { type: 'object', additionalProperties: { type: 'number' } },
    before: { type: 'number' },
    after: { type: 'number' },
    unit: { type: 'string' },
  },
} as const;

export const recommendationSchema = {
  $id: 'Recommendation',
  type: 'object',
  additionalProperties: false,
  required: [
    'component',
    'action',
    'reasoning',
    'severity',
    'confidence',
    'risk',
    'expected',
    'finding',
    'alsoSeen',
    'evidence',
  ],
  properties: {
    component: { type: 'string' },
    action: { type: 'string' },
    reasoning: { type: 'string' },
    severity: { type: 'string', enum: ['critical', 'warning', 'notice'] },
    confidence: { type: 'string', enum: ['low', 'medium', 'high'] },
    risk: {
      type: 'object',
      additionalProperties: false,
      required: ['level', 'what'],
      properties: { level: { type: 'string', enum: ['low', 'medium', 'high'] }, what: { type: 'string' } },
    },
    expected: { $ref: 'Expectation' },
    finding: { $ref: 'Finding' },
    alsoSeen: {
      type: 'array',
      items: { $ref: 'Finding' },
      description: 'Others that name the same bottleneck.',
    },
    evidence: { type: 'array', items: { $ref: 'Evidence' } },
  },
} as const;

export const recommendationsSchema = {
  $id: 'Recommendations',
  type: 'object',
  additionalProperties: false,
  required: ['at', 'items', 'reason', 'unanswered', 'unseen'],
  properties: {
    at: { type: 'string', format: 'date-time' },
    items: { type: 'array', items: { $ref: 'Recommendation' }, description: 'The most pressing first.' },
    reason: { type: 'string', description: 'Why the list is as it is, above all why it is empty.' },
    unanswered: {
      type: 'array',
      items: { $ref: 'Finding' },
      description: 'Findings to which no answer is known.',
    },
    unseen: {
      type: 'array',
      items: { type: 'string' },
      description: 'What could not be looked at, and why.',
    },
  },
} as const;
