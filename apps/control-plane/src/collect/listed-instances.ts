import { isIP } from 'node:net';
import { bracketed, type Clock, unbracketed, withTimeLimit } from 'loadline/base';
import type { Resolve, ResolveService } from './judged-address.ts';
import { type Discovery, hostOf, instanceLengthMax, parseWatchUrl, type Watched } from './watched.ts';

/** What was given by `--watch`. */
export interface ListedService {
  readonly service: string;
  /** Where its metrics are shown; of a name with SRV records that name instead of a host. */
  readonly url: URL;
  /** The name has SRV records, which say hosts and ports. */
  readonly isSrv?: boolean;
}

/** Reads `http://host:8080`, or `http+srv://name`, whose ports the records say. */
export function parseListedUrl(text: string): Omit<ListedService, 'service'> | undefined {
  const isSrv = /^https?\+srv:/i.test(text);
  const url = parseWatchUrl(isSrv ? text.replace('+srv', '') : text);
  if (url === undefined || !isSrv) return url && { url };
  return url.port === '' && isIP(unbracketed(url.hostname)) === 0 ? { url, isSrv } : undefined;
}

export interface ListedOptions {
  readonly clock: Clock;
  readonly resolve: Resolve;
  readonly resolveService: ResolveService;
  /** Hears of the first of several failures in a row. */
  readonly onFailure: (error: unknown) => void;
}

/** Instances come and go behind a name; the DNS of Kubernetes lets nobody keep its answers for longer. */
const lookEveryMs = 5000;
/** Whoever asks who there is waits no longer for a look: then it is what was known. */
const waitMsMax = 1000;
/** Behind one name. */
const addressesMax = 200;

/**
 * Services of a list. A name that has several addresses, or SRV records, is an instance for each of them; while it cannot be
 * looked up, those that were known stay.
 */
export function createListedInstances(listed: readonly ListedService[], options: ListedOptions): Discovery {
  const names = listed.map((each) => new Name(each, options));
  const sum = (of: (name: Name) => number): number => names.reduce((total, name) => total + of(name), 0);
  return {
    list: async () => (await Promise.all(names.map((name) => name.instances()))).flat(),
    get counts() {
      return { failures: sum(({ failures }) => failures), leftOut: sum(({ leftOut }) => leftOut) };
    },
  };
}

/** One entry of the list, with those that were found behind it. */
class Name {
  failures = 0;
  leftOut = 0;
  readonly #listed: ListedService;
  readonly #options: ListedOptions;
  #found: readonly Watched[] = [];
  #nextMs = Number.NEGATIVE_INFINITY;
  #look: Promise<void> | undefined;
  #isSlow = false;
  /** Once it had several: one that stays alone keeps its name, and the samples under it. */
  #isMany = false;
  #isFailing = false;

  constructor(listed: ListedService, options: ListedOptions) {
    this.#listed = listed;
    this.#options = options;
  }

  async instances(): Promise<readonly Watched[]> {
    const { clock } = this.#options;
    if (this.#look === undefined && clock.monotonicMs() >= this.#nextMs) {
      this.#nextMs = clock.monotonicMs() + lookEveryMs;
      this.#isSlow = false;
      this.#look = this.#lookUp().finally(() => {
        this.#look = undefined;
      });
    }
    const look = this.#look;
    if (look !== undefined && !this.#isSlow) {
      const end = new AbortController().signal;
      const { kind } = await withTimeLimit({ clock, limitMs: waitMsMax, end }, () => look);
      this.#isSlow = kind === 'late';
    }
    return this.#found;
  }

  async #lookUp(): Promise<void> {
    const { url, isSrv = false } = this.#listed;
    const host = unbracketed(url.hostname);
    try {
      this.#found = isSrv ? await this.#behindService(host) : await this.#behindHost(host);
      this.#isFailing = false;
    } catch (error) {
      this.#failed(error);
      if (this.#found.length > 0) return;
      const because = `its name does not resolve (${codeOf(error)})`;
      this.#found = [{ ...this.#plain(), instance: hostOf(url), source: 'list', because }];
    }
  }

  async #behindHost(host: string): Promise<readonly Watched[]> {
    const { url } = this.#listed;
    const addresses = isIP(host) === 0 ? await this.#options.resolve(host) : [host];
    this.#isMany ||= addresses.length > 1;
    return this.#bounded(addresses).map((address) => ({
      ...this.#plain(),
      instance: this.#isMany ? `${bracketed(address)}:${portOf(url)}` : hostOf(url),
      source: this.#isMany ? 'dns' : 'list',
      address,
    }));
  }

  /** All that are offered, whatever priority and weight they have: those that wait their turn are watched too. */
  async #behindService(name: string): Promise<readonly Watched[]> {
    const { resolveService } = this.#options;
    // A single dot is how a name says that it offers nothing.
    const targets = (await resolveService(name)).filter(({ name: host }) => host !== '' && host !== '.');
    return Promise.all(
      this.#bounded(targets).map((target) => this.#target(target.name.replace(/\.$/, ''), target.port)),
    );
  }

  async #target(host: string, port: number): Promise<Watched> {
    const url = new URL(this.#listed.url);
    url.hostname = host;
    url.port = String(port);
    const watched = { ...this.#plain(), url, source: 'dns', instance: `${host}:${port}` } as const;
    try {
      const [address] = await this.#options.resolve(host);
      if (address === undefined) throw new Error('no address');
      if (watched.instance.length <= instanceLengthMax) return { ...watched, address };
      return { ...watched, address, instance: `${bracketed(address)}:${port}` };
    } catch (error) {
      this.#failed(error);
      const before = this.#found.find((each) => each.url.href === url.href && each.address !== undefined);
      if (before !== undefined) return before;
      const instance = watched.instance.slice(0, instanceLengthMax);
      return { ...watched, instance, because: `its name does not resolve (${codeOf(error)})` };
    }
  }

  #plain(): Pick<Watched, 'service' | 'url'> {
    const { service, url } = this.#listed;
    return { service, url };
  }

  #bounded<Item>(all: readonly Item[]): readonly Item[] {
    this.leftOut += Math.max(0, all.length - addressesMax);
    return all.slice(0, addressesMax);
  }

  #failed(error: unknown): void {
    this.failures++;
    if (!this.#isFailing) {
      const { service, url } = this.#listed;
      const said = `Cannot look up ${url.hostname} of the service ${service}: ${(error as Error).message}.`;
      this.#options.onFailure(new Error(said, { cause: error }));
    }
    this.#isFailing = true;
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
}

function portOf(url: URL): string {
  return hostOf(url).split(':').at(-1) as string;
}
