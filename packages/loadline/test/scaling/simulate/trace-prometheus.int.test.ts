import { createVirtualClock, systemClock } from 'loadline/base';
import { createRegistry } from 'loadline/metrics';
import { createRemoteWriteExporter } from 'loadline/metrics/exporters';
import { readTracePrometheus } from 'loadline/scaling/simulate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PrometheusServer, startPrometheus } from '../../metrics/exporters/prometheus-server.ts';

const stepMs = 15_000;
const { signal } = new AbortController();
let prometheus: PrometheusServer;

beforeAll(async () => {
  prometheus = await startPrometheus();
});
afterAll(() => prometheus[Symbol.asyncDispose]());

describe('a trace from a real Prometheus', () => {
  it('is what was measured, added up over instances', async () => {
    const toMs = Math.floor(systemClock.now() / stepMs) * stepMs;
    const fromMs = toMs - 20 * stepMs;
    const registry = createRegistry();
    const rates = registry.gauge({ name: 'requests_per_second', help: 'What comes.', labels: ['instance'] });
    for (let step = 0; step <= 20; step++) {
      const clock = createVirtualClock(fromMs + step * stepMs);
      const exporter = createRemoteWriteExporter({ url: prometheus.url, labels: { job: 'api' }, clock });
      rates.with({ instance: 'a' }).set(100 + step);
      rates.with({ instance: 'b' }).set(50);
      exporter.publish(registry.snapshot());
      // It ends its series a moment later; the next step begins them again.
      await clock.advance(1);
      expect(await exporter.close()).toMatchObject({ pointsDropped: 0, pointsRejected: 0 });
    }
    const asked = { url: new URL(prometheus.url), query: 'requests_per_second', fromMs, toMs, stepMs };
    const read = await readTracePrometheus(asked, signal);
    expect(read).toMatchObject({ ok: true, value: { startMs: fromMs, stepMs, name: 'requests_per_second' } });
    if (read.ok)
      expect([...read.value.ratesPerSecond]).toEqual(Array.from({ length: 21 }, (_, step) => 150 + step));
  });

  it('tells why it cannot be had', async () => {
    const asked = { url: new URL(prometheus.url), fromMs: 0, toMs: 60_000, stepMs };
    await expect(readTracePrometheus({ ...asked, query: 'sum(' }, signal)).rejects.toThrow(
      /^Prometheus answered 400 to sum\(: .*parse error/,
    );
    expect(await readTracePrometheus({ ...asked, query: 'nothing_of_this_name' }, signal)).toEqual({
      ok: false,
      problems: [
        {
          path: [],
          message: 'fits nothing that Prometheus has of that time; look at its names and labels',
        },
      ],
    });
  });
});
