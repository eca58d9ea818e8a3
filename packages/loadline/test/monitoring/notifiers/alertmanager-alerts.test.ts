import { describe, expect, it } from 'vitest';
import { postableAlerts } from '../../../src/monitoring/notifiers/alertmanager-alerts.ts';
import { notifiedAlert } from '../notifications.ts';

const context = { nowMs: Date.UTC(2026, 5, 6, 9), lastingMs: 240_000, alertsUrl: undefined };

describe('postableAlerts()', () => {
  it('gives what fires an end in the future, and what is over its end', () => {
    const alerts = [
      notifiedAlert(),
      notifiedAlert({ status: 'resolved', endedAtMs: Date.UTC(2026, 5, 6, 8, 59) }),
    ];
    expect(postableAlerts(alerts, context)).toMatchObject([
      { startsAt: '2026-06-06T08:00:00.000Z', endsAt: '2026-06-06T09:04:00.000Z' },
      { startsAt: '2026-06-06T08:00:00.000Z', endsAt: '2026-06-06T08:59:00.000Z' },
    ]);
  });

  it('ends an alert of another severity, which is another one there', () => {
    const alert = notifiedAlert({ severity: 'critical', previousSeverity: 'warning' });
    expect(postableAlerts([alert], context)).toMatchObject([
      { labels: { severity: 'warning' }, endsAt: '2026-06-06T09:00:00.000Z' },
      { labels: { severity: 'critical' }, endsAt: '2026-06-06T09:04:00.000Z' },
    ]);
  });

  it('makes names of labels that Alertmanager takes, and leaves out what is empty', () => {
    const labels = { 'http.route': '/', '5xx': 'y', '': 'z', empty: '', alertname: 'not mine' };
    const [alert] = postableAlerts([notifiedAlert({ labels })], context);
    expect(alert?.labels).toEqual({
      http_route: '/',
      _5xx: 'y',
      _: 'z',
      alertname: 'slow',
      severity: 'warning',
    });
  });

  it('never ends before it starts, whatever the clocks say', () => {
    const [alert] = postableAlerts([notifiedAlert({ status: 'resolved', endedAtMs: 0 })], context);
    expect(alert).toMatchObject({ startsAt: '1970-01-01T00:00:00.000Z', endsAt: '1970-01-01T00:00:00.000Z' });
  });
});
