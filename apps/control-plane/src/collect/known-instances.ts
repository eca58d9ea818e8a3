import type { AddressPolicy } from 'loadline/base';
import type { Resolve } from './judged-address.ts';
import { oneOfEach } from './one-of-each.ts';
import type { ServerProbe } from './server-probe.ts';
import type { InstanceSource, Watched } from './watched.ts';
import { addressOfWatched } from './watched-address.ts';

/** An instance that takes requests, for whoever does more with it than read its metrics. */
export interface KnownInstance {
  readonly service: string;
  readonly instance: string;
  /** Where it takes requests: where its metrics are, without their path. */
  readonly url: string;
}

/** One that was asked for by its name: the one address to which the key may go, or why it must not be reached. */
export type FoundInstance = Pick<KnownInstance, 'service' | 'instance'> &
  ({ readonly url: string; readonly address: string } | { readonly because: string });

/** Everybody who is watched, whichever way each became known. */
export interface KnownInstances {
  /** Those that there are now. A source that fails is passed over, and told. */
  list(): Promise<readonly KnownInstance[]>;
  /** Those of this name: one, unless several services have one of it. */
  find(instance: string, service?: string): Promise<readonly FoundInstance[]>;
}

export interface KnownInstancesOptions {
  readonly sources: readonly InstanceSource[];
  readonly servers: readonly Pick<ServerProbe, 'service' | 'instance' | 'kind'>[];
  readonly policy: AddressPolicy;
  readonly resolve: Resolve;
  readonly onFailure: (error: unknown) => void;
}

export function createKnownInstances(options: KnownInstancesOptions): KnownInstances {
  const { sources, servers, onFailure } = options;

  async function all(): Promise<readonly Watched[]> {
    const lists = await Promise.all(
      sources.map((source) =>
        source.list().catch((error: unknown): readonly Watched[] => {
          onFailure(error);
          return [];
        }),
      ),
    );
    return oneOfEach(lists.flat());
  }

  async function reach(watched: Watched): Promise<FoundInstance> {
    const { service, instance, url } = watched;
    try {
      if (watched.because !== undefined) throw new Error(watched.because);
      const { address, isTrusted } = await addressOfWatched(watched, options);
      if (!isTrusted) throw new Error(unnamed);
      return { service, instance, url: placeOf(url), address };
    } catch (error) {
      return { service, instance, because: (error as Error).message };
    }
  }

  return {
    list: async () =>
      (await all()).map(({ service, instance, url }) => ({ service, instance, url: placeOf(url) })),
    async find(instance, service) {
      const isMeant = (each: { readonly service: string; readonly instance: string }): boolean =>
        each.instance === instance && (service === undefined || each.service === service);
      const found = (await all()).filter(isMeant);
      return [
        ...(await Promise.all(found.map(reach))),
        ...servers.filter(isMeant).map((server) => ({
          service: server.service,
          instance: server.instance,
          because: `it is a server of ${server.kind === 'postgres' ? 'PostgreSQL' : 'Valkey'}, and no process of Node.js`,
        })),
      ];
    },
  };
}

const unnamed =
  'it only registered, and gets no key at an address that nobody named: name its host with --allow-watch, or list it with --watch';

/** Its doors stand beside `/metrics`; where the metrics have a path of their own, at the root. Pure. */
function placeOf(url: URL): string {
  const place = new URL(url.pathname.endsWith('/metrics') ? './' : '/', url);
  place.username = '';
  place.password = '';
  return place.href.replace(/\/$/, '');
}
