import { type Field, formatPath, isLoadlineError, parse, whyUnreached } from '../../base/index.ts';
import { trafficError } from '../errors.ts';
import type { ProxyDriver } from '../proxy-driver.ts';
import type { SeenUpstream, WantedUpstream } from '../upstream.ts';

/** Where the door of a proxy is, and what opens it; see `proxyDoor`. */
export interface RemoteProxyOptions {
  /** Where it takes orders: `http://127.0.0.1:7071`. */
  readonly url: string;
  /** The one that it was started with. */
  readonly key: string;
}

/** Of 10,000 upstreams. */
const answerBytesMax = 8 * 2 ** 20;

/**
 * A proxy that is a process of its own, which `proxyDoor` serves. Each question is a request of its own; time limits are the
 * asker's.
 *
 * @throws LoadlineError TRAFFIC_PROXY_UNREACHABLE, TRAFFIC_PROXY_REFUSED, from both of its functions.
 */
export function createRemoteProxy({ url, key }: RemoteProxyOptions): ProxyDriver {
  const { host } = new URL(url);
  const target = new URL('/upstreams', url);
  const ask = async (init: RequestInit): Promise<string> => {
    try {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      const answer = await fetch(target, { ...init, headers, redirect: 'error' });
      const text = await textOf(answer);
      if (answer.ok) return text;
      throw trafficError(
        'TRAFFIC_PROXY_REFUSED',
        `The proxy at ${host} answered ${answer.status}: ${detailOf(text)}`,
        {
          facts: { url, status: answer.status },
        },
      );
    } catch (cause) {
      if (isLoadlineError(cause)) throw cause;
      init.signal?.throwIfAborted();
      throw trafficError(
        'TRAFFIC_PROXY_UNREACHABLE',
        `Cannot ask the proxy at ${host}: ${whyUnreached(cause)}.`,
        {
          facts: { url },
          cause,
        },
      );
    }
  };
  return {
    name: `proxy at ${host}`,
    observe: async (signal) => readSeen(await ask({ method: 'GET', signal }), host),
    async apply(wanted: readonly WantedUpstream[], signal) {
      await ask({ method: 'PUT', body: JSON.stringify({ upstreams: wanted }), signal });
    },
  };
}

async function textOf(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw new RangeError(`it answers with more than ${answerBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function readSeen(text: string, host: string): readonly SeenUpstream[] {
  const parsed = parse(jsonOf(text), (root) => root.at('upstreams').array(readUpstream));
  if (parsed.ok) return parsed.value;
  const [first] = parsed.problems;
  throw trafficError(
    'TRAFFIC_PROXY_REFUSED',
    `What the proxy at ${host} answered are no upstreams: ${formatPath(first?.path ?? [])} ${first?.message}.`,
    { facts: { problems: parsed.problems } },
  );
}

function readUpstream(entry: Field): SeenUpstream {
  const inFlight = entry.at('inFlight');
  const weight = entry.at('weight');
  return {
    id: entry.at('id').string(),
    host: entry.at('host').string(),
    port: entry.at('port').number({ atLeast: 1, atMost: 65_535, whole: true }),
    status: entry.at('status').oneOf(['starting', 'up', 'down', 'draining']),
    inFlight: inFlight.value === undefined ? undefined : inFlight.number({ atLeast: 0, whole: true }),
    ...(weight.value === undefined ? {} : { weight: weight.number({ atLeast: 0, atMost: 256 }) }),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function detailOf(text: string): string {
  const { detail } = (jsonOf(text) ?? {}) as { readonly detail?: unknown };
  return typeof detail === 'string' ? detail.slice(0, 1000) : 'no reason given';
}
