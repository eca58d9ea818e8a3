import { lookup } from 'node:dns/promises';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { getCACertificates } from 'node:tls';
import { judgeAddress, unbracketed } from '../../base/index.ts';
import { monitoringError } from '../errors.ts';
import type { Destination } from './destination.ts';

/** What came back; what a receiver writes beside it is of no use, and may repeat a secret. */
export interface PostReply {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/** Sends a body once. Rejects where no answer came. */
export type Post = (
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<PostReply>;

/**
 * Posts JSON to a destination, over a connection of its own to an address that was judged after the name was resolved.
 *
 * @param resolve gives a name's addresses; default this machine's resolver.
 * @throws MONITORING_ADDRESS_REFUSED from the post, where an address may not be reached.
 */
export function createPost(
  destination: Destination,
  resolve: (host: string) => Promise<readonly string[]> = resolveName,
): Post {
  const { url, headers: always, ca } = destination;
  const isSecure = url.protocol === 'https:';
  const trusted = isSecure && ca !== undefined ? { ca: [...getCACertificates(), ca] } : {};
  return async (body, headers, signal) => {
    const addresses = await judgedAddresses(destination, resolve);
    signal.throwIfAborted();
    const sent = (isSecure ? requestHttps : requestHttp)(url, {
      method: 'POST',
      agent: false,
      signal,
      lookup: alwaysTo(addresses),
      ...trusted,
      headers: {
        ...always,
        ...headers,
        'user-agent': 'loadline',
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      },
    });
    return await new Promise<PostReply>((resolveReply, reject) => {
      sent.on('error', reject);
      sent.on('response', (response) => {
        const { statusCode: status = 0, headers: received } = response;
        void drain(response).then(() => resolveReply({ status, retryAfter: received['retry-after'] }));
      });
      sent.end(body);
    });
  };
}

/** One that may not be reached is enough to refuse: whoever answers for the name could lead anywhere. */
async function judgedAddresses(
  { url, addresses: policy }: Destination,
  resolve: (host: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const host = unbracketed(url.hostname);
  const addresses = isIP(host) === 0 ? await resolve(host) : [host];
  for (const address of addresses) {
    const verdict = judgeAddress(address, host, policy);
    if (verdict.allowed) continue;
    throw monitoringError('MONITORING_ADDRESS_REFUSED', `Cannot notify ${url.origin}: ${verdict.reason}.`, {
      facts: { host, address, kind: verdict.kind },
    });
  }
  return addresses;
}

/** A second resolution could answer otherwise than the one that was judged. */
function alwaysTo(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_, options, callback) => {
    if (options.all) callback(null, found);
    else callback(null, found[0]?.address ?? '', found[0]?.family ?? 0);
  };
}

/** Lets the receiver finish its answer, but not go on for ever. The status is known, whatever becomes of the rest. */
async function drain(response: IncomingMessage): Promise<void> {
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size >= answerBytesMax) break;
    }
  } catch {
    response.destroy();
  }
}

const answerBytesMax = 64 * 1024;

async function resolveName(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
