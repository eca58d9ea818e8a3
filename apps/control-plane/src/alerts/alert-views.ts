import {
  type AlertState,
  type Incident,
  type Silence,
  timeToAcknowledgeMs,
  timeToRecoveryMs,
} from 'loadline/monitoring';
import {
  type AlertRuleView,
  type AlertView,
  type IncidentView,
  type SilenceView,
  timeOf,
} from '../contract/index.ts';
import { type IncidentNote, noteOf } from './incident-book.ts';
import type { KnownRule } from './rule-book.ts';

/** How the API shows what a monitor knows. All of it pure. */

export function alertViewOf(alert: AlertState, incidentId: string | undefined): AlertView {
  const { value, firedAtMs, runbook, acknowledged, silencedBy } = alert;
  return {
    fingerprint: alert.fingerprint,
    rule: alert.rule,
    labels: alert.labels,
    state: alert.phase === 'firing' ? 'firing' : 'pending',
    severity: alert.severity,
    ...(value === undefined ? {} : { value }),
    limit: alert.limit,
    unit: alert.unit,
    startedAt: timeOf(alert.startedAtMs ?? alert.seenAtMs),
    ...(firedAtMs === undefined ? {} : { firedAt: timeOf(firedAtMs) }),
    seenAt: timeOf(alert.seenAtMs),
    summary: alert.summary,
    ...(runbook === undefined ? {} : { runbook }),
    ...(acknowledged === undefined ? {} : { acknowledged: actOf(acknowledged) }),
    ...(silencedBy === undefined ? {} : { silencedBy }),
    ...(incidentId === undefined ? {} : { incidentId }),
  };
}

export function ruleViewOf({ rule, written, changedBy, changedAtMs, ...known }: KnownRule): AlertRuleView {
  const { of, runbook, match, limits, ...plain } = rule;
  return {
    ...plain,
    ...known,
    match: copyOf(match),
    limits: [...limits],
    ...(of === undefined ? {} : { of }),
    ...(runbook === undefined ? {} : { runbook }),
    ...(written === undefined ? {} : { written }),
    ...(changedBy === undefined ? {} : { changedBy }),
    ...(changedAtMs === undefined ? {} : { changedAt: timeOf(changedAtMs) }),
  };
}

export function silenceViewOf({ id, match, fromMs, untilMs, by, why }: Silence): SilenceView {
  return { id, match: copyOf(match), from: timeOf(fromMs), until: timeOf(untilMs), by, why };
}

export function incidentViewOf(note: IncidentNote): IncidentView {
  const { resolvedAtMs, taken } = note;
  const acknowledgedAfterMs = timeToAcknowledgeMs(note);
  const recoveredAfterMs = timeToRecoveryMs(note);
  return {
    id: note.id,
    state: note.phase,
    severity: note.severity,
    service: note.service,
    group: note.group,
    startedAt: timeOf(note.startedAtMs),
    openedAt: timeOf(note.openedAtMs),
    ...(resolvedAtMs === undefined ? {} : { resolvedAt: timeOf(resolvedAtMs) }),
    ...(taken === undefined ? {} : { taken: actOf(taken) }),
    level: note.level,
    alertCount: note.alertCount,
    firingCount: note.firingCount,
    runbooks: [...note.runbooks],
    ...(acknowledgedAfterMs === undefined ? {} : { timeToAcknowledgeMs: acknowledgedAfterMs }),
    ...(recoveredAfterMs === undefined ? {} : { timeToRecoveryMs: recoveredAfterMs }),
  };
}

export function incidentDetailOf(incident: Incident): IncidentView {
  return {
    ...incidentViewOf(noteOf(incident)),
    alerts: incident.alerts.map(({ fingerprint, rule, labels, resolvedAtMs }) => ({
      fingerprint,
      rule,
      labels,
      ...(resolvedAtMs === undefined ? {} : { resolvedAt: timeOf(resolvedAtMs) }),
    })),
    alertsLeftOut: incident.alertsLeftOut + incident.unlisted.length,
    timeline: incident.timeline.map(({ atMs, ...entry }) => ({ ...entry, at: timeOf(atMs) })),
    timelineLeftOut: incident.timelineLeftOut,
  };
}

function actOf({ by, atMs }: { readonly by: string; readonly atMs: number }): { by: string; at: string } {
  return { by, at: timeOf(atMs) };
}

function copyOf(match: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(match).map(([name, values]) => [name, [...values]]));
}
