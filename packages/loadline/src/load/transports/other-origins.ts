import type { Transport } from './transport.ts';

/** Whither a redirect may lead besides the target: addresses by host, resolved and judged before the run. */
export type RedirectHosts = Readonly<Record<string, string>>;

/** Transports to other origins, opened when a redirect first leads there. */
export class OtherOrigins {
  readonly #hosts: RedirectHosts;
  readonly #open: (origin: URL, address: string) => Transport;
  readonly #transports = new Map<string, Transport>();

  constructor(hosts: RedirectHosts, open: (origin: URL, address: string) => Transport) {
    this.#hosts = hosts;
    this.#open = open;
  }

  /** Undefined where its host was not allowed, or where a target leads to ever more ports of it. */
  at(origin: URL): Transport | undefined {
    const known = this.#transports.get(origin.origin);
    if (known !== undefined) return known;
    const isAllowed = /^https?:$/.test(origin.protocol) && Object.hasOwn(this.#hosts, origin.hostname);
    if (!isAllowed || this.#transports.size === originsMax) return undefined;
    const transport = this.#open(new URL(origin.origin), this.#hosts[origin.hostname] as string);
    this.#transports.set(origin.origin, transport);
    return transport;
  }

  close(): void {
    for (const transport of this.#transports.values()) transport.close();
  }
}

const originsMax = 16;
