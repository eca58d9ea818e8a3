import { renderPrometheus } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';
import { Recorder } from '../../../src/load/measure/recorder.ts';
import { createLiveMetrics, type LiveSample } from '../../../src/load/output/live-metrics.ts';
import { busySample, endpointWith, histogramOf, sampleWith } from './live-samples.ts';

/** The lines of series that are shown after these samples, without the buckets. */
async function linesAfter(...samples: readonly LiveSample[]): Promise<string[]> {
  const { registry, show } = createLiveMetrics();
  for (const sample of samples) show(sample);
  let text = '';
  for await (const slice of renderPrometheus(registry)) text += slice;
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !line.includes('_bucket{'));
}

describe('the live metrics of a run', () => {
  it('tell messages, which have no status, from responses and failures', async () => {
    const failures = new Map([['timeout', { count: 2 }]]);
    const endpoint = endpointWith({ requests: 10, statuses: new Map([[101, 3]]), failures });
    expect((await linesAfter(sampleWith({ endpoints: [endpoint] }))).slice(0, 3)).toEqual([
      'loadline_requests_total{scenario="browse",endpoint="discovery",status="101"} 3',
      'loadline_requests_total{scenario="browse",endpoint="discovery",status="message"} 5',
      'loadline_requests_total{scenario="browse",endpoint="discovery",status="none"} 2',
    ]);
  });

  it('show everything that a sample says', async () => {
    expect(await linesAfter(busySample)).toEqual([
      'loadline_requests_total{scenario="browse",endpoint="discovery",status="200"} 90',
      'loadline_requests_total{scenario="browse",endpoint="discovery",status="503"} 4',
      'loadline_requests_total{scenario="browse",endpoint="discovery",status="none"} 6',
      'loadline_requests_total{scenario="claim",endpoint="POST /api/food/{{id}}/claim",status="409"} 3',
      'loadline_request_errors_total{scenario="browse",endpoint="discovery",reason="timeout"} 5',
      'loadline_request_errors_total{scenario="browse",endpoint="discovery",reason="reset"} 1',
      'loadline_request_errors_total{scenario="browse",endpoint="discovery",reason="status"} 4',
      'loadline_checks_total{scenario="browse",endpoint="discovery",check="has \\"items\\"",result="passed"} 89',
      'loadline_checks_total{scenario="browse",endpoint="discovery",check="has \\"items\\"",result="failed"} 1',
      'loadline_received_bytes_total{scenario="browse",endpoint="discovery"} 9000',
      'loadline_received_bytes_total{scenario="claim",endpoint="POST /api/food/{{id}}/claim"} 0',
      'loadline_sent_bytes_total{scenario="browse",endpoint="discovery"} 1000',
      'loadline_sent_bytes_total{scenario="claim",endpoint="POST /api/food/{{id}}/claim"} 0',
      'loadline_iterations_total{result="completed"} 40',
      'loadline_iterations_total{result="cut short"} 3',
      'loadline_iterations_total{result="interrupted"} 1',
      'loadline_dropped_total 2',
      'loadline_users 12',
      'loadline_generator_loop_utilization 0.25',
      'loadline_generator_cpu_ratio 0.5',
      'loadline_generator_loop_delay_seconds 0.012',
      'loadline_generator_lateness_seconds 0.0015',
      'loadline_request_duration_seconds_sum{scenario="browse",endpoint="discovery"} 5.05',
      'loadline_request_duration_seconds_count{scenario="browse",endpoint="discovery"} 100',
      'loadline_request_duration_seconds_sum{scenario="claim",endpoint="POST /api/food/{{id}}/claim"} 0.000006',
      'loadline_request_duration_seconds_count{scenario="claim",endpoint="POST /api/food/{{id}}/claim"} 3',
      'loadline_request_service_seconds_sum{scenario="browse",endpoint="discovery"} 2.525',
      'loadline_request_service_seconds_count{scenario="browse",endpoint="discovery"} 100',
      'loadline_request_service_seconds_sum{scenario="claim",endpoint="POST /api/food/{{id}}/claim"} 0.000003',
      'loadline_request_service_seconds_count{scenario="claim",endpoint="POST /api/food/{{id}}/claim"} 3',
    ]);
  });

  it('show nothing before the first sample, and no figure that the generator has not got', async () => {
    expect(await linesAfter()).toEqual([]);
    const generator = { loopUtilization: 0, cpuRatio: 0, loopDelayMsMax: 0, latenessMsP99: undefined };
    const lines = (await linesAfter(sampleWith({ generator }))).map((line) => line.split(' ')[0]);
    expect(lines).toContain('loadline_generator_loop_utilization');
    expect(lines).not.toContain('loadline_generator_lateness_seconds');
  });

  it('show the last sample alone, and what was in it then', async () => {
    const latency = histogramOf(1000);
    const statuses = new Map([[200, 1]]);
    const first = sampleWith({ endpoints: [endpointWith({ latency, statuses })] });
    const { registry, show } = createLiveMetrics();
    show(first);
    show(first);
    const before = registry.snapshot();
    latency.record(2000);
    statuses.set(200, 2);
    expect(registry.snapshot()).toEqual(before);
    show(first);
    expect(await linesAfter(first)).toContain(
      'loadline_request_duration_seconds_count{scenario="browse",endpoint="discovery"} 2',
    );
    expect(JSON.stringify(registry.snapshot())).toContain('"value":2');
  });

  it('count no endpoint twice where more come than a registry holds', async () => {
    const endpoints = Array.from({ length: 10_002 }, (_, at) =>
      endpointWith({ endpoint: String(at), latency: histogramOf(1) }),
    );
    const lines = await linesAfter(sampleWith({ endpoints }), sampleWith({ endpoints }));
    const counts = lines.flatMap(
      (line) => /^loadline_request_duration_seconds_count.* (\d+)$/.exec(line)?.[1] ?? [],
    );
    expect(counts.reduce((sum, count) => sum + Number(count), 0)).toBe(10_002);
  });

  it('take the lanes of a recorder as they are', async () => {
    const recorder = new Recorder();
    const lane = recorder.lane('browse', 'discovery');
    lane.response(200, false, 12, 10);
    lane.failure('timeout', 'No answer.', 30, undefined);
    const { dropped, iterations, lanes: endpoints } = recorder;
    const sample: LiveSample = { endpoints, users: 1, dropped, iterations, generator: undefined };
    expect(await linesAfter(sample)).toEqual(
      expect.arrayContaining([
        'loadline_requests_total{scenario="browse",endpoint="discovery",status="200"} 1',
        'loadline_request_errors_total{scenario="browse",endpoint="discovery",reason="timeout"} 1',
        'loadline_request_duration_seconds_sum{scenario="browse",endpoint="discovery"} 0.042',
        'loadline_request_service_seconds_sum{scenario="browse",endpoint="discovery"} 0.01',
      ]),
    );
  });
});
