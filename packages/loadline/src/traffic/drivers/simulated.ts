import type { Clock } from '../../base/index.ts';
import type { ProxyDriver } from '../proxy-driver.ts';
import type { SeenUpstream, Upstream, WantedUpstream } from '../upstream.ts';

/** How the proxy that is only told of behaves. */
export interface SimulatedProxyOptions {
  readonly clock: Clock;
  /** Default `simulated proxy`. */
  readonly name?: string;
  /** From when it is told of an upstream until that is up. Default 1,000. */
  readonly checkMs?: number;
}

/**
 * What the next call does instead of its work. `half` does half of it and throws; `lie` does nothing and returns; `hang`
 * never answers, does nothing and heeds no signal; `late` never answers, and does it all the same.
 */
export type SimulatedProxyFault = 'throw' | 'half' | 'lie' | 'hang' | 'late';

/** A proxy that is only told of: for simulations, and for tests of whoever gives orders to one. */
export interface SimulatedProxy extends ProxyDriver {
  /** The next call of this kind goes wrong; several queue up. An `observe` with `half` tells half. */
  breakNext(call: 'observe' | 'apply', fault: SimulatedProxyFault): void;
  /** So many requests are in flight there from now on. */
  occupy(id: string, inFlight: number): void;
  /** Its checks fail, or pass again. */
  sicken(id: string, isSick: boolean): void;
  /** Forgets all that it was told, as a proxy does whose state is in memory. */
  restart(): void;
  /** What there is, whatever goes wrong. */
  readonly there: readonly SeenUpstream[];
  /** Who gets new requests at this moment. */
  readonly serving: readonly string[];
  /** Whom it has, and with which weight. */
  readonly weights: ReadonlyMap<string, number>;
}

interface Simulated {
  upstream: WantedUpstream;
  upAtMs: number;
  isSick: boolean;
  inFlight: number;
}

/** Makes a proxy whose upstreams are up `checkMs` after it was told of them, and that fails when it is told to. */
export function createSimulatedProxy({
  clock,
  name = 'simulated proxy',
  checkMs = 1000,
}: SimulatedProxyOptions): SimulatedProxy {
  const faults = { observe: [] as SimulatedProxyFault[], apply: [] as SimulatedProxyFault[] };
  const known = new Map<string, Simulated>();

  const statusOf = ({ upstream, upAtMs, isSick }: Simulated): SeenUpstream['status'] => {
    if (upstream.mode === 'draining') return 'draining';
    if (isSick) return 'down';
    return clock.now() >= upAtMs ? 'up' : 'starting';
  };
  const seen = (): SeenUpstream[] =>
    [...known.values()].map((each) => {
      const { id, host, port, weight } = each.upstream;
      const told = weight === undefined ? {} : { weight };
      return { id, host, port, status: statusOf(each), inFlight: each.inFlight, ...told };
    });
  const take = (wanted: readonly WantedUpstream[]): void => {
    const listed = new Set(wanted.map(({ id }) => id));
    for (const id of known.keys()) if (!listed.has(id)) known.delete(id);
    for (const upstream of wanted) put(upstream);
  };
  const put = (upstream: WantedUpstream): void => {
    const found = known.get(upstream.id);
    if (found !== undefined && isSameAddress(found.upstream, upstream)) found.upstream = upstream;
    else {
      const upAtMs = clock.now() + checkMs;
      known.set(upstream.id, { upstream, upAtMs, isSick: false, inFlight: 0 });
    }
  };

  return {
    name,
    async observe() {
      const fault = faults.observe.shift();
      if (fault === 'throw') throw outOfOrder(name);
      if (fault === 'hang' || fault === 'late') return new Promise(() => undefined);
      const all = seen();
      return fault === undefined ? all : all.slice(0, Math.floor(all.length / 2));
    },
    async apply(wanted) {
      const fault = faults.apply.shift();
      if (fault === undefined || fault === 'late') take(wanted);
      if (fault === 'half')
        for (const upstream of wanted.slice(0, Math.ceil(wanted.length / 2))) put(upstream);
      if (fault === 'hang' || fault === 'late') return new Promise(() => undefined);
      if (fault === 'throw' || fault === 'half') throw outOfOrder(name);
    },
    breakNext(call, fault) {
      faults[call].push(fault);
    },
    occupy(id, inFlight) {
      const found = known.get(id);
      if (found !== undefined) found.inFlight = inFlight;
    },
    sicken(id, isSick) {
      const found = known.get(id);
      if (found !== undefined) found.isSick = isSick;
    },
    restart: () => known.clear(),
    get there() {
      return seen();
    },
    get serving() {
      return seen()
        .filter(({ status }) => status === 'up')
        .map(({ id }) => id);
    },
    get weights() {
      return new Map([...known.values()].map(({ upstream }) => [upstream.id, upstream.weight ?? 1]));
    },
  };
}

function isSameAddress(a: Upstream, b: Upstream): boolean {
  return a.host === b.host && a.port === b.port;
}

function outOfOrder(name: string): Error {
  return new Error(`${name} is out of order`);
}
