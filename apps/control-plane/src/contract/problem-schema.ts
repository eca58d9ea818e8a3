/** What every refusal looks like: RFC 9457. */
export const problemSchema = {
  $id: 'Problem',
  type: 'object',
  additionalProperties: false,
  required: ['type', 'title', 'status', 'code', 'detail', 'requestId'],
  properties: {
    type: { type: 'string', description: 'A URN with the code: it names the kind of problem.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'As listed in the reference of errors.' },
    detail: { type: 'string' },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      description: 'Each mistake of the request.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['in', 'pointer', 'detail'],
        properties: {
          in: { type: 'string', enum: ['body', 'query', 'path', 'header'] },
          pointer: { type: 'string', description: 'A JSON pointer to the place.' },
          detail: { type: 'string' },
        },
      },
    },
  },
} as const;
