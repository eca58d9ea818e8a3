import { createVirtualClock, systemClock } from 'loadline/base';
import { createMonitorMemory, Dispatcher, Monitor, type NotifiedAlert } from 'loadline/monitoring';
import { createAlertmanagerNotifier } from 'loadline/monitoring/notifiers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeNotifier } from '../../contracts/notifier-contract.ts';
import { policyOf } from '../alert-policies.ts';
import { notificationOf, notifiedAlert } from '../notifications.ts';
import { type AlertmanagerServer, type KnownAlert, startAlertmanager } from './alertmanager-server.ts';
import { type Receiver, startReceiver } from './receiver.ts';

const addresses = { allowLoopback: true };
const { signal } = new AbortController();

let receiver: Receiver;
let alertmanager: AlertmanagerServer;

beforeAll(async () => {
  receiver = await startReceiver((response) => response.writeHead(200).end());
  alertmanager = await startAlertmanager(receiver.url);
});
afterAll(async () => {
  await alertmanager[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

/** What Alertmanager has told the webhook of one alert: `slow warning firing`. */
function told(rule: string): string[] {
  return receiver.messages.flatMap(({ body }) => {
    const { alerts } = JSON.parse(body) as {
      readonly alerts: readonly {
        readonly status: string;
        readonly labels: Readonly<Record<string, string>>;
      }[];
    };
    return alerts
      .filter(({ labels }) => labels.alertname === rule)
      .map(({ status, labels }) => `${labels.severity} ${status}`);
  });
}

async function known(rule: string): Promise<readonly KnownAlert[]> {
  return (await alertmanager.alerts()).filter(({ labels }) => labels.alertname === rule);
}

describeNotifier('Alertmanager', async () => {
  const own = await startAlertmanager(receiver.url);
  return {
    notifier: createAlertmanagerNotifier({ url: own.url, addresses }),
    arrived: async () => (await own.alerts()).map(({ labels }) => `${labels.alertname} firing`),
    stop: async () => own[Symbol.asyncDispose](),
  };
});

describe('an alert in Alertmanager', () => {
  it('has labels, annotations, times and a way back', async () => {
    const notifier = createAlertmanagerNotifier({
      url: alertmanager.url,
      addresses,
      alertsUrl: 'https://ops.example/alerts/',
    });
    const startedAtMs = systemClock.now() - 60_000;
    await notifier.notify(
      notificationOf({ alerts: [notifiedAlert({ rule: 'whole', startedAtMs })] }),
      signal,
    );
    const [alert] = await known('whole');
    expect(alert).toMatchObject({
      labels: { alertname: 'whole', severity: 'warning', service: 'api' },
      annotations: {
        summary: 'slow is 1.25 s, above 1 s',
        runbook_url: 'https://runbooks.example/slow',
        value: '1.25 s',
      },
      generatorURL: 'https://ops.example/alerts/0123456789abcdef',
    });
    expect(Date.parse(alert?.startsAt ?? '')).toBe(startedAtMs);
  });

  it('is told, worse under other labels, and over, as its monitor sees it', async () => {
    let value = 150;
    await using monitor = new Monitor({
      policy: policyOf({
        rules: [{ name: 'live', metric: 'm', above: { warning: 100, critical: 200 }, for: '100ms' }],
      }),
      dispatcher: new Dispatcher({
        routes: [{ notifier: createAlertmanagerNotifier({ url: alertmanager.url, addresses }) }],
        clock: systemClock,
      }),
      memory: createMonitorMemory(),
      intervalMs: 50,
      source: {
        read: async (rules, atMs) =>
          rules.map(({ name }) => ({ rule: name, labels: { service: 'api' }, value, atMs })),
      },
    });
    monitor.start();
    const soon = { timeout: 10_000, interval: 50 };
    await expect.poll(() => told('live'), soon).toContain('warning firing');
    value = 250;
    await expect.poll(() => told('live'), soon).toContain('critical firing');
    await expect.poll(() => told('live'), soon).toContain('warning resolved');
    value = 50;
    await expect.poll(() => told('live'), soon).toContain('critical resolved');
    expect(await known('live')).toEqual([]);
  });

  it('would time out, and is sent again before', async () => {
    const clock = createVirtualClock(systemClock.now());
    const notifier = createAlertmanagerNotifier({ url: alertmanager.url, addresses, clock });
    const alert = notifiedAlert({ rule: 'lasting', startedAtMs: clock.now() });
    const endsAtMs = async () => Date.parse((await known('lasting'))[0]?.endsAt ?? '');
    await notifier.notify(notificationOf({ alerts: [alert] }), signal);
    expect(await endsAtMs()).toBe(clock.now() + 240_000);
    await clock.advance(notifier.refresh?.everyMs ?? Number.NaN);
    await notifier.refresh?.send([alert], signal);
    expect(await endsAtMs()).toBe(clock.now() + 240_000);
  });

  it('is over also where nobody could say so in a notification', async () => {
    const notifier = createAlertmanagerNotifier({ url: alertmanager.url, addresses });
    const [lost, raised, lasting] = ['lost', 'raised', 'lasting on'].map((fingerprint) =>
      notifiedAlert({ rule: 'ending', fingerprint, labels: { which: fingerprint } }),
    ) as [NotifiedAlert, NotifiedAlert, NotifiedAlert];
    const shown = async () =>
      (await known('ending')).map(({ labels }) => `${labels.which} ${labels.severity}`).toSorted();
    await notifier.notify(notificationOf({ alerts: [lost, raised, lasting] }), signal);
    expect(await shown()).toEqual(['lasting on warning', 'lost warning', 'raised warning']);
    await notifier.refresh?.send([{ ...raised, severity: 'critical' }, lasting], signal);
    expect(await shown()).toEqual(['lasting on warning', 'raised critical']);
    await notifier.refresh?.send([], signal);
    expect(await shown()).toEqual([]);
  });

  it('arrives also where it is one of very many', async () => {
    const notifier = createAlertmanagerNotifier({ url: alertmanager.url, addresses });
    const many = Array.from({ length: 1100 }, (_, at) =>
      notifiedAlert({ rule: 'many', labels: { instance: String(at) } }),
    );
    await notifier.refresh?.send(many, signal);
    expect(await known('many')).toHaveLength(1100);
  });
});
