import type { Registry } from 'loadline/metrics';
import type { Alerts } from './alerts.ts';

/** Shows how alerting itself does, so that a watcher that sees nothing or tells nobody is noticed. */
export function observeAlerts(registry: Registry, alerts: Pick<Alerts, 'counts' | 'report'>): void {
  registry.gauge({
    name: 'loadline_alerts',
    help: 'Alerts that are pending or firing.',
    labels: ['state', 'severity'],
    read: () => {
      const known = alerts.counts().alerts;
      return (['pending', 'firing'] as const).flatMap((state) =>
        (['warning', 'critical'] as const).map((severity) => [
          { state, severity },
          known.filter((alert) => alert.phase === state && alert.severity === severity).length,
        ]),
      );
    },
  });
  registry.gauge({
    name: 'loadline_alert_judge',
    help: 'Whether this control plane judges alerts; of several with one database, one does.',
    read: () => (alerts.counts().isJudge ? 1 : 0),
  });
  registry.gauge({
    name: 'loadline_incidents_open',
    help: 'Incidents that are not over.',
    labels: ['taken'],
    read: () => {
      const open = alerts.counts().openIncidents;
      const taken = open.filter((incident) => incident.taken !== undefined).length;
      return [
        [{ taken: 'true' }, taken],
        [{ taken: 'false' }, open.length - taken],
      ];
    },
  });
  const counters = {
    loadline_alert_rounds_total: ['Looks at what was measured.', (report) => report.rounds],
    loadline_alert_reads_failed_total: [
      'Looks in which nothing could be read: nothing fires and nothing is resolved then.',
      (report) => report.readsFailed,
    ],
    loadline_alert_metrics_left_out_total: [
      'Times that a metric had too much to be read.',
      (report) => report.leftOut,
    ],
    loadline_alert_saves_failed_total: [
      'Attempts to remember alerts that failed and are repeated.',
      (report) => report.memory.failures,
    ],
    loadline_alert_changes_lost_total: [
      'Changes of alerts that were not remembered.',
      (report) => report.memory.dropped + report.tooLarge,
    ],
  } as const satisfies Record<string, Counted>;
  for (const [name, [help, read]] of Object.entries(counters))
    registry.counter({ name, help, read: () => read(alerts.report()) });
  registry.gauge({
    name: 'loadline_alert_changes_waiting',
    help: 'Changes of alerts that are not remembered yet.',
    read: () => alerts.report().memory.waiting,
  });
  registry.counter({
    name: 'loadline_alert_readings_set_aside_total',
    help: 'Readings that say nothing, and why.',
    labels: ['reason'],
    read: () => Object.entries(alerts.report().setAside).map(([reason, count]) => [{ reason }, count]),
  });
  observeNotifiers(registry, alerts);
}

type Counted = readonly [help: string, read: (report: ReturnType<Alerts['report']>) => number];

function observeNotifiers(registry: Registry, alerts: Pick<Alerts, 'report'>): void {
  registry.counter({
    name: 'loadline_notifications_total',
    help: 'What became of notifications, by whom they were for.',
    labels: ['notifier', 'outcome'],
    read: () =>
      (['delivered', 'failed', 'dropped'] as const).flatMap((outcome) =>
        sumsOf(alerts, outcome).map(([notifier, count]) => [{ notifier, outcome }, count] as const),
      ),
  });
  registry.gauge({
    name: 'loadline_notifications_waiting',
    help: 'Notifications that wait for a notifier.',
    labels: ['notifier'],
    read: () => sumsOf(alerts, 'waiting').map(([notifier, count]) => [{ notifier }, count] as const),
  });
}

/** By the name of a notifier, which has no path: several at one host are added up. */
function sumsOf(
  alerts: Pick<Alerts, 'report'>,
  figure: 'delivered' | 'failed' | 'dropped' | 'waiting',
): readonly (readonly [notifier: string, count: number])[] {
  const sums = new Map<string, number>();
  for (const { notifier, [figure]: count } of alerts.report().notifiers)
    sums.set(notifier, (sums.get(notifier) ?? 0) + count);
  return [...sums];
}
