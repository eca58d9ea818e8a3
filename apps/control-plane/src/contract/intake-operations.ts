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
} as const;
