import { createRegistry, type Registry } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';

type Kind = 'counter' | 'gauge' | 'histogram';

function register(kind: Kind, name: string, labels: readonly string[] = [], help = 'What it is.'): unknown {
  const registry: Registry = createRegistry();
  if (kind === 'histogram') return registry.histogram({ name, help, labels, buckets: [1] });
  return kind === 'counter'
    ? registry.counter({ name, help, labels })
    : registry.gauge({ name, help, labels });
}

describe('registering a metric', () => {
  it.each<[Kind, string]>([
    ['counter', 'http_requests_total'],
    ['counter', 'http_request_bytes_total'],
    ['gauge', 'process_start_time_seconds'],
    ['gauge', 'sensor_celsius'],
    ['gauge', 'peak_day_requests'],
    ['histogram', 'http_request_duration_seconds'],
    ['gauge', 'days'],
  ])('accepts %s %s', (kind, name) => {
    expect(() => register(kind, name)).not.toThrow();
  });

  it.each<[Kind, string, string]>([
    ['counter', 'http_requests', 'a counter ends in _total'],
    ['gauge', 'queue_jobs_total', 'a gauge does not end in _total'],
    ['histogram', 'wait_total', 'a histogram does not end in _total'],
    ['gauge', 'queueJobs', 'snake_case'],
    ['gauge', '', 'snake_case'],
    ['gauge', 'queue-jobs', 'snake_case'],
    ['gauge', 'queue:jobs', 'snake_case'],
    ['gauge', '1_queue', 'snake_case'],
    ['gauge', 'jobs\n', 'snake_case'],
    ['gauge', 'wait_bucket', '_bucket, _count and _sum'],
    ['histogram', 'wait_count', '_bucket, _count and _sum'],
    ['gauge', 'wait_ms', 'abbreviation'],
    ['gauge', 'size_mb_now', 'abbreviation'],
    ['gauge', 'wait_milliseconds', 'use the base unit _seconds'],
    ['gauge', 'wait_hours', 'use the base unit _seconds'],
    ['counter', 'sent_kibibytes_total', 'use the base unit _bytes'],
    ['counter', 'sent_bits_total', 'use the base unit _bytes'],
    ['gauge', 'jobs_gauge', 'remove _gauge'],
    ['histogram', 'wait_histogram_seconds', 'remove _histogram'],
  ])('refuses %s %j and says why', (kind, name, reason) => {
    expect(() => register(kind, name)).toThrow(
      expect.objectContaining({ code: 'METRICS_NAME_INVALID', message: expect.stringContaining(reason) }),
    );
  });

  it.each([
    [['queueName'], 'not snake_case'],
    [['__name'], 'begins with __'],
    [['a', 'a'], 'there twice'],
    [['le'], 'le is reserved'],
    [['quantile'], 'quantile is reserved'],
  ])('refuses labels %j and says why', (labels, reason) => {
    expect(() => register('gauge', 'queue_jobs', labels)).toThrow(
      expect.objectContaining({ code: 'METRICS_NAME_INVALID', message: expect.stringContaining(reason) }),
    );
  });

  it('names every problem at once', () => {
    expect(() => register('counter', 'sentMs', ['le'], ' ')).toThrow(
      /_total.*|snake_case.*le is reserved.*help text is empty/,
    );
    expect(() => register('counter', 'sent_ms', ['le'], ' ')).toThrow(
      /a counter ends in _total; a unit is written out.*; label le is reserved.*; the help text is empty/,
    );
  });

  it.each([
    [{ name: 'size_bytes' }, 'none where there is no default'],
    [{ name: 'wait_seconds', buckets: [] }, 'an empty list'],
    [{ name: 'wait_seconds', buckets: [1, 1] }, 'a repeated bound'],
    [{ name: 'wait_seconds', buckets: [2, 1] }, 'a falling list'],
    [{ name: 'wait_seconds', buckets: [0, 1] }, 'a bound of 0'],
    [{ name: 'wait_seconds', buckets: [1, Number.POSITIVE_INFINITY] }, '+Inf, which is always there'],
    [{ name: 'wait_seconds', buckets: [NaN] }, 'NaN'],
    [{ name: 'wait_seconds', buckets: Array.from({ length: 101 }, (_, at) => at + 1) }, 'too many'],
    [{ name: 'wait_seconds', scale: 0 }, 'a scale of 0'],
    [{ name: 'wait_seconds', scale: NaN }, 'a scale of NaN'],
  ])('refuses the buckets of a histogram: %j (%s)', (options, _) => {
    expect(() => createRegistry().histogram({ ...options, help: 'What it is.' })).toThrow(
      expect.objectContaining({ code: 'METRICS_BUCKETS_INVALID' }),
    );
  });
});
