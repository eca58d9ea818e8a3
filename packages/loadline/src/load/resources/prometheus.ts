import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getSecure } from 'node:https';
import { isIP } from 'node:net';
import { formatBytes } from '../../base/index.ts';
import { PrometheusParser, type Scrape } from '../../metrics/index.ts';
import { findFamily, readingsOf, wantedFamilies } from './prometheus-readings.ts';
import type { ResourceProbe } from './resource.ts';

export interface PrometheusProbeOptions {
  /** Serves Prometheus text or OpenMetrics, by http or https; a user and password in it are sent as basic authentication. */
  readonly url: URL;
  /** The address that the URL's host was resolved to and that may be reached; no other is connected to. */
  readonly address: string;
  /** Metrics that are of interest besides those that everybody's are. */
  readonly names?: readonly string[];
}

/**
 * Looks at a `/metrics` address. The answer is a stranger's: at most 4 MiB of it and 10,000 samples are read,
 * redirects are not followed, and each look has a connection of its own.
 */
export function createPrometheusProbe({ url, address, names = [] }: PrometheusProbeOptions): ResourceProbe {
  const wanted = wantedFamilies(names);
  const found = new Set<string>();
  let hasAnswered = false;
  let unreadable: string | undefined;
  return {
    source: `metrics ${url.host}${url.pathname === '/metrics' ? '' : url.pathname}`,
    async sample(signal) {
      const response = await ask(url, address, signal);
      const scrape = await read(response, new PrometheusParser({ wanted, withoutBuckets: true, samplesMax }));
      hasAnswered = true;
      for (const name of names) if (findFamily(scrape, name) !== undefined) found.add(name);
      unreadable ??= scrape.problems[0];
      const readings = readingsOf(scrape, names);
      if (readings.length === 0) throw new Error('none of the metrics that are looked for is there');
      return readings;
    },
    notes: () => [
      ...names.filter((name) => hasAnswered && !found.has(name)).map((name) => `has no ${name}`),
      ...(unreadable === undefined ? [] : [`could not be read in ${unreadable}`]),
    ],
    close: async () => undefined,
  };
}

const bodyBytesMax = 4 * 1024 * 1024;
const samplesMax = 10_000;

/** Sends a GET and gives its answer, once it is known to be one of 200. */
function ask(url: URL, address: string, signal: AbortSignal): Promise<IncomingMessage> {
  const get = url.protocol === 'https:' ? getSecure : getPlain;
  return new Promise((resolve, reject) => {
    const request = get(url, {
      // What was judged is connected to: asking for the name once more might give another address.
      lookup: (_host, { all }, found) =>
        all === true
          ? found(null, [{ address, family: isIP(address) }])
          : found(null, address, isIP(address)),
      headers: { accept: 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4' },
      agent: false,
      signal,
    });
    request.once('error', (error) => reject(plainly(error)));
    request.once('response', (response) => {
      if (response.statusCode === 200) resolve(response);
      else reject(new Error(`it answered ${response.statusCode} instead of 200`));
      if (response.statusCode !== 200) response.destroy();
    });
  });
}

/** Reads the answer piece by piece, as it arrives. */
async function read(response: IncomingMessage, parser: PrometheusParser): Promise<Scrape> {
  const encoding = response.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    response.destroy();
    throw new Error(`it answered in ${encoding}, which was not asked for`);
  }
  const decoder = new TextDecoder();
  let bodyBytes = 0;
  // Leaving the loop by an error ends the connection.
  for await (const piece of response as AsyncIterable<Buffer>) {
    bodyBytes += piece.length;
    if (bodyBytes > bodyBytesMax) throw new Error(`it answered with over ${formatBytes(bodyBytesMax)}`);
    parser.push(decoder.decode(piece, { stream: true }));
  }
  parser.push(decoder.decode());
  const scrape = parser.end();
  if (scrape.isCut) throw new Error(`it has over ${samplesMax} series of the metrics that are looked for`);
  return scrape;
}

/** The few failures that everybody meets, in plain words. */
function plainly(error: NodeJS.ErrnoException): Error {
  const words = { ECONNREFUSED: 'connection refused', ECONNRESET: 'connection reset' }[error.code ?? ''];
  return words === undefined ? error : new Error(words, { cause: error });
}
