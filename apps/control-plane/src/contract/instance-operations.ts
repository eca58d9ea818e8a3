/** Who is asked what it is doing. */
export const instanceOperations = {
  listInstances: {
    method: 'GET',
    path: '/instances',
    tag: 'Instances',
    summary: 'List every instance and server that is watched, with how it stands',
    query: {
      type: 'object',
      additionalProperties: false,
      properties: {
        service: { type: 'string', minLength: 1, maxLength: 100 },
        state: { type: 'string', enum: ['up', 'stale', 'down'] },
      },
    },
    responses: { 200: { description: 'By service and instance.', schema: { $ref: 'Instances' } } },
  },
  registerInstance: {
    method: 'POST',
    path: '/instances',
    tag: 'Instances',
    summary: 'Let an instance be watched',
    description:
      'It is asked for its metrics as long as its heartbeat comes. The same service and instance again is the same registration.',
    body: { $ref: 'InstanceOrder' },
    responses: {
      200: { description: 'It was registered already, and is anew.', schema: { $ref: 'Registration' } },
      201: { description: 'It is registered.', schema: { $ref: 'Registration' } },
    },
  },
  beatInstance: {
    method: 'PUT',
    path: '/instances/{instanceId}/heartbeat',
    tag: 'Instances',
    summary: 'Say that an instance is still there',
    isIntake: true,
    params: {
      type: 'object',
      required: ['instanceId'],
      properties: { instanceId: { type: 'string', maxLength: 100 } },
    },
    responses: { 200: { description: 'Until when it counts.', schema: { $ref: 'Registration' } } },
  },
  removeInstance: {
    method: 'DELETE',
    path: '/instances/{instanceId}',
    tag: 'Instances',
    summary: 'Let an instance that registered be watched no longer',
    params: {
      type: 'object',
      required: ['instanceId'],
      properties: { instanceId: { type: 'string', maxLength: 100 } },
    },
    responses: { 204: { description: 'It is forgotten.' } },
  },
} as const;
