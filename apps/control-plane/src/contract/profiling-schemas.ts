/** Profiles of running processes. */

export const profilingOverheadSchema = {
  $id: 'ProfilingOverhead',
  type: 'object',
  description: 'What the session cost the process; docs/reference/profiling.md says how it is known.',
  additionalProperties: false,
  required: ['startStopCpuMs', 'method'],
  properties: {
    startStopCpuMs: { type: 'number', description: 'CPU time that starting and stopping took, measured.' },
    cpuRatio: { type: 'number', description: 'How much more CPU time a unit of work took; 0.02 is 2 %.' },
    noiseRatio: { type: 'number', description: 'Below it, `cpuRatio` is noise.' },
    method: { type: 'string' },
  },
} as const;

export const profilingSessionSchema = {
  $id: 'ProfilingSession',
  type: 'object',
  additionalProperties: false,
  required: ['id', 'instance', 'kind', 'state', 'startedAt', 'startedBy'],
  properties: {
    id: { type: 'string' },
    instance: { type: 'string' },
    service: { type: 'string' },
    kind: { type: 'string', enum: ['cpu', 'heap', 'heap-snapshot'] },
    state: {
      type: 'string',
      enum: ['running', 'finished', 'failed', 'interrupted'],
      description: 'interrupted: whoever was profiled, or profiled, ended before the session.',
    },
    durationMs: { type: 'number', description: 'After which it ends by itself; absent for a heap snapshot.' },
    samplingIntervalUs: { type: 'number', description: 'Between two samples of a CPU profile.' },
    samplingBytes: { type: 'number', description: 'Between two samples of a heap profile, on average.' },
    startedAt: { type: 'string', format: 'date-time' },
    startedBy: { type: 'string', description: 'The id of the key.' },
    endedAt: { type: 'string', format: 'date-time' },
    measuredMs: {
      type: 'number',
      description: 'How long it has sampled; of a heap snapshot, until it was whole.',
    },
    overhead: { $ref: 'ProfilingOverhead' },
    profileBytes: { type: 'integer', description: 'What its profile takes, in all forms.' },
    problem: { type: 'string', description: 'Why there is no profile.' },
    goneAt: {
      type: 'string',
      format: 'date-time',
      description:
        'Since when the file of a heap snapshot is gone: it was fetched, or nobody came for an hour.',
    },
    fetchedBy: { type: 'string', description: 'The id of the key that fetched a heap snapshot.' },
  },
} as const;

export const profilingSessionPageSchema = {
  $id: 'ProfilingSessionPage',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: {
    items: { type: 'array', items: { $ref: 'ProfilingSession' } },
    nextCursor: { type: 'string', description: 'Absent on the last page.' },
  },
} as const;

export const profilingOrderSchema = {
  $id: 'ProfilingOrder',
  type: 'object',
  additionalProperties: false,
  required: ['instance', 'kind'],
  properties: {
    instance: {
      type: 'string',
      minLength: 1,
      maxLength: 100,
      description: 'One of those that are watched, or `control-plane`.',
    },
    service: {
      type: 'string',
      minLength: 1,
      maxLength: 100,
      description: 'Needed where several services have an instance of this name.',
    },
    kind: {
      type: 'string',
      enum: ['cpu', 'heap', 'heap-snapshot'],
      description:
        'Where the time goes; what was allocated meanwhile and is still in use; or all that is in the heap, which stops the process for a while, holds its secrets, and needs the role admin.',
    },
    confirm: {
      type: 'string',
      maxLength: 100,
      description: 'Needed for a heap snapshot: `stop the process for a heap snapshot`.',
    },
    durationMs: {
      type: 'integer',
      minimum: 100,
      maximum: 600000,
      description: 'After which it ends by itself. Default 30,000.',
    },
    samplingIntervalUs: {
      type: 'integer',
      minimum: 100,
      maximum: 100000,
      description: 'Between two samples of a CPU profile. Default 1,000.',
    },
    samplingBytes: {
      type: 'integer',
      minimum: 1024,
      maximum: 67108864,
      description: 'Between two samples of a heap profile, on average. Default 131,072.',
    },
  },
} as const;

export const profilingStopSchema = {
  $id: 'ProfilingStop',
  type: 'object',
  description: 'Which session: by its id, or the one that runs on an instance.',
  additionalProperties: false,
  properties: {
    sessionId: { type: 'string', minLength: 1, maxLength: 100 },
    instance: { type: 'string', minLength: 1, maxLength: 100 },
    service: {
      type: 'string',
      minLength: 1,
      maxLength: 100,
      description: 'Where several services have an instance of this name.',
    },
  },
  anyOf: [{ required: ['sessionId'] }, { required: ['instance'] }],
} as const;

export const profileDocumentSchema = {
  $id: 'ProfileDocument',
  type: 'object',
  description:
    'As `top`: `unit`, `sum`, `idleUs`, `functions` with `name`, `location`, `self`, `total` and their shares, and the session; as `v8`: a `.cpuprofile` or a `.heapprofile`; as `heapsnapshot`: a `.heapsnapshot`.',
  additionalProperties: true,
} as const;
