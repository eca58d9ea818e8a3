import { createRandom, createVirtualClock, type VirtualClock } from 'loadline/base';
import { createRegistry, type Registry } from 'loadline/metrics';
import { type HttpObserver, observeHttp } from 'loadline/observe';
import { createSimulatedDriver, type ScalingGate, type SimulatedDriver } from 'loadline/scaling';
import { createSimulatedProxy, openPool, type Pool, type SimulatedProxy } from 'loadline/traffic';
import type { Pull } from '../../src/collect/index.ts';
import type { ServiceDescription, ServicesRead } from '../../src/scaling/index.ts';
import { readRegistry } from '../collect/pages.ts';
import { createMemoryStore, type MemoryStore } from '../memory-store.ts';
import { type Plane, startPlane } from '../plane.ts';

/** How the instances of a group answer. */
export interface Manner {
  latencyMs: number;
  errorRatio: number;
}

/** A service of two builds behind a proxy, with traffic, in virtual time; it outlives control planes. */
export interface World extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly store: MemoryStore;
  readonly driver: SimulatedDriver;
  readonly proxy: SimulatedProxy;
  /** By its group. */
  readonly manners: Readonly<Record<'shop' | 'shop.green', Manner>>;
  /** Starts a control plane of it, with this services file. */
  begin(service: ServiceDescription, gate?: ScalingGate): Promise<Plane>;
  /** The instances are being replaced one after the other. */
  isRestarting: boolean;
  /** Whoever looks at the instances waits for this. */
  sight: Promise<void>;
  /** What the services file says from now on; of several, each reading of it finds the next, and the last stays. */
  write(...reads: readonly ServicesRead[]): void;
  /** Lets so many seconds pass, each with its requests. */
  pass(seconds: number): Promise<void>;
  /** What comes of something that takes its time. */
  meanwhile<Value>(work: Promise<Value>): Promise<Value>;
  /** Seconds until it is so, in a time that never is so long. */
  until(isSo: () => Promise<boolean>): Promise<number>;
  /** What each group has of the weights at the proxy. */
  share(group: string): number;
}

const requestsASecond = 120;
const neverSeconds = 120;

export function createWorld(seed: string): World {
  const clock = createVirtualClock();
  const store = createMemoryStore(clock);
  const random = createRandom(seed);
  const groups = { shop: 0, 'shop.green': 0 };
  const simulated = createSimulatedDriver({ clock, groups, startMs: 2000 });
  const proxy = createSimulatedProxy({ clock, checkMs: 500 });
  const pool: Pool = openPool({ clock, drivers: [proxy], intervalMs: 1000 });
  const instances = new Map<string, Instance>();
  let file: readonly ServicesRead[] = [{ ok: true, services: [] }];
  const manners = { shop: { ...good }, 'shop.green': { ...good } };

  /** As the simulated driver, whose instances are somewhere. */
  const driver: SimulatedDriver = {
    ...simulated,
    async observe(group, signal) {
      await world.sight;
      const fleet = await simulated.observe(group, signal);
      if (fleet.kind === 'unseen') return fleet;
      return {
        ...fleet,
        ...(world.isRestarting ? { restart: { state: 'going', startedAtMs: 0, of: 2, replaced: 1 } } : {}),
        instances: fleet.instances.map((each) => ({ ...each, url: `http://127.0.0.1:${portOf(each.id)}` })),
      };
    },
  };

  /** Who is ready comes to the proxy, and who goes leaves it, as a process driver sees to it. */
  async function meet(group: keyof typeof manners): Promise<void> {
    const fleet = await simulated.observe(group, new AbortController().signal);
    if (fleet.kind === 'unseen') return;
    const ready = fleet.instances.filter(({ state }) => state === 'ready').map(({ id }) => id);
    for (const id of ready) {
      if (instances.has(id)) continue;
      instances.set(id, newInstance(group));
      const isFirst = instances.size === 1;
      void pool.join({ id, host: '127.0.0.1', port: portOf(id), ...(isFirst ? {} : { weight: 0 }) });
    }
    for (const [id, each] of instances) {
      if (each.group !== group || ready.includes(id)) continue;
      instances.delete(id);
      void pool.leave(id, { graceMs: 0 });
    }
  }

  function serve(): void {
    const weights = [...proxy.weights].filter(([id]) => instances.has(id));
    const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [id, weight] of weights) {
      const { group, observer } = instances.get(id) as Instance;
      const { latencyMs, errorRatio } = manners[group];
      for (let left = Math.round((requestsASecond * weight) / total); left > 0; left--) {
        observer.begin();
        const status = random() < errorRatio ? 500 : 200;
        observer.end({ method: 'GET', route: '/', status, durationMs: latencyMs * (0.8 + 0.4 * random()) });
      }
    }
  }

  const pull: Pull = async ({ url }) => {
    const found = [...instances].find(([id]) => portOf(id) === Number(url.port));
    if (found === undefined) throw new Error('connection refused');
    return readRegistry(found[1].registry, { atMs: clock.now(), monotonicMs: clock.monotonicMs() });
  };

  const world: World = {
    ...{ clock, store, driver, proxy, manners },
    isRestarting: false,
    sight: Promise.resolve(),
    begin(service, gate) {
      file = [{ ok: true, services: [service] }];
      const configuration = { services: [service] };
      return startPlane({
        clock,
        store,
        driver,
        pull,
        poolOf: () => pool,
        readServices() {
          const read = file[0] as ServicesRead;
          file = file.length > 1 ? file.slice(1) : file;
          return read;
        },
        configuration,
        ...(gate && { scalingGate: gate }),
      });
    },
    write(...reads) {
      file = reads;
    },
    async pass(seconds) {
      for (let second = 0; second < seconds; second++) {
        await meet('shop');
        await meet('shop.green');
        serve();
        await clock.advance(1000);
      }
    },
    async meanwhile(work) {
      let isDone = false;
      const done = work.finally(() => {
        isDone = true;
      });
      while (!isDone) {
        await new Promise((resolve) => setImmediate(resolve));
        await clock.advance(100);
      }
      return done;
    },
    async until(isSo) {
      for (let seconds = 0; seconds < neverSeconds; seconds++) {
        if (await isSo()) return seconds;
        await world.pass(1);
      }
      throw new Error('It never came to this.');
    },
    share(group) {
      let [own, total] = [0, 0];
      for (const [id, weight] of proxy.weights) {
        total += weight;
        if (instances.get(id)?.group === group) own += weight;
      }
      return total === 0 ? 0 : own / total;
    },
    [Symbol.asyncDispose]: () => pool.close(),
  };
  return world;
}

const good: Manner = { latencyMs: 20, errorRatio: 0 };

interface Instance {
  readonly group: 'shop' | 'shop.green';
  readonly registry: Registry;
  readonly observer: HttpObserver;
}

function newInstance(group: Instance['group']): Instance {
  const registry = createRegistry();
  return { group, registry, observer: observeHttp(registry) };
}

function portOf(id: string): number {
  return 20_000 + Number(id.slice(id.lastIndexOf('-') + 1));
}
