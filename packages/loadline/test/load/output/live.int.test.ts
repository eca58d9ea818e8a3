import { gunzipSync } from 'node:zlib';
import { createVirtualClock, systemClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { createLiveOutputs } from '../../../src/load/output/live.ts';
import { startPrometheus } from '../../metrics/exporters/prometheus-server.ts';
import { decodeRequest } from '../../metrics/exporters/published-otlp.ts';
import { startReceiver } from '../../metrics/exporters/receiver.ts';
import { checkMetrics } from '../../metrics/promtool.ts';
import { busySample, sampleWith } from './live-samples.ts';

describe('createLiveOutputs()', () => {
  it('brings a sample to every output, and says what became of it', async () => {
    await using prometheus = await startPrometheus();
    await using collector = await startReceiver();
    const clock = createVirtualClock(systemClock.now() - 60_000);
    const outputs = await createLiveOutputs({
      runId: 'r1',
      otlp: { url: collector.url, headers: { authorization: 'Bearer s3cret' } },
      remoteWrite: { url: prometheus.url },
      scrapePort: 0,
      clock,
    });
    outputs.publish(sampleWith());
    await clock.advance(1000);
    outputs.publish(busySample);
    const lastMs = clock.now();
    const scraped = await (await fetch(outputs.scrapeUrl ?? '')).text();
    const report = await outputs.close();

    expect(await prometheus.query('sum by (status, run) (loadline_requests_total)', lastMs)).toEqual(
      new Map([
        ['{run="r1",status="200"}', 90],
        ['{run="r1",status="409"}', 3],
        ['{run="r1",status="503"}', 4],
        ['{run="r1",status="none"}', 6],
      ]),
    );
    const [, sent] = collector.requests.map(({ body }) => decodeRequest(gunzipSync(body)));
    const { resource, scopeMetrics } = sent?.resourceMetrics[0] ?? {};
    expect(resource?.attributes).toContainEqual({ key: 'loadline.run.id', value: { stringValue: 'r1' } });
    expect(scopeMetrics?.[0].metrics.find(({ name }) => name === 'loadline_users')).toMatchObject({
      gauge: { dataPoints: [{ asDouble: 12 }] },
    });
    expect(scraped).toContain('loadline_users 12\n');
    expect(await checkMetrics([scraped])).toEqual({ code: 0, output: '' });
    expect(report).toMatchObject({
      otlp: { requestsSent: 2, pointsDropped: 0, lastProblem: undefined },
      remoteWrite: { requestsSent: 3, pointsDropped: 0, lastProblem: undefined },
      scrape: { scrapes: 1, url: outputs.scrapeUrl },
    });
    expect(JSON.stringify(report)).not.toContain('s3cret');
  });

  it('gives the percentiles of the sample to who asks Prometheus', async () => {
    await using prometheus = await startPrometheus();
    const clock = createVirtualClock(systemClock.now() - 60_000);
    const outputs = await createLiveOutputs({ runId: 'r1', remoteWrite: { url: prometheus.url }, clock });
    outputs.publish(busySample);
    await outputs.close();
    const buckets = 'loadline_request_duration_seconds_bucket{endpoint="discovery"}';
    const answer = await prometheus.query(`histogram_quantile(0.5, sum by (le) (${buckets}))`, clock.now());
    // The latencies are 1, 2, … 100 ms, and 50 ms is one of the bounds.
    expect([...answer.values()]).toEqual([0.05]);
  });

  it('lets a run go on when nobody listens, and says what was lost', async () => {
    const gone = await startReceiver();
    await gone[Symbol.asyncDispose]();
    const target = { url: gone.url };
    const outputs = await createLiveOutputs({ runId: 'r1', otlp: target, remoteWrite: target });
    const startMs = systemClock.monotonicMs();
    outputs.publish(busySample);
    expect(systemClock.monotonicMs() - startMs).toBeLessThan(500);
    const [report, again] = await Promise.all([outputs.close(), outputs.close()]);
    expect(again).toEqual(report);
    expect(report.scrape).toBeUndefined();
    for (const output of [report.otlp, report.remoteWrite]) {
      expect(output).toMatchObject({ pointsSent: 0, requestsSent: 0 });
      expect(output?.pointsDropped).toBeGreaterThan(20);
      expect(output?.lastProblem).toContain('ECONNREFUSED');
    }
  });

  it('refuses what cannot work before the run begins', async () => {
    await expect(createLiveOutputs({ runId: 'r1', otlp: { url: 'nowhere' } })).rejects.toMatchObject({
      code: 'METRICS_EXPORT_INVALID',
    });
    await using taken = await startReceiver();
    const scrapePort = Number(new URL(taken.url).port);
    await expect(createLiveOutputs({ runId: 'r1', scrapePort })).rejects.toMatchObject({
      code: 'METRICS_SCRAPE_UNAVAILABLE',
    });
  });
});
