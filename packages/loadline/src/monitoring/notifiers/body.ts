import type { Notification, NotifiedAlert } from '../notification.ts';
import { showValue } from '../summary.ts';

/** A notification as it goes out: times as ISO 8601 in UTC, values in the rule's unit, what is absent left out. */
export function notificationBody(notification: Notification): Readonly<Record<string, unknown>> {
  const { id, atMs, why, status, severity, group, incident, alerts, alertsLeftOut } = notification;
  return {
    schema: 'loadline.notification/1',
    id,
    at: isoTime(atMs),
    why,
    status,
    severity,
    summary: titleOf(notification),
    group,
    ...(incident === undefined ? {} : { incident: { ...incident } }),
    alerts: alerts.map(alertBody),
    ...(alertsLeftOut === 0 ? {} : { alertsLeftOut }),
  };
}

function alertBody(alert: NotifiedAlert): Readonly<Record<string, unknown>> {
  const { startedAtMs, endedAtMs, value, limit, unit, ...rest } = alert;
  return {
    ...rest,
    startedAt: isoTime(startedAtMs),
    ...(endedAtMs === undefined ? {} : { endedAt: isoTime(endedAtMs) }),
    ...(value === undefined ? {} : { value, valueShown: showValue(value, unit) }),
    limit,
    limitShown: showValue(limit, unit),
    unit,
  };
}

/** One line for people: the first alert's summary, whether that is over, and how many there are besides. */
function titleOf({ alerts, alertsLeftOut }: Notification): string {
  const others = alerts.length - 1 + alertsLeftOut;
  const [first] = alerts;
  const title = `${first?.status === 'resolved' ? 'Resolved: ' : ''}${first?.summary ?? ''}`;
  return others > 0 ? `${title} (and ${others} more)` : title;
}

/** A time of a broken clock must not keep an alert from being told. */
export function isoTime(atMs: number): string {
  const time = new Date(atMs);
  return Number.isNaN(time.getTime()) ? '1970-01-01T00:00:00.000Z' : time.toISOString();
}
