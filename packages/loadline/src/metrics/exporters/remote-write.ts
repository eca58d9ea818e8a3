import { type Clock, createRandom, systemClock } from '../../base/index.ts';
import type { Snapshot } from '../snapshot.ts';
import { Delivery } from './delivery.ts';
import { type ExportTarget, parseDestination } from './destination.ts';
import type { ExportReport, MetricExporter } from './exporter.ts';
import { createPoster } from './post.ts';
import {
  EncodedLabels,
  encodeWriteRequest,
  type Sample,
  samplesOf,
  staleMark,
} from './remote-write-message.ts';

/** Where and how metrics go out by Prometheus remote write. */
export interface RemoteWriteOptions extends ExportTarget {
  /** Labels that every series gets, as a scrape would have added them; `{ job: 'loadline' }` by default. */
  readonly labels?: Readonly<Record<string, string>>;
  /** How long `close` may go on sending, in milliseconds; 5,000 by default. */
  readonly closeMs?: number;
  /** Default: this machine's. */
  readonly clock?: Clock;
}

/**
 * Sends metrics by Prometheus remote write 1.0. An address without a path gets `/api/v1/write`. 429, all of
 * 5xx and a missing connection are tried again, up to six times; any other refusal is final. At the end every
 * series of the last snapshot gets a stale mark, so that a graph ends where the run ended instead of five minutes later.
 *
 * @throws LoadlineError METRICS_EXPORT_INVALID
 *
 * @example
 * const exporter = createRemoteWriteExporter({ url: 'http://127.0.0.1:9090', labels: { job: 'loadline', run: 'r1' } });
 * exporter.publish(registry.snapshot());
 * await exporter.close();
 */
export function createRemoteWriteExporter(options: RemoteWriteOptions): MetricExporter {
  const { labels = { job: 'loadline' }, clock = systemClock, closeMs = 5000 } = options;
  const destination = parseDestination(options, {
    path: '/api/v1/write',
    own: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
      'user-agent': 'loadline',
    },
    problems: Object.keys(labels).flatMap(labelProblems),
  });
  const delivery = new Delivery({
    destination,
    poster: createPoster(destination),
    clock,
    random: createRandom(clock.now()),
    pack: snappy,
    isPassing: (status) => status === 429 || status >= 500,
  });
  const encodedLabels = new EncodedLabels(labels);
  let last: { readonly samples: readonly Sample[]; readonly atMs: number } = { samples: [], atMs: 0 };
  const send = (samples: readonly Sample[]): void => {
    // Prometheus refuses a second value for one time, and one from before the last: clocks are set back.
    const atMs = Math.max(Math.round(clock.now()), last.atMs + 1);
    last = { samples, atMs };
    delivery.offer({ body: encodeWriteRequest(samples, atMs), points: samples.length });
  };
  let closing: Promise<ExportReport> | undefined;
  const end = async (): Promise<ExportReport> => {
    if (last.samples.length > 0)
      send(last.samples.map((each) => ({ labels: each.labels, value: staleMark })));
    await delivery.close(closeMs);
    return delivery.report();
  };
  return {
    publish: (snapshot: Snapshot) => send(samplesOf(snapshot, encodedLabels)),
    report: () => delivery.report(),
    close: () => (closing ??= end()),
  };
}

function labelProblems(name: string): string[] {
  if (/^(?!__)[a-z_][a-z0-9_]*$/i.test(name)) return [];
  return [`${JSON.stringify(name)} is no name of a label, or one of Prometheus's own`];
}

/** The block format, which is what remote write asks for; loaded when it is first needed. */
async function snappy(body: Uint8Array): Promise<Uint8Array> {
  const { compress } = await import('snappyjs');
  return compress(body);
}
