import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { createVirtualClock, systemClock, type VirtualClock } from 'loadline/base';
import { createPostgres, type Postgres } from 'loadline/postgres';
import { openStore, type Store } from 'loadline/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AlertmanagerServer,
  startAlertmanager,
} from '../../../../packages/loadline/test/monitoring/notifiers/alertmanager-server.ts';
import {
  type Receiver,
  startReceiver,
} from '../../../../packages/loadline/test/monitoring/notifiers/receiver.ts';
import { builtIn } from '../../src/alerts/index.ts';
import { startPlane } from '../plane.ts';

let server: StartedPostgres;
let postgres: Postgres;
let store: Store;
let clock: VirtualClock;
let receiver: Receiver;
let alertmanager: AlertmanagerServer;

beforeAll(async () => {
  // Alertmanager goes by the time of day. The test runs ahead of that by less than a minute: an end must not be to come.
  clock = createVirtualClock(systemClock.now() - 60_000);
  server = await startPostgres();
  postgres = createPostgres({ url: server.url });
  store = await openStore(postgres, { clock });
  receiver = await startReceiver((response) => response.writeHead(200).end());
  alertmanager = await startAlertmanager(receiver.url);
});

afterAll(async () => {
  await alertmanager[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
  await store.close();
  await postgres.close();
  await server.stop();
});

describe('a breach that was measured', () => {
  it('is at a real Alertmanager within its rule’s duration and five seconds, and ends there', async () => {
    const busy = new Busy();
    await using plane = await startPlane({
      clock,
      store: {
        ...store,
        samples: [],
        metrics: { ...store.metrics, summaries: busy.watch(store.metrics.summaries) },
        documents: { ...store.documents, change: busy.watch(store.documents.change) },
        leases: { ...store.leases, take: busy.watch(store.leases.take) },
      },
      configuration: {
        alerting: {
          policy: builtIn(),
          webhooks: [receiver.url],
          webhookSecret: 'a-secret-of-at-least-24-bytes',
          alertmanagers: [alertmanager.url],
          escalations: [],
        },
      },
    });
    const body = {
      name: 'slow',
      metric: 'latency_ms',
      statistic: 'p95',
      window: '10s',
      above: { critical: '500ms' },
      for: '10s',
    };
    await plane.ask('operator', 'POST', '/performance/alert-rules', { body });

    /** Measures each second, and gives every look the real time that it takes. */
    const measureUntil = async (latencyMs: number, isSo: () => Promise<boolean>): Promise<number> => {
      for (let second = 1; second <= 40; second++) {
        const series = {
          metric: 'latency_ms',
          unit: 'ms',
          service: 'shop',
          instance: 'a',
          endpoint: 'GET /',
        };
        await store.metrics.write([{ series, atMs: clock.now(), value: latencyMs }]);
        await clock.advance(1000);
        await busy.untilIdle();
        if (await isSo()) return second;
      }
      return Number.POSITIVE_INFINITY;
    };
    const isKnown = async (): Promise<boolean> => (await alertmanager.alerts()).length > 0;
    expect(await measureUntil(900, isKnown)).toBeLessThanOrEqual(15);
    const [alert] = await alertmanager.alerts();
    expect(alert).toMatchObject({
      labels: { alertname: 'slow', severity: 'critical', service: 'shop' },
      status: { state: 'active' },
    });
    const told = () => receiver.messages.map(({ body: text }) => JSON.parse(text));
    await expect
      .poll(told, { timeout: 10_000 })
      .toContainEqual(expect.objectContaining({ schema: 'loadline.notification/1', status: 'firing' }));
    // It lasts until the slow ones have left the window.
    const isOver = async (): Promise<boolean> => !(await isKnown());
    expect(await measureUntil(1, isOver)).toBeLessThanOrEqual(15);
    expect((await store.documents.list('incident')).map(({ body: kept }) => kept)).toMatchObject([
      { phase: 'resolved', service: 'shop' },
    ]);
  });
});

/** A look reads and remembers in real time, of which the clock knows nothing. */
class Busy {
  #pending = 0;

  watch<Args extends unknown[], Value>(
    work: (...args: Args) => Promise<Value>,
  ): (...args: Args) => Promise<Value> {
    return async (...args) => {
      this.#pending++;
      try {
        return await work(...args);
      } finally {
        this.#pending--;
      }
    };
  }

  async untilIdle(): Promise<void> {
    for (let turns = 0; turns < 20; turns = this.#pending > 0 ? 0 : turns + 1)
      await new Promise((resolve) => setImmediate(resolve));
  }
}
