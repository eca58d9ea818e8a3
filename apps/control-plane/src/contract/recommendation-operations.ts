/** What to do, from everything that is known. */
export const recommendationOperations = {
  listRecommendations: {
    method: 'GET',
    path: '/performance/recommendations',
    tag: 'Recommendations',
    summary: 'Say what to do about what was found, the most pressing first',
    description:
      'From the metrics of the last five minutes, the CPU profiles of the last day, the load tests of the last week, and the databases that are watched.',
    responses: {
      200: {
        description: 'Each with its evidence; empty, with the reason, where all is well.',
        schema: { $ref: 'Recommendations' },
      },
    },
  },
} as const;
