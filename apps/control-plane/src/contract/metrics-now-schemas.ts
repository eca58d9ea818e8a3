/** What every service is doing now. */

export const distributionNowSchema = {
  $id: 'DistributionNow',
  type: 'object',
  additionalProperties: false,
  required: ['count', 'p50', 'p95', 'p99', 'max'],
  properties: {
    count: { type: 'integer' },
    p50: { type: 'number' },
    p95: { type: 'number' },
    p99: { type: 'number' },
    max: { type: 'number' },
  },
} as const;

export const vitalNowSchema = {
  $id: 'VitalNow',
  type: 'object',
  additionalProperties: false,
  required: ['count', 'p75', 'goodRatio', 'verdict'],
  properties: {
    count: { type: 'integer', description: 'Page views.' },
    p75: { type: 'number', description: 'In milliseconds; of `cls` a score.' },
    goodRatio: { type: 'number', description: 'Of page views.' },
    verdict: { type: 'string', enum: ['good', 'needs improvement', 'poor'] },
  },
} as const;

export const healthNowSchema = {
  $id: 'HealthNow',
  type: 'object',
  additionalProperties: false,
  required: ['parts', 'missing'],
  description:
    'How well a service is, from 0 to 100, as a mean of its parts by weight; the formula is in the reference of `observe`.',
  properties: {
    score: { type: 'number', description: 'Absent where nothing is known.' },
    parts: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['part', 'value', 'score'],
        properties: { part: { type: 'string' }, value: { type: 'number' }, score: { type: 'number' } },
      },
    },
    missing: { type: 'array', items: { type: 'string' }, description: 'Parts that nothing is known of.' },
    heldDownBy: { type: 'string', description: 'The part that alone keeps the score low.' },
  },
} as const;

export const apdexNowSchema = {
  $id: 'ApdexNow',
  type: 'object',
  additionalProperties: false,
  required: ['score', 'targetMs', 'satisfied', 'tolerating', 'frustrated'],
  description: 'How content users are with the time that answers take, from 0 to 1.',
  properties: {
    score: { type: 'number' },
    targetMs: { type: 'integer' },
    satisfied: { type: 'integer', description: 'Answered within the target.' },
    tolerating: { type: 'integer', description: 'Answered within four times of it.' },
    frustrated: { type: 'integer', description: 'Answered later, or by a failure.' },
  },
} as const;

export const instanceNowSchema = {
  $id: 'InstanceNow',
  type: 'object',
  additionalProperties: false,
  required: ['instance', 'state'],
  properties: {
    instance: { type: 'string' },
    state: { type: 'string', enum: ['up', 'stale', 'down'] },
    cpuRatio: { type: 'number', description: 'Of one core.' },
    eventLoopRatio: { type: 'number' },
    memoryBytes: { type: 'number' },
    memoryRatio: { type: 'number', description: 'Of what it may take.' },
    heapBytes: { type: 'number' },
    requestsPerSecond: { type: 'number' },
    errorsPerSecond: { type: 'number' },
    requestsInFlight: { type: 'number' },
    connections: { type: 'number' },
    receivedBytesPerSecond: { type: 'number' },
    sentBytesPerSecond: { type: 'number' },
  },
} as const;

export const serviceNowSchema = {
  $id: 'ServiceNow',
  type: 'object',
  additionalProperties: false,
  required: ['service', 'instancesUp', 'instancesStale', 'instancesDown', 'health'],
  properties: {
    service: { type: 'string' },
    instancesUp: { type: 'integer' },
    instancesStale: { type: 'integer' },
    instancesDown: { type: 'integer' },
    health: { $ref: 'HealthNow' },
    apdex: { $ref: 'ApdexNow' },
    activeUsers: {
      type: 'integer',
      description: 'Signed in within the last five minutes, each counted once.',
    },
    requestsPerSecond: { type: 'number' },
    errorsPerSecond: { type: 'number', description: 'Answers from 500 on.' },
    errorRatio: { type: 'number' },
    requestsInFlight: { type: 'number' },
    latencyMs: { $ref: 'DistributionNow' },
    cpuRatio: { type: 'number', description: 'Of one core, the mean of instances.' },
    cpuRatioMax: { type: 'number', description: 'Of the instance that has most.' },
    eventLoopRatio: { type: 'number', description: 'The mean of instances.' },
    eventLoopRatioMax: { type: 'number' },
    memoryBytes: { type: 'number', description: 'In all.' },
    heapBytes: { type: 'number', description: 'In all.' },
    memoryRatioMax: { type: 'number', description: 'Of what it may take, of the instance that is fullest.' },
    network: {
      type: 'object',
      additionalProperties: false,
      properties: {
        receivedBytesPerSecond: { type: 'number', description: 'By its servers, in all.' },
        sentBytesPerSecond: { type: 'number' },
        connections: { type: 'number' },
        machineReceivedBytesPerSecond: {
          type: 'number',
          description: 'By the machines it runs on, the mean of what instances see.',
        },
        machineSentBytesPerSecond: { type: 'number' },
      },
    },
    database: {
      type: 'object',
      additionalProperties: false,
      properties: {
        queryMs: { $ref: 'DistributionNow' },
        connections: { type: 'number' },
        connectionsMax: { type: 'number' },
        activeConnections: { type: 'number' },
        transactionsPerSecond: { type: 'number' },
        hitRatio: { type: 'number', description: 'Of blocks, found in its own memory.' },
        bytes: { type: 'number' },
      },
    },
    cache: {
      type: 'object',
      additionalProperties: false,
      properties: {
        hitRatio: { type: 'number' },
        hitsPerSecond: { type: 'number' },
        lookupsPerSecond: { type: 'number' },
      },
    },
    webVitals: {
      type: 'object',
      additionalProperties: { $ref: 'VitalNow' },
      description: '`lcp`, `inp`, `fid`, `cls`, `fcp`, `ttfb`, of the last hour.',
    },
    speedRatings: {
      type: 'object',
      additionalProperties: false,
      required: ['count', 'fastRatio'],
      description: 'How fast people found pages, of the last hour.',
      properties: {
        count: { type: 'integer' },
        fastRatio: { type: 'number', description: 'Of those who said fast or very fast.' },
      },
    },
    instances: { type: 'array', items: { $ref: 'InstanceNow' }, description: 'With `by=instance`.' },
  },
} as const;

export const metricsNowSchema = {
  $id: 'MetricsNow',
  type: 'object',
  additionalProperties: false,
  required: ['at', 'items'],
  properties: {
    at: { type: 'string', format: 'date-time' },
    items: { type: 'array', items: { $ref: 'ServiceNow' } },
  },
} as const;
