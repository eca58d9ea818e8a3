import { createRandom, exponential, type Random } from 'loadline/base';
import { createRegistry, encodeSnapshot, type Registry } from 'loadline/metrics';
import { observeHttp, UserSketch, usersSketchName } from 'loadline/observe';

/** Shorter than any interval of looking, so that no look finds what the one before has found. */
export const pageEveryMs = 1000;
const pageCount = 600;
const users = 200;

/**
 * What an instance says second by second, for ten minutes; then it seems to have started anew. A service with `observe`
 * and metrics of its own, of which 500 samples become: ten of the process, the requests and the errors, the latency of 10
 * routes, and 478 custom counters and gauges.
 */
export function makePages(): readonly Uint8Array[] {
  const random = createRandom('fleet');
  const registry = createRegistry();
  const steps = [...processSteps(registry), httpStep(registry), ...customSteps(registry)];
  return Array.from({ length: pageCount }, () => {
    for (const step of steps) step(random);
    return encodeSnapshot(registry.snapshot(), new Map([[usersSketchName, sketch(random).encode()]]));
  });
}

type Step = (random: Random) => void;

function processSteps(registry: Registry): Step[] {
  const counter = (name: string, perSecondMax: number): Step => {
    const slot = registry.counter({ name, help: name });
    return (random) => slot.add(random() * perSecondMax);
  };
  const gauge = (name: string, from: number, to: number): Step => {
    const slot = registry.gauge({ name, help: name });
    return (random) => slot.set(Math.round(from + random() * (to - from)));
  };
  const lag = registry.histogram({ name: 'nodejs_eventloop_lag_seconds', help: 'lag' });
  return [
    counter('process_cpu_seconds_total', 0.9),
    counter('nodejs_eventloop_active_seconds_total', 0.7),
    counter('http_server_received_bytes_total', 1e5),
    counter('http_server_sent_bytes_total', 1e6),
    gauge('process_resident_memory_bytes', 2e8, 2.2e8),
    gauge('nodejs_heap_limit_bytes', 4e9, 4e9),
    gauge('nodejs_heap_used_after_collection_bytes', 8e7, 9e7),
    gauge('http_server_connections', 20, 100),
    (random) => lag.record(Math.round(exponential(random, 2000))),
  ];
}

const routes = Array.from({ length: 10 }, (_, number) => `/api/resource-${number}/:id`);

/** Each route is asked for every second, some more than others. */
function httpStep(registry: Registry): Step {
  const http = observeHttp(registry);
  return (random) => {
    for (const [at, route] of routes.entries()) {
      for (let request = 0; request <= at % 4; request++) {
        http.begin();
        const durationMs = exponential(random, 5 + at);
        http.end({ method: 'GET', route, status: random() < 0.01 ? 500 : 200, durationMs });
      }
    }
  };
}

function customSteps(registry: Registry): Step[] {
  const counters = Array.from({ length: 20 }, (_, family) => {
    const name = `shop_events_${family}_total`;
    const metric = registry.counter({ name, help: name, labels: ['queue'] });
    return Array.from({ length: 10 }, (_, queue): Step => {
      const slot = metric.with({ queue: `queue-${queue}` });
      return (random) => slot.add(Math.round(random() * 50));
    });
  });
  const pool = registry.gauge({ name: 'shop_pool_items', help: 'items', labels: ['pool', 'zone'] });
  const gauges = Array.from({ length: 278 }, (_, at): Step => {
    const slot = pool.with({ pool: `pool-${Math.floor(at / 3)}`, zone: `zone-${at % 3}` });
    return (random) => slot.set(Math.round(random() * 1000) / 8);
  });
  return [...counters.flat(), ...gauges];
}

/** Of five thousand who use the service. */
function sketch(random: Random): UserSketch {
  const made = new UserSketch();
  for (let user = 0; user < users; user++)
    made.add(BigInt.asUintN(64, BigInt(Math.floor(random() * 5000) + 1) * 0x9e3779b97f4a7c15n));
  return made;
}
