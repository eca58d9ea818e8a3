/** What was measured: now, over time, and under which names. */

const windowProperties = {
  service: { type: 'string', minLength: 1, maxLength: 100, description: 'Only this one.' },
  instance: { type: 'string', minLength: 1, maxLength: 100, description: 'Only this one.' },
  endpoint: { type: 'string', minLength: 1, maxLength: 255, description: 'Only this one.' },
  from: { type: 'string', format: 'date-time', description: 'Default: an hour before `to`.' },
  to: { type: 'string', format: 'date-time', description: 'Default: now.' },
  stepMs: {
    type: 'integer',
    minimum: 1000,
    maximum: 2_678_400_000,
    description:
      'The time that a point tells of. Default: what makes 300 points at most, or a minute or an hour where that would be too much to read. Beyond a minute whole minutes, beyond an hour whole hours.',
  },
  quantiles: {
    type: 'string',
    maxLength: 100,
    pattern: '^((0(\\.\\d{1,6})?|1)(,(0(\\.\\d{1,6})?|1)){0,9})?$',
    default: '0.5,0.95,0.99',
    description:
      'Of distributions, such as latencies: from 0 to 1, up to ten; empty for none, which is quicker.',
  },
  by: {
    type: 'string',
    enum: ['service', 'instance', 'endpoint'],
    description:
      'A line for each; the last two need `service`. Default: by service where none is named, else one line.',
  },
} as const;

const figureProperties = {
  figures: {
    type: 'string',
    maxLength: 400,
    pattern: '^[A-Za-z]+(,[A-Za-z]+)*$',
    description: 'Only these, by name.',
  },
} as const;

export const chartQuerySchema: {
  readonly type: 'object';
  readonly additionalProperties: false;
  readonly properties: typeof windowProperties & typeof figureProperties;
} = {
  type: 'object',
  additionalProperties: false,
  properties: { ...windowProperties, ...figureProperties },
};

const metricProperties = {
  metric: {
    type: 'string',
    minLength: 1,
    maxLength: 200,
    description: 'Its name, as `/performance/metrics/names` has it.',
  },
  unit: {
    type: 'string',
    minLength: 1,
    maxLength: 20,
    description: 'Needed where it is measured in several.',
  },
  combine: {
    type: 'string',
    enum: ['merge', 'sum'],
    default: 'merge',
    description: '`sum`: the series of a line are added up, instead of taking all their values together.',
  },
} as const;

export const seriesQuerySchema: {
  readonly type: 'object';
  readonly additionalProperties: false;
  readonly required: readonly ['metric'];
  readonly properties: typeof windowProperties & typeof metricProperties;
} = {
  type: 'object',
  additionalProperties: false,
  required: ['metric'],
  properties: { ...metricProperties, ...windowProperties },
};

export const metricsPointSchema = {
  $id: 'MetricsPoint',
  type: 'object',
  additionalProperties: false,
  required: ['at', 'mean'],
  properties: {
    at: { type: 'string', format: 'date-time', description: 'The beginning of the step.' },
    mean: { type: 'number' },
    count: { type: 'integer', description: 'How many values; a distribution counts as many as it holds.' },
    min: { type: 'number' },
    max: { type: 'number' },
    last: { type: 'number', description: 'The latest value; of a distribution its mean.' },
    quantiles: {
      type: 'object',
      additionalProperties: { type: 'number' },
      description:
        'By what was asked for, such as `0.95`. Absent where a value is below 0: no more is known of it.',
    },
  },
} as const;

export const metricsFigureSchema = {
  $id: 'MetricsFigure',
  type: 'object',
  additionalProperties: false,
  required: ['name', 'unit', 'combine', 'lines'],
  properties: {
    name: { type: 'string' },
    unit: { type: 'string', description: '`ms`, `ratio`, `bytes`, `per second` and others.' },
    combine: {
      type: 'string',
      enum: ['merge', 'sum', 'ratio'],
      description:
        'How a line is made of several series: of all their values together; as their sum, of which `min` and `max` are bounds; or as the ratio of two sums, which has a `mean` alone.',
    },
    lines: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'points'],
        properties: {
          name: {
            type: 'string',
            description:
              'The service, instance or endpoint; empty where all are in one line, or it has none.',
          },
          points: { type: 'array', items: { $ref: 'MetricsPoint' } },
        },
      },
    },
  },
} as const;

export const metricsChartSchema = {
  $id: 'MetricsChart',
  type: 'object',
  additionalProperties: false,
  required: ['from', 'to', 'stepMs', 'level', 'figures'],
  properties: {
    from: { type: 'string', format: 'date-time' },
    to: { type: 'string', format: 'date-time' },
    stepMs: { type: 'integer' },
    level: {
      type: 'string',
      enum: ['raw', 'minute', 'hour'],
      description: 'How finely that is remembered which it was made of.',
    },
    figures: {
      type: 'array',
      items: { $ref: 'MetricsFigure' },
      description: 'Those that something was measured of.',
    },
  },
} as const;

export const metricNamePageSchema = {
  $id: 'MetricNamePage',
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: {
    items: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['metric', 'units', 'services'],
        properties: {
          metric: { type: 'string' },
          units: { type: 'array', items: { type: 'string' } },
          services: { type: 'array', items: { type: 'string' }, description: 'The first 100.' },
        },
      },
    },
    nextCursor: { type: 'string' },
  },
} as const;
