import type { Labels } from '../labels.ts';
import type { NotifiedAlert } from '../notification.ts';
import type { Severity } from '../rule.ts';
import { showValue } from '../summary.ts';
import { isoTime } from './body.ts';

/** An alert as Alertmanager's v2 API takes it. */
export interface PostableAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL?: string;
}

/**
 * Alerts for Alertmanager, which knows an alert by its labels, the severity among them: one whose severity has changed
 * is another there, and the old one is ended. What fires ends by itself in `lastingMs`, unless it is sent again. Pure.
 */
export function postableAlerts(
  alerts: readonly NotifiedAlert[],
  context: { readonly nowMs: number; readonly lastingMs: number; readonly alertsUrl: string | undefined },
): PostableAlert[] {
  const { nowMs, lastingMs } = context;
  return alerts.flatMap((alert) => {
    const { status, severity, previousSeverity, endedAtMs = nowMs } = alert;
    const endMs = status === 'resolved' ? endedAtMs : nowMs + lastingMs;
    const now = postable(alert, { ...context, severity, endMs });
    if (previousSeverity === undefined) return [now];
    return [postable(alert, { ...context, severity: previousSeverity, endMs: nowMs }), now];
  });
}

function postable(
  alert: NotifiedAlert,
  context: { readonly severity: Severity; readonly endMs: number; readonly alertsUrl: string | undefined },
): PostableAlert {
  const { rule, labels, startedAtMs, summary, runbook, value, unit, fingerprint } = alert;
  const { severity, endMs, alertsUrl } = context;
  const annotations = {
    summary,
    ...(runbook === undefined ? {} : { runbook_url: runbook }),
    ...(value === undefined ? {} : { value: showValue(value, unit) }),
  };
  return {
    labels: { ...plainLabels(labels), alertname: rule, severity },
    annotations,
    startsAt: isoTime(Math.min(startedAtMs, endMs)),
    endsAt: isoTime(endMs),
    ...(alertsUrl === undefined ? {} : { generatorURL: `${alertsUrl.replace(/\/$/, '')}/${fingerprint}` }),
  };
}

/** Series come with labels of any name, and Alertmanager refuses a whole message for one that it does not know. */
function plainLabels(labels: Labels): Labels {
  const entries = Object.entries(labels)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => [name.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d|$)/, '_'), value] as const);
  return Object.fromEntries(entries);
}
