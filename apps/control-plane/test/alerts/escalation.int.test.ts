import { describe, expect, it } from 'vitest';
import { startReceiver } from '../../../../packages/loadline/test/monitoring/notifiers/receiver.ts';
import { builtIn } from '../../src/alerts/index.ts';
import { startPlane } from '../plane.ts';
import { deepQueue, measure } from './watched-plane.ts';

describe('an incident that nobody takes', () => {
  it('is told to the next one after each time, until somebody takes it', async () => {
    await using receiver = await startReceiver();
    await using plane = await startPlane({
      configuration: {
        alerting: {
          policy: { ...builtIn(), escalateAfterMs: [60_000, 120_000] },
          webhooks: [`${receiver.url}/first`],
          webhookSecret: undefined,
          alertmanagers: [],
          escalations: [`${receiver.url}/second`, `${receiver.url}/third`],
        },
      },
    });
    const told = () => receiver.messages.map(({ path, body }) => ({ path, ...JSON.parse(body) }));
    const pathsTold = () => told().map(({ path, why }) => `${path} ${why}`);
    await plane.ask('operator', 'POST', '/performance/alert-rules', { body: deepQueue });
    await measure(plane, 15, 12);
    await expect.poll(pathsTold).toEqual(['/first changed']);

    await measure(plane, 63, 12);
    await expect
      .poll(() => pathsTold().toSorted())
      .toEqual(['/first changed', '/first escalated', '/second escalated']);
    const second = told().find(({ path }) => path === '/second');
    expect(second).toMatchObject({ status: 'firing', incident: { level: 1 } });

    const take = `/performance/incidents/${second.incident.id}/take`;
    expect((await plane.ask('operator', 'POST', take, { body: { assignee: 'Ada' } })).status).toBe(200);
    await measure(plane, 120, 12);
    await measure(plane, 4, 1);
    await expect.poll(() => pathsTold().slice(3).toSorted()).toEqual(['/first changed', '/second changed']);

    // All three are at one host, whose counts are added up, and none is left out.
    const { text } = await plane.ask('viewer', 'GET', '/metrics');
    const host = `webhook ${receiver.url}`;
    expect(text).toContain(`loadline_notifications_total{notifier="${host}",outcome="delivered"} 5`);
    expect(text).not.toContain('loadline_metrics_read_failures_total{metric="loadline_notifications');
  });
});
