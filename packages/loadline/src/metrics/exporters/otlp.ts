import { promisify } from 'node:util';
import { type Clock, createRandom, systemClock } from '../../base/index.ts';
import type { Snapshot } from '../snapshot.ts';
import { Delivery } from './delivery.ts';
import { type ExportTarget, parseDestination } from './destination.ts';
import type { MetricExporter } from './exporter.ts';
import { countPoints, encodeOtlp, type OtlpContext } from './otlp-message.ts';
import { readPartialSuccess } from './otlp-reply.ts';
import { createPoster } from './post.ts';

/** Where and how metrics go out by OTLP/HTTP. */
export interface OtlpOptions extends ExportTarget {
  /** What the metrics are of: `{ 'service.name': 'loadline' }` by default, which others are added to. */
  readonly resource?: Readonly<Record<string, string>>;
  /** Protocol buffers by default; the JSON form is for receivers that take no other, and for people. */
  readonly encoding?: 'protobuf' | 'json';
  /**
   * `explicit`, the default, sends the bounds that Prometheus text has too. `exponential` sends at most 160
   * buckets of equal relative width, 4.4 % over a factor of 1,000: better quantiles, where a receiver takes them.
   */
  readonly histograms?: 'explicit' | 'exponential';
  /** Since when the metrics count, in wall milliseconds; now by default. */
  readonly startMs?: number;
  /** How long `close` may go on sending, in milliseconds; 5,000 by default. */
  readonly closeMs?: number;
  /** Default: this machine's. */
  readonly clock?: Clock;
}

/**
 * Sends metrics to an OpenTelemetry receiver: counters as cumulative monotonic sums, gauges, histograms with
 * exact count, sum, lowest and highest value; compressed by gzip. An address without a path gets `/v1/metrics`.
 * 429, 502, 503, 504 and a missing connection are tried again, up to six times; any other refusal is final.
 *
 * @throws LoadlineError METRICS_EXPORT_INVALID
 *
 * @example
 * const exporter = createOtlpExporter({ url: 'http://127.0.0.1:4318' });
 * exporter.publish(registry.snapshot());
 * await exporter.close();
 */
export function createOtlpExporter(options: OtlpOptions): MetricExporter {
  const { encoding = 'protobuf', clock = systemClock, closeMs = 5000 } = options;
  const destination = parseDestination(options, {
    path: '/v1/metrics',
    own: {
      'content-type': encoding === 'json' ? 'application/json' : 'application/x-protobuf',
      'content-encoding': 'gzip',
      'user-agent': 'loadline',
    },
  });
  const delivery = new Delivery({
    destination,
    poster: createPoster(destination),
    clock,
    random: createRandom(clock.now()),
    pack: gzip,
    isPassing: (status) => [429, 502, 503, 504].includes(status),
    findRejected: readPartialSuccess,
  });
  const context: Omit<OtlpContext, 'nowMs'> = {
    resource: { 'service.name': 'loadline', ...options.resource },
    startMs: options.startMs ?? clock.now(),
    histograms: options.histograms ?? 'explicit',
  };
  return {
    publish(snapshot: Snapshot) {
      // A wall clock that was set back must not make an interval end before it begins.
      const nowMs = Math.max(clock.now(), context.startMs);
      delivery.offer({
        body: encodeOtlp(snapshot, { ...context, nowMs }, encoding),
        points: countPoints(snapshot),
      });
    },
    report: () => delivery.report(),
    async close() {
      await delivery.close(closeMs);
      return delivery.report();
    },
  };
}

/** Off this thread, and with the library loaded when it is first needed. */
async function gzip(body: Uint8Array): Promise<Uint8Array> {
  const zlib = await import('node:zlib');
  return promisify(zlib.gzip)(body);
}
