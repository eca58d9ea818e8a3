import { parsePrometheus } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';
import { readingsOf, wantedFamilies } from '../../../src/load/resources/prometheus-readings.ts';
import type { Reading } from '../../../src/load/resources/resource.ts';

/** The readings of a page, by name, without the name. */
function read(page: string, ...names: string[]): Record<string, Omit<Reading, 'name'>> {
  const scrape = parsePrometheus(page, { wanted: wantedFamilies(names) });
  return Object.fromEntries(readingsOf(scrape, names).map(({ name, ...rest }) => [name, rest]));
}

describe('readingsOf()', () => {
  it('picks what loadline/observe shows', () => {
    const page = `# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 2.5
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 1000
# TYPE nodejs_heap_bytes gauge
nodejs_heap_bytes{state="used"} 300
nodejs_heap_bytes{state="reserved"} 500
# TYPE nodejs_eventloop_active_seconds_total counter
nodejs_eventloop_active_seconds_total 1.5
# TYPE nodejs_eventloop_lag_seconds histogram
nodejs_eventloop_lag_seconds_bucket{le="+Inf"} 50
nodejs_eventloop_lag_seconds_sum 0.25
nodejs_eventloop_lag_seconds_count 50
# TYPE http_requests_total counter
http_requests_total{route="/a",status="200"} 40
http_requests_total{route="/b",status="500"} 2
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_sum{route="/a"} 1
http_request_duration_seconds_count{route="/a"} 40
http_request_duration_seconds_sum{route="/b"} 0.5
http_request_duration_seconds_count{route="/b"} 2
# TYPE http_requests_in_flight gauge
http_requests_in_flight 3
# TYPE jobs_total counter
jobs_total 9
`;
    expect(read(page)).toEqual({
      cpu: { unit: 'ratio', kind: 'counter', value: 2.5 },
      memory: { unit: 'bytes', kind: 'gauge', value: 1000 },
      heap: { unit: 'bytes', kind: 'gauge', value: 300 },
      'event loop utilization': { unit: 'ratio', kind: 'counter', value: 1.5 },
      'event loop lag': { unit: 'ms', kind: 'counter', value: 250, per: 50 },
      requests: { unit: 'per second', kind: 'counter', value: 42 },
      'request duration': { unit: 'ms', kind: 'counter', value: 1500, per: 42 },
      'requests in flight': { unit: 'count', kind: 'gauge', value: 3 },
    });
  });

  it('picks what prom-client shows, under the same names', () => {
    const page = `# TYPE nodejs_eventloop_lag_seconds gauge
nodejs_eventloop_lag_seconds 0.0133
# TYPE nodejs_eventloop_lag_mean_seconds gauge
nodejs_eventloop_lag_mean_seconds 0.002
# TYPE nodejs_eventloop_lag_p99_seconds gauge
nodejs_eventloop_lag_p99_seconds 0.012
# TYPE nodejs_heap_size_used_bytes gauge
nodejs_heap_size_used_bytes 300
# TYPE process_open_fds gauge
process_open_fds 23
`;
    expect(read(page)).toEqual({
      'event loop lag': { unit: 'ms', kind: 'gauge', value: 2 },
      'event loop lag p99': { unit: 'ms', kind: 'gauge', value: 12 },
      heap: { unit: 'bytes', kind: 'gauge', value: 300 },
      'open files': { unit: 'count', kind: 'gauge', value: 23 },
    });
  });

  it('counts requests by their durations where nothing else counts them', () => {
    const page = '# TYPE http_request_duration_seconds summary\nhttp_request_duration_seconds_count 5\n';
    expect(read(page).requests).toEqual({ unit: 'per second', kind: 'counter', value: 5 });
  });

  it('gives each label set of what was asked for, by its type and with the unit of its name', () => {
    const page = `# TYPE queue_jobs gauge
queue_jobs{queue="mail"} 4
queue_jobs{queue="a\\"b"} 5
# TYPE sent_bytes counter
sent_bytes_total 7
sent_bytes_created 1520430000
# TYPE busy_seconds_total counter
busy_seconds_total{core="0"} 8
# TYPE wait_seconds summary
wait_seconds{queue="mail",quantile="0.5"} 0.1
wait_seconds_sum{queue="mail"} 12
wait_seconds_count{queue="mail"} 6
jobs_total 9
depth 10
`;
    const names = [
      'queue_jobs',
      'sent_bytes_total',
      'busy_seconds_total',
      'wait_seconds',
      'jobs_total',
      'depth',
    ];
    expect(read(page, ...names)).toEqual({
      'queue_jobs{queue="mail"}': { unit: 'count', kind: 'gauge', value: 4 },
      'queue_jobs{queue="a\\"b"}': { unit: 'count', kind: 'gauge', value: 5 },
      sent_bytes: { unit: 'bytes per second', kind: 'counter', value: 7 },
      'busy_seconds_total{core="0"}': { unit: 'ratio', kind: 'counter', value: 8 },
      'wait_seconds{queue="mail"} rate': { unit: 'per second', kind: 'counter', value: 6 },
      'wait_seconds{queue="mail"} mean': { unit: 's', kind: 'counter', value: 12, per: 6 },
      jobs_total: { unit: 'per second', kind: 'counter', value: 9 },
      depth: { unit: 'count', kind: 'gauge', value: 10 },
    });
  });

  it('finds nothing where there is nothing', () => {
    expect(read('<html></html>', 'queue_jobs')).toEqual({});
  });
});
