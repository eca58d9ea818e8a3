/** Ways in which metrics come in by themselves, beside those that are collected. */
export const intakeOperations = {
  writeMetrics: {
    method: 'POST',
    path: '/performance/metrics',
    tag: 'Metrics',
    summary: 'Write samples of your own metrics',
    description:
      'A batch that does not fit its schema is refused as a whole. Of one that does, samples that cannot be kept, because they are too old or from the future, are left out and told, and the others are taken.',
    isIntake: true,
    body: { $ref: 'MetricBatch' },
    responses: {
      200: { description: 'They are committed.', schema: { $ref: 'IntakeReceipt' } },
      202: {
        description:
          'They wait in memory until the database takes them; a process that is killed loses them.',
        schema: { $ref: 'IntakeReceipt' },
      },
    },
  },
  writeMetricsText: {
    method: 'POST',
    path: '/performance/metrics/text',
    tag: 'Metrics',
    summary: 'Push a page of metrics as Prometheus text',
    description:
      'It is read as if the instance had been asked for it: counters become what they grew since the page before of this service and instance, histograms what was recorded since then, gauges stay as they are.',
    isIntake: true,
    query: {
      type: 'object',
      additionalProperties: false,
      required: ['service'],
      properties: {
        service: {
          type: 'string',
          minLength: 1,
          maxLength: 100,
          pattern: '^[^\\u0000-\\u001f\\u007f]*$',
          examples: ['shop'],
        },
        instance: {
          type: 'string',
          minLength: 1,
          maxLength: 100,
          pattern: '^[^\\u0000-\\u001f\\u007f]*$',
          description: 'Who pushes, where several of a service do.',
        },
      },
    },
    bodyAs: ['text/plain', 'application/openmetrics-text'],
    responses: {
      200: { description: 'What it says is committed.', schema: { $ref: 'IntakeReceipt' } },
      202: {
        description: 'It waits in memory until the database takes it; a process that is killed loses it.',
        schema: { $ref: 'IntakeReceipt' },
      },
    },
  },
  remoteWriteMetrics: {
    method: 'POST',
    path: '/performance/metrics/remote-write',
    tag: 'Metrics',
    summary: 'Receive what a Prometheus writes',
    description:
      'Remote write 1.0: a `prometheus.WriteRequest` in a Snappy block. The labels `service`, or else `job`, and `instance` say whose it is. Counters and histograms become what they grew since the sample before.',
    isIntake: true,
    bodyAs: ['application/x-protobuf'],
    responses: {
      200: { description: 'It is committed.', schema: { $ref: 'IntakeReceipt' } },
      202: {
        description: 'Some of it waits in memory; a process that is killed loses it.',
        schema: { $ref: 'IntakeReceipt' },
      },
    },
  },
} as const;
