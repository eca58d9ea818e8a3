import { isIP } from 'node:net';
import type { Clock } from 'loadline/base';
import type { Resolve } from './judged-address.ts';
import { hostOf, type InstanceSource, type Watched } from './watched.ts';

/** What was given by `--watch`. */
export interface ListedService {
  readonly service: string;
  readonly url: URL;
}

/** A name is asked for again after this: instances come and go behind it. */
const resolveEveryMs = 30_000;
/** Behind one name. */
const addressesMax = 200;

/**
 * Services of a list. A name that has several addresses, as one in front of many instances has, is an instance for each of
 * them; while it cannot be resolved, those that were known stay.
 */
export function createListedInstances(
  listed: readonly ListedService[],
  { clock, resolve }: { readonly clock: Clock; readonly resolve: Resolve },
): InstanceSource {
  const entries = listed.map((each) => ({
    ...each,
    found: [] as readonly Watched[],
    nextMs: Number.NEGATIVE_INFINITY,
  }));

  async function look(entry: (typeof entries)[number]): Promise<readonly Watched[]> {
    if (clock.monotonicMs() < entry.nextMs) return entry.found;
    entry.nextMs = clock.monotonicMs() + resolveEveryMs;
    const { service, url } = entry;
    const plain = { service, url, source: 'list' } as const;
    try {
      const host = url.hostname.replace(/^\[|\]$/g, '');
      const addresses = isIP(host) === 0 ? await resolve(host) : [host];
      entry.found = addresses.slice(0, addressesMax).map((address) => ({
        ...plain,
        instance: addresses.length === 1 ? hostOf(url) : instanceOf(address, url),
        address,
      }));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      if (entry.found.length === 0)
        entry.found = [{ ...plain, instance: hostOf(url), because: `its name does not resolve (${code})` }];
    }
    return entry.found;
  }

  return { list: async () => (await Promise.all(entries.map(look))).flat() };
}

function instanceOf(address: string, url: URL): string {
  const port = hostOf(url).split(':').at(-1);
  return isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}
