import { type Clock, systemClock } from '../../base/index.ts';
import {
  createOtlpExporter,
  createRemoteWriteExporter,
  type ExportReport,
  type MetricExporter,
  type OtlpOptions,
  openScrapeDoor,
  type RemoteWriteOptions,
} from '../../metrics/exporters/index.ts';
import { createLiveMetrics, type LiveSample } from './live-metrics.ts';

/** Where a run shows its metrics while it lasts. */
export interface LiveOutputOptions {
  /** Tells this run from others: the resource attribute `loadline.run.id`, the label `run`. */
  readonly runId: string;
  /** Pushes to a collector of OpenTelemetry. */
  readonly otlp?: Pick<OtlpOptions, 'url' | 'headers' | 'encoding' | 'histograms'> | undefined;
  /** Pushes to what takes Prometheus' remote write. */
  readonly remoteWrite?: Pick<RemoteWriteOptions, 'url' | 'headers'> | undefined;
  /** Shows the same to a Prometheus that asks: at this port of 127.0.0.1; 0 takes any that is free. */
  readonly scrapePort?: number | undefined;
  /** Default: this machine's. */
  readonly clock?: Clock;
}

/** The open outputs of a run. */
export interface LiveOutputs {
  /** `http://127.0.0.1:9464/metrics`, where a scrape port was asked for. */
  readonly scrapeUrl: string | undefined;
  /** Shows a sample; meant to be called once a second. Copies what it keeps, never waits and never throws. */
  publish(sample: LiveSample): void;
  /** What has become of the samples so far. */
  report(): LiveOutputReport;
  /** Sends what waits, for at most five seconds, and ends all outputs. Closing again gives the same. */
  close(): Promise<LiveOutputReport>;
}

/** What has become of the samples, by output; undefined where it was not asked for. */
export interface LiveOutputReport {
  readonly otlp: ExportReport | undefined;
  readonly remoteWrite: ExportReport | undefined;
  readonly scrape: { readonly url: string; readonly scrapes: number } | undefined;
}

/**
 * Opens the outputs that were asked for. A receiver that does not answer is no error here: the run goes on
 * without its graphs, and the report says what was lost and why.
 *
 * @throws LoadlineError METRICS_EXPORT_INVALID, METRICS_SCRAPE_UNAVAILABLE
 */
export async function createLiveOutputs(options: LiveOutputOptions): Promise<LiveOutputs> {
  const { runId, clock = systemClock, scrapePort } = options;
  const { registry, show } = createLiveMetrics();
  const otlp =
    options.otlp && createOtlpExporter({ ...options.otlp, clock, resource: { 'loadline.run.id': runId } });
  const remoteWrite =
    options.remoteWrite &&
    createRemoteWriteExporter({ ...options.remoteWrite, clock, labels: { job: 'loadline', run: runId } });
  const exporters = [otlp, remoteWrite].filter((each): each is MetricExporter => each !== undefined);
  const door =
    scrapePort === undefined ? undefined : await openScrapeDoor(registry, { port: scrapePort, clock });
  const report = (): LiveOutputReport => ({
    otlp: otlp?.report(),
    remoteWrite: remoteWrite?.report(),
    scrape: door && { url: door.url, scrapes: door.scrapes },
  });
  return {
    scrapeUrl: door?.url,
    publish(sample) {
      show(sample);
      const snapshot = exporters.length > 0 ? registry.snapshot() : [];
      for (const exporter of exporters) exporter.publish(snapshot);
    },
    report,
    async close() {
      await Promise.all([...exporters.map((each) => each.close()), door?.close()]);
      return report();
    },
  };
}
