/** What happens, as it happens. */
export const liveOperations = {
  streamLive: {
    method: 'GET',
    path: '/performance/live',
    tag: 'Live',
    summary: 'Follow what happens, as server-sent events',
    description:
      'Events of `tests`, `alerts`, `scaling` and `rollouts` have an id; who comes back with the last one as `Last-Event-ID` gets what came since, or the event `gap` where that is not known any more.',
    query: {
      type: 'object',
      additionalProperties: false,
      properties: {
        topics: {
          type: 'string',
          minLength: 1,
          maxLength: 200,
          description: 'Some of `tests,alerts,scaling,rollouts,metrics`; default all.',
        },
      },
    },
    headers: {
      type: 'object',
      properties: { 'last-event-id': { type: 'string', maxLength: 100 } },
    },
    responses: {
      200: { description: 'It lasts until either side ends it.', alsoAs: ['text/event-stream'] },
    },
  },
} as const;
