import { createRegistry, type Registry, renderPrometheus } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';
import { checkMetrics } from './promtool.ts';
import { slicesOf } from './slices.ts';

const help = 'What it is.';

/** Everything a registry can hold, with label values that need care. */
function fullRegistry(): Registry {
  const registry = createRegistry({ seriesMax: 50 });
  const labels = ['method', 'route'] as const;
  const requests = registry.counter({
    name: 'http_requests_total',
    help: 'Requests,\nwith \\ "quotes".',
    labels,
  });
  const durations = registry.histogram({ name: 'http_request_duration_seconds', help, labels });
  const odd = ['/', '', 'a"b', 'a\\', 'a\nb', '\\n', '\ud800', '\u0000', 'ä 😀 }', '{}=,', 'x'.repeat(2000)];
  for (const route of odd) {
    requests.with({ method: 'GET', route }).add(0.1);
    for (let us = 1; us < 1e9; us *= 3) durations.with({ method: 'GET', route }).record(us);
  }
  for (let id = 0; id < 100; id++) requests.with({ method: 'GET', route: String(id) }).add();
  registry.counter({ name: 'sent_bytes_total', help }).add(2 ** 60);
  registry.histogram({ name: 'body_bytes', help, buckets: [1e-7, 1, 2 ** 20, 1e30] }).record(5);
  const ratios = registry.gauge({ name: 'busy_ratio', help, labels: ['of'] });
  for (const of of [NaN, Infinity, -Infinity, -0, 1e-300]) ratios.with({ of: String(of) }).set(of);
  registry.gauge({ name: 'queue_jobs', help, read: () => 5 });
  registry.gauge({
    name: 'broken_jobs',
    help,
    labels: ['queue'],
    read: () => [
      [{ queue: 'a' }, 1],
      [{ queue: 'a' }, 2],
    ],
  });
  return registry;
}

describe('promtool check metrics', () => {
  it('is silent about everything a registry can hold', async () => {
    const registry = fullRegistry();
    // The first rendering counts what it had to leave out, the second shows it.
    await slicesOf(registry);
    expect(await checkMetrics(renderPrometheus(registry))).toEqual({ code: 0, output: '' });
  });

  it('is silent about ten thousand histogram series', async () => {
    const registry = createRegistry();
    const waits = registry.histogram({ name: 'wait_seconds', help, labels: ['id'] });
    for (let id = 0; id < 10_000; id++) waits.with({ id: String(id) }).record(id * 100);
    expect(await checkMetrics(renderPrometheus(registry))).toEqual({ code: 0, output: '' });
  });

  it('would have complained', async () => {
    const { code, output } = await checkMetrics(['# TYPE jobs counter\njobs 1\n']);
    expect(code).toBeGreaterThan(0);
    expect(output).toContain('_total');
  });
});
