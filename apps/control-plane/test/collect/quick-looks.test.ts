import { createVirtualClock } from 'loadline/base';
import { createRegistry } from 'loadline/metrics';
import { createSimulatedDriver, type SimulatedDriver } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { Lately, type Pull, QuickLooks } from '../../src/collect/index.ts';
import { startPlane } from '../plane.ts';
import { readRegistry } from './pages.ts';

/** Two instances of a service whose work is set by hand, second by second of its processor. */
async function serve(policy: Readonly<Record<string, unknown>>) {
  const clock = createVirtualClock();
  const registry = createRegistry();
  const cpu = registry.counter({ name: 'process_cpu_seconds_total', help: 'Busy.' });
  const took = registry.histogram({ name: 'http_request_duration_seconds', help: 'Time.', scale: 1e-6 });
  const asked: { host: string; atMs: number }[] = [];
  const pull: Pull = async ({ url }) => {
    const at = { atMs: clock.now(), monotonicMs: clock.monotonicMs() };
    asked.push({ host: url.host, atMs: at.monotonicMs });
    return readRegistry(registry, at);
  };
  const simulated = createSimulatedDriver({ clock, groups: { shop: 2 } });
  let port = 9000;
  const ports = new Map<string, number>();
  const urlOf = (id: string): string => {
    if (!ports.has(id)) ports.set(id, ++port);
    return `http://127.0.0.1:${ports.get(id)}`;
  };
  const driver: SimulatedDriver = {
    ...simulated,
    async observe(group, signal) {
      const seen = await simulated.observe(group, signal);
      if (seen.kind === 'unseen') return seen;
      return { ...seen, instances: seen.instances.map((each) => ({ ...each, url: urlOf(each.id) })) };
    },
  };
  const services = [{ name: 'shop', command: { command: 'node', environment: {} }, policy }];
  const plane = await startPlane({ clock, pull, driver, configuration: { services } });
  /** So many milliseconds of a share of the processor, with requests that take so long. */
  async function work(forMs: number, share: number, tookMs = 10): Promise<void> {
    for (let passed = 0; passed < forMs; passed += 100) {
      cpu.add(share / 10);
      for (let request = 0; request < 10; request++) took.record(tookMs * 1000);
      await clock.advance(100);
    }
  }
  const latestStep = async () => {
    const { json } = await plane.ask('viewer', 'GET', '/performance/scaling/history?group=shop&limit=1');
    return json.items[0];
  };
  return { plane, clock, asked, work, latestStep };
}

const fast = {
  interval: '1s',
  replicas: { min: 2, max: 16 },
  scaleIn: { cooldown: '60s' },
  staleAfter: '15s',
  metrics: { cpuRatio: { target: 0.6 } },
};

describe('a service whose policy looks every second', () => {
  it.each([0, 300, 600])(
    'is decided upon within 1.5 s of a breach, here %i ms after a look',
    async (phaseMs) => {
      const { plane, clock, work, latestStep } = await serve(fast);
      await using _ = plane;
      await work(8000 + phaseMs, 0.3);
      const breachMs = clock.now();
      await work(1500, 1);
      const step = await latestStep();
      expect(step).toMatchObject({ action: 'scale_up', trigger: { metric: 'cpuRatio' } });
      expect(Date.parse(step.at)).toBeGreaterThan(breachMs);
    },
  );

  it('sees slow requests as soon, over the last five seconds', async () => {
    const metrics = { latencyMsP95: { scaleOutAbove: 500, scaleOutCooldown: 0 } };
    const { plane, clock, work, latestStep } = await serve({ ...fast, metrics });
    await using _ = plane;
    await work(8000, 0.3);
    const breachMs = clock.now();
    await work(1500, 0.3, 900);
    const step = await latestStep();
    expect(step).toMatchObject({ action: 'scale_up', trigger: { metric: 'latencyMsP95' } });
    expect(Date.parse(step.at)).toBeGreaterThan(breachMs);
    // And sees that they are quick again when the window has passed.
    await work(6500, 0.3, 10);
    const { json } = await plane.ask('viewer', 'GET', '/performance/scaling/status?group=shop');
    expect(json.items[0].last.proposals).toMatchObject([{ seen: expect.closeTo(10, 0) }]);
  });

  it('is asked just before each round, and no oftener kept than others', async () => {
    const { plane, asked, work } = await serve(fast);
    await using _ = plane;
    await work(10_000, 0.3);
    const [one] = asked;
    const times = asked.filter(({ host }) => host === one?.host).length;
    expect(times).toBeGreaterThanOrEqual(12);
    expect(times).toBeLessThanOrEqual(14);
    const kept = plane.store.samples.filter(
      ({ series }) => series.metric === 'cpu_ratio' && series.instance === 'simulated-1',
    );
    expect(kept.length).toBeLessThanOrEqual(2);
  });
});

describe('a service whose policy takes its time', () => {
  it('is asked no more often than everybody, until its policy says so', async () => {
    const { interval: _interval, ...slow } = fast;
    const { plane, asked, work } = await serve(slow);
    await using _ = plane;
    await work(20_000, 0.3);
    expect(asked.length).toBeLessThanOrEqual(10);
    await plane.ask('operator', 'PUT', '/performance/scaling/config', {
      body: { group: 'shop', policy: fast },
    });
    await work(1000, 0.3);
    asked.length = 0;
    await work(5000, 0.3);
    expect(asked.length).toBeGreaterThanOrEqual(10);
  });
});

describe('quick looks', () => {
  const running = (count: number) =>
    Array.from({ length: count }, (_, at) => ({
      instance: `shop-${at}`,
      url: `http://127.0.0.1:${9000 + at}`,
    }));

  function open(pull: Pull, clock = createVirtualClock()) {
    const lately = new Lately(['shop']);
    return {
      clock,
      quick: new QuickLooks({ clock, lately, pull, policy: {}, key: undefined, usualMs: 5000 }),
    };
  }

  it('ask nobody more than twice a second, and of many some with each round', async () => {
    const asked = new Map<string, number>();
    const { clock, quick } = open(async ({ url }) => {
      asked.set(url.host, (asked.get(url.host) ?? 0) + 1);
      throw new Error('connection refused');
    });
    await quick.look('shop', running(100), 1000);
    expect(asked.size).toBe(64);
    await quick.look('shop', running(100), 1000);
    expect(asked.size).toBe(100);
    await quick.look('shop', running(100), 1000);
    expect(Math.max(...asked.values())).toBe(1);
    await clock.advance(500);
    await quick.look('shop', running(100), 1000);
    expect([...asked.values()].reduce((sum, count) => sum + count)).toBe(164);
    expect(quick.counts).toEqual({ looks: 164, failures: 164 });
  });

  it('ask nobody who is decided upon less often than everybody is asked', async () => {
    const { quick } = open(async () => Promise.reject(new Error('connection refused')));
    await quick.look('shop', running(1), 5001);
    expect(quick.counts.looks).toBe(0);
    await quick.look('shop', running(1), 5000);
    expect(quick.counts.looks).toBe(1);
  });

  it('hold up no round for longer than half of its time, whoever does not answer', async () => {
    const { clock, quick } = open((_, signal) => {
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    const looked = quick.look('shop', running(1), 1000).then(() => clock.monotonicMs());
    await clock.advance(3000);
    expect(await looked).toBe(500);
    // And does not ask again meanwhile.
    await quick.look('shop', running(1), 1000);
    expect(quick.counts.looks).toBe(1);
    await clock.advance(1000);
    expect(quick.counts.failures).toBe(1);
    await quick.close();
  });
});
