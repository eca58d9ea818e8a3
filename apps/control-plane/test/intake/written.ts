import { encodeMessage } from 'loadline/base';
import { compress } from 'snappyjs';

/** A series as Prometheus writes it. */
export interface TestSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** Values by their time. */
  readonly samples: readonly (readonly [atMs: number, value: number | bigint])[];
}

const label = { name: [1, 'string'], value: [2, 'string'] } as const;
const sample = { value: [1, 'double'], timestamp: [2, 'uint64'] } as const;
const timeSeries = { labels: [1, label, 'repeated'], samples: [2, sample, 'repeated'] } as const;
const metadata = { type: [1, 'enum'], family: [2, 'string'] } as const;
const writeRequest = {
  timeseries: [1, timeSeries, 'repeated'],
  metadata: [3, metadata, 'repeated'],
} as const;

/** By which Prometheus says that a series has ended. */
export const staleMark = 0x7ff0000000000002n;

/** The message, not yet packed. */
export function messageOf(
  series: readonly TestSeries[],
  known: readonly { readonly type: number; readonly family: string }[] = [],
): Uint8Array<ArrayBuffer> {
  return encodeMessage(writeRequest, {
    timeseries: series.map(({ labels, samples }) => ({
      labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
      samples: samples.map(([atMs, value]) => ({ value, timestamp: BigInt(atMs) })),
    })),
    metadata: known,
  });
}

export function packed(message: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return compress(message);
}

/** The request as it goes over the wire. */
export function written(...series: readonly TestSeries[]): Uint8Array<ArrayBuffer> {
  return packed(messageOf(series));
}

/** A series with one value. */
export function at(
  atMs: number,
  value: number | bigint,
  labels: Readonly<Record<string, string>>,
): TestSeries {
  return { labels, samples: [[atMs, value]] };
}
