import { createVirtualClock, systemClock } from 'loadline/base';
import { createMonitorMemory, Dispatcher, Monitor } from 'loadline/monitoring';
import { createLogNotifier, createWebhookNotifier, isSignatureValid } from 'loadline/monitoring/notifiers';
import { describe, expect, it } from 'vitest';
import { describeNotifier } from '../../contracts/notifier-contract.ts';
import { policyOf } from '../alert-policies.ts';
import { notificationOf, notifiedAlert } from '../notifications.ts';
import { startReceiver } from './receiver.ts';

const addresses = { allowLoopback: true };
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const { signal } = new AbortController();

interface Body {
  readonly alerts: readonly { readonly rule: string; readonly status: string }[];
}

function alertsIn(bodies: readonly string[]): string[] {
  return bodies.flatMap((body) =>
    (JSON.parse(body) as Body).alerts.map(({ rule, status }) => `${rule} ${status}`),
  );
}

describeNotifier('the webhook', async () => {
  const receiver = await startReceiver();
  return {
    notifier: createWebhookNotifier({ url: receiver.url, addresses, secret }),
    arrived: () => alertsIn(receiver.messages.map(({ body }) => body)),
    stop: async () => receiver[Symbol.asyncDispose](),
  };
});

describeNotifier('the log', async () => {
  const lines: string[] = [];
  return {
    notifier: createLogNotifier((line) => void lines.push(line)),
    arrived: () => alertsIn(lines),
    stop: async () => {},
  };
});

