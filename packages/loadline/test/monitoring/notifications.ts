import type { Notification, NotifiedAlert } from 'loadline/monitoring';

export function notifiedAlert(said: Partial<NotifiedAlert> = {}): NotifiedAlert {
  return {
    fingerprint: '0123456789abcdef',
    rule: 'slow',
    labels: { service: 'api' },
    status: 'firing',
    change: 'fired',
    severity: 'warning',
    previousSeverity: undefined,
    startedAtMs: Date.UTC(2026, 5, 6, 8),
    endedAtMs: undefined,
    value: 1250,
    limit: 1000,
    unit: 'ms',
    summary: 'slow is 1.25 s, above 1 s',
    runbook: 'https://runbooks.example/slow',
    acknowledgedBy: undefined,
    ...said,
  };
}

export function notificationOf(said: Partial<Notification> = {}): Notification {
  return {
    id: 'b0b5c0ffee',
    atMs: Date.UTC(2026, 5, 6, 8, 1),
    why: 'changed',
    status: 'firing',
    severity: 'warning',
    group: { service: 'api' },
    incident: { id: 'feedbeef', level: 0, takenBy: undefined },
    alerts: [notifiedAlert()],
    alertsLeftOut: 0,
    ...said,
  };
}
