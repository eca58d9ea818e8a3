import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getSecure } from 'node:https';
import { isIP } from 'node:net';
import type { Clock } from 'loadline/base';
import { formatBytes } from 'loadline/base';
import { decodeSnapshot, PrometheusParser, snapshotContentType } from 'loadline/metrics';
import type { LabelBook } from './label-book.ts';
import { type Reading, readingOfScrape, readingOfSnapshot } from './reading.ts';

export interface PullRequest {
  readonly url: URL;
  /** No other is connected to. */
  readonly address: string;
  /** Opens its metrics, where it wants a key. */
  readonly key: string | undefined;
  /** There is a key, and it is not for this instance. Default false. */
  readonly isKeyWithheld?: boolean;
  /** What it has shown before. */
  readonly labels: LabelBook;
}

/** Asks an instance once; rejects with why it could not, in words for people. */
export type Pull = (request: PullRequest, signal: AbortSignal) => Promise<Reading>;

export interface PullLimits {
  readonly bytesMax: number;
  /** Of Prometheus text; more is refused. */
  readonly samplesMax: number;
  /** What the histograms of a snapshot may take. */
  readonly memoryBytesMax: number;
}

const pullLimits: PullLimits = {
  bytesMax: 8 * 2 ** 20,
  samplesMax: 20_000,
  memoryBytesMax: 32 * 2 ** 20,
};

/**
 * Pulls over HTTP: our compact form where it is understood, otherwise Prometheus text. What answers is a stranger: redirects
 * are not followed, and beyond the limits nothing is read.
 */
export function createPull(clock: Clock, limits: PullLimits = pullLimits): Pull {
  return async (request, signal) => {
    const response = await ask(request, signal);
    // What it says is of now: one that is busy may have taken its time to come to it.
    const at = { atMs: clock.now(), monotonicMs: clock.monotonicMs() };
    const type = response.headers['content-type'] ?? '';
    if (type.startsWith(snapshotContentType)) {
      const { bytesMax, memoryBytesMax } = limits;
      const bytes = Buffer.concat(await allOf(piecesOf(response, bytesMax)));
      return readingOfSnapshot(decodeSnapshot(bytes, { bytesMax, memoryBytesMax }), at, request.labels);
    }
    const parser = new PrometheusParser({ samplesMax: limits.samplesMax });
    const decoder = new TextDecoder();
    for await (const piece of piecesOf(response, limits.bytesMax))
      parser.push(decoder.decode(piece, { stream: true }));
    parser.push(decoder.decode());
    const scrape = parser.end();
    if (scrape.isCut) throw new Error(`it shows more than ${limits.samplesMax} samples`);
    const reading = readingOfScrape(scrape, at, request.labels);
    if (reading.families.size === 0) throw new Error('what it shows are no metrics');
    return reading;
  };
}

const accept = `${snapshotContentType}, text/plain;version=0.0.4;q=0.5, application/openmetrics-text;version=1.0.0;q=0.4`;

function ask(asked: PullRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const { url, address, key } = asked;
  const get = url.protocol === 'https:' ? getSecure : getPlain;
  return new Promise((resolve, reject) => {
    const request = get(url, {
      // What was judged is connected to: asking for the name once more might give another address.
      lookup: (_host, { all }, found) =>
        all === true
          ? found(null, [{ address, family: isIP(address) }])
          : found(null, address, isIP(address)),
      headers: { accept, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
      agent: false,
      signal,
    });
    request.once('error', (error) => reject(plainly(error)));
    request.once('response', (response) => {
      if (response.statusCode === 200) return resolve(response);
      response.destroy();
      reject(new Error(refusalOf(asked, response.statusCode)));
    });
  });
}

function refusalOf({ url, key, isKeyWithheld = false }: PullRequest, status: number | undefined): string {
  const answered = `it answered ${status}`;
  if (status !== 401 && status !== 403) return `${answered} instead of 200 at ${url.pathname}`;
  if (key !== undefined) return `${answered}: the key in LOADLINE_OBSERVE_KEY is none of its controlKey`;
  return isKeyWithheld
    ? `${answered}: it wants a key, and gets none: that in LOADLINE_OBSERVE_KEY goes to who is listed or allowed by name`
    : `${answered}: it wants a key, and LOADLINE_OBSERVE_KEY is not set where the control plane was started`;
}

/** Leaving the loop, by an error too, ends the connection. */
async function* piecesOf(response: IncomingMessage, bytesMax: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > bytesMax) throw new Error(`it answered with more than ${formatBytes(bytesMax)}`);
    yield piece;
  }
}

async function allOf(pieces: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}

/** The few failures that everybody meets, in plain words. */
function plainly(error: NodeJS.ErrnoException): Error {
  const words = { ECONNREFUSED: 'connection refused', ECONNRESET: 'connection reset' }[error.code ?? ''];
  return words === undefined ? error : new Error(words, { cause: error });
}