describe('a webhook', () => {
  it('posts signed JSON to the address, with its own headers', async () => {
    await using receiver = await startReceiver();
    const url = `${receiver.url.replace('//', '//me:pass@')}/in?key=1`;
    await createWebhookNotifier({ url, addresses, secret, headers: { 'x-team': 'food' } }).notify(
      notificationOf(),
      signal,
    );
    const [{ path = '', headers = {}, body = '' } = {}] = receiver.messages;
    expect(path).toBe('/in?key=1');
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-team': 'food',
      'webhook-id': 'b0b5c0ffee',
      authorization: `Basic ${Buffer.from('me:pass').toString('base64')}`,
    });
    expect(isSignatureValid({ headers, body, nowMs: systemClock.now() }, secret)).toBe(true);
    expect(JSON.parse(body)).toEqual({
      schema: 'loadline.notification/1',
      id: 'b0b5c0ffee',
      at: '2026-06-06T08:01:00.000Z',
      why: 'changed',
      status: 'firing',
      severity: 'warning',
      summary: 'slow is 1.25 s, above 1 s',
      group: { service: 'api' },
      incident: { id: 'feedbeef', level: 0 },
      alerts: [
        {
          fingerprint: '0123456789abcdef',
          rule: 'slow',
          labels: { service: 'api' },
          status: 'firing',
          change: 'fired',
          severity: 'warning',
          startedAt: '2026-06-06T08:00:00.000Z',
          value: 1250,
          valueShown: '1.25 s',
          limit: 1000,
          limitShown: '1 s',
          unit: 'ms',
          summary: 'slow is 1.25 s, above 1 s',
          runbook: 'https://runbooks.example/slow',
        },
      ],
    });
  });

  it('says in one line whether the first of its alerts is over, and how many more there are', async () => {
    await using receiver = await startReceiver();
    const notifier = createWebhookNotifier({ url: receiver.url, addresses });
    const over = notifiedAlert({ status: 'resolved', change: 'resolved', endedAtMs: 0 });
    await notifier.notify(notificationOf({ alerts: [over, notifiedAlert()], alertsLeftOut: 3 }), signal);
    await notifier.notify(notificationOf({ alerts: [notifiedAlert(), over] }), signal);
    expect(receiver.messages.map(({ body }) => (JSON.parse(body) as { summary: string }).summary)).toEqual([
      'Resolved: slow is 1.25 s, above 1 s (and 4 more)',
      'slow is 1.25 s, above 1 s (and 1 more)',
    ]);
  });

  it('signs every attempt anew, under the same id', async () => {
    const clock = createVirtualClock(Date.UTC(2026, 0, 1));
    await using receiver = await startReceiver((response) =>
      response.writeHead(receiver.messages.length < 2 ? 503 : 200).end(),
    );
    const notifier = createWebhookNotifier({ url: receiver.url, addresses, secret, clock, timeoutMs: 1e9 });
    let isDone = false;
    const sent = notifier.notify(notificationOf(), signal).finally(() => {
      isDone = true;
    });
    while (!isDone) await clock.advance(100);
    await sent;
    const [first, second] = receiver.messages.map(({ headers }) => headers);
    expect(second?.['webhook-id']).toBe(first?.['webhook-id']);
    expect(second?.['webhook-timestamp']).not.toBe(first?.['webhook-timestamp']);
    expect(second?.['webhook-signature']).not.toBe(first?.['webhook-signature']);
  });

  it('follows no redirect', async () => {
    await using elsewhere = await startReceiver();
    await using receiver = await startReceiver((response) =>
      response.writeHead(307, { location: elsewhere.url }).end(),
    );
    await expect(
      createWebhookNotifier({ url: receiver.url, addresses }).notify(notificationOf(), signal),
    ).rejects.toMatchObject({
      code: 'MONITORING_DELIVERY_REFUSED',
    });
    expect([receiver.messages.length, elsewhere.messages.length]).toEqual([1, 0]);
  });

  it('goes to no address that its policy does not allow, whatever the name', async () => {
    await using receiver = await startReceiver();
    const { port } = new URL(receiver.url);
    const refused = async (url: string, resolved: readonly string[] = [], said = {}) => {
      const notifier = createWebhookNotifier({ url, resolve: async () => resolved, ...said });
      await expect(notifier.notify(notificationOf(), signal)).rejects.toMatchObject({
        code: 'MONITORING_ADDRESS_REFUSED',
      });
    };
    await refused(receiver.url);
    await refused(`http://innocent.example:${port}/`, ['127.0.0.1']);
    await refused(`http://innocent.example:${port}/`, ['127.0.0.1', '10.0.0.1'], { addresses });
    await refused('http://169.254.169.254/latest', [], {
      addresses: { ...addresses, allowPrivate: true, allowHosts: ['169.254.169.254'] },
    });
    await refused(`http://[::ffff:127.0.0.1]:${port}/`);
    expect(receiver.messages).toEqual([]);
  });

  it('goes to the address that was judged, though the name would lead elsewhere', async () => {
    await using receiver = await startReceiver();
    const { port } = new URL(receiver.url);
    const url = `http://nowhere.invalid:${port}/`;
    await createWebhookNotifier({ url, addresses, resolve: async () => ['127.0.0.1'] }).notify(
      notificationOf(),
      signal,
    );
    expect(receiver.messages[0]?.headers.host).toBe(`nowhere.invalid:${port}`);
  });

  it('needs no more than the head of an answer that never ends', async () => {
    await using receiver = await startReceiver((response) => {
      response.writeHead(200);
      const more = (): void =>
        void (response.destroyed || response.write('x'.repeat(16_384), () => setImmediate(more)));
      more();
    });
    await createWebhookNotifier({ url: receiver.url, addresses }).notify(notificationOf(), signal);
    expect(receiver.messages).toHaveLength(1);
  });
});

describe('a breach', () => {
  it('is with the receiver within the rule’s duration and five seconds, by real clocks', async () => {
    await using receiver = await startReceiver();
    const policy = policyOf({
      rules: [{ name: 'slow', metric: 'latency_ms', above: { warning: 100 }, for: '300ms' }],
    });
    const dispatcher = new Dispatcher({
      routes: [{ notifier: createWebhookNotifier({ url: receiver.url, addresses, secret }) }],
      clock: systemClock,
    });
    const breachedAtMs = systemClock.now();
    await using monitor = new Monitor({
      policy,
      dispatcher,
      memory: createMonitorMemory(),
      intervalMs: 100,
      source: {
        read: async (rules, atMs) =>
          rules.map(({ name }) => ({ rule: name, labels: { service: 'api' }, value: 150, atMs })),
      },
    });
    monitor.start();
    await expect.poll(() => receiver.messages.length, { timeout: 10_000, interval: 20 }).toBe(1);
    const delayMs = systemClock.now() - breachedAtMs;
    expect(delayMs).toBeGreaterThanOrEqual(300);
    expect(delayMs).toBeLessThanOrEqual(300 + 5000);
    // The receiver has it before its answer is here.
    await expect.poll(() => monitor.report().notifiers).toMatchObject([{ delivered: 1, failed: 0 }]);
  });
});
