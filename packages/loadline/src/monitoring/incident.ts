import { type AlertState, isWorseThan } from './alert-state.ts';
import { digest, type Labels, labelOf, pickLabels } from './labels.ts';
import { type Announcement, groupKey, type NotifiedIncident } from './notification.ts';
import type { AlertPolicy, Severity } from './rule.ts';

/**
 * What people work on: alerts that belong together, from the first that was told until the last is over.
 *
 *     open ──▸ taken ──▸ resolved
 *       └────────────────▴            resolved without anybody
 */
export interface Incident {
  readonly id: string;
  readonly phase: 'open' | 'resolved';
  /** The labels that its first alert shares with those of its group. */
  readonly group: Labels;
  /** The label `service` of its first alert; empty where it has none. */
  readonly service: string;
  /** The worst that it was. */
  readonly severity: Severity;
  /** When the first limit was seen passed: before it was opened, by a rule's duration. */
  readonly startedAtMs: number;
  readonly openedAtMs: number;
  /** When an alert last joined it. */
  readonly joinedAtMs: number;
  readonly resolvedAtMs: number | undefined;
  readonly taken: { readonly by: string; readonly atMs: number } | undefined;
  /** How often it was passed on because nobody took it. */
  readonly level: number;
  readonly alerts: readonly IncidentAlert[];
  readonly runbooks: readonly string[];
  readonly timeline: readonly TimelineEntry[];
  /** Entries that the timeline has no room for: of more than 500 it keeps the first and the newest. */
  readonly timelineLeftOut: number;
}

export interface IncidentAlert {
  readonly fingerprint: string;
  readonly rule: string;
  readonly labels: Labels;
  readonly resolvedAtMs: number | undefined;
}

export interface TimelineEntry {
  readonly atMs: number;
  /** A person, or `loadline`. */
  readonly by: string;
  readonly what: 'opened' | 'alert' | 'taken' | 'note' | 'escalated' | 'resolved';
  readonly text: string;
}

/**
 * Every alert that is told opens an incident or joins one: the open one of its group, or else the open one of its
 * service to which something was added not long ago. Pure.
 */
export function joinIncidents(
  incidents: readonly Incident[],
  announcements: readonly Announcement[],
  policy: Pick<AlertPolicy, 'groupBy' | 'joinWithinMs'>,
  nowMs: number,
): Incident[] {
  const next = [...incidents];
  for (const announcement of announcements) {
    if (announcement.change === 'repeated') continue;
    const at = indexFor(next, announcement, policy, nowMs);
    if (at >= 0) next[at] = withAlert(next[at] as Incident, announcement, nowMs);
    else if (announcement.change !== 'resolved')
      next.push(openIncident(announcement.alert, policy.groupBy, nowMs));
  }
  return next;
}

function indexFor(
  incidents: readonly Incident[],
  { alert, change }: Announcement,
  { groupBy, joinWithinMs }: Pick<AlertPolicy, 'groupBy' | 'joinWithinMs'>,
  nowMs: number,
): number {
  const find = (isIt: (incident: Incident) => boolean): number =>
    incidents.findLastIndex((incident) => incident.phase === 'open' && isIt(incident));
  const own = find(({ alerts }) => alerts.some(({ fingerprint }) => fingerprint === alert.fingerprint));
  if (own >= 0 || change === 'resolved') return own;
  const group = groupKey(alert, groupBy);
  const sameGroup = find((incident) => groupKey({ labels: incident.group }, groupBy) === group);
  if (sameGroup >= 0) return sameGroup;
  const service = labelOf(alert.labels, 'service');
  return find(
    (incident) =>
      service !== '' && incident.service === service && nowMs - incident.joinedAtMs <= joinWithinMs,
  );
}

function openIncident(alert: AlertState, groupBy: readonly string[], nowMs: number): Incident {
  const { fingerprint, labels, severity, startedAtMs = nowMs } = alert;
  const opened: Incident = {
    id: digest(`${fingerprint} ${nowMs}`, 16),
    phase: 'open',
    group: pickLabels(labels, groupBy),
    service: labelOf(labels, 'service'),
    severity,
    startedAtMs,
    openedAtMs: nowMs,
    joinedAtMs: nowMs,
    resolvedAtMs: undefined,
    taken: undefined,
    level: 0,
    alerts: [],
    runbooks: [],
    timeline: [{ atMs: nowMs, by: 'loadline', what: 'opened', text: alert.summary }],
    timelineLeftOut: 0,
  };
  return withAlert(opened, { alert, change: 'fired' }, nowMs);
}

function withAlert(incident: Incident, { alert, change }: Announcement, nowMs: number): Incident {
  const { fingerprint, rule, labels, severity, runbook, startedAtMs = nowMs } = alert;
  const others = incident.alerts.filter((each) => each.fingerprint !== fingerprint);
  const resolvedAtMs = change === 'resolved' ? nowMs : undefined;
  const text = `${change}, ${severity}: ${alert.summary}`;
  const noted = withEntry(incident, { atMs: nowMs, by: 'loadline', what: 'alert', text });
  return {
    ...noted,
    alerts: bounded([...others, { fingerprint, rule, labels, resolvedAtMs }]),
    severity: isWorseThan(severity, incident.severity) ? severity : incident.severity,
    startedAtMs: Math.min(incident.startedAtMs, startedAtMs),
    joinedAtMs: change === 'fired' ? nowMs : incident.joinedAtMs,
    runbooks:
      runbook === undefined || incident.runbooks.includes(runbook)
        ? incident.runbooks
        : [...incident.runbooks, runbook],
  };
}

/** Those that fire are all kept, since the incident lasts as long as they; of those that are over, the newest. */
function bounded(alerts: readonly IncidentAlert[]): readonly IncidentAlert[] {
  const surplus = alerts.length - incidentAlertsMax;
  if (surplus <= 0) return alerts;
  const over = alerts.filter(({ resolvedAtMs }) => resolvedAtMs !== undefined).slice(0, surplus);
  return alerts.filter((alert) => !over.includes(alert));
}

const incidentAlertsMax = 500;

/**
 * Ends what is over: an alert that fires no longer, whether or not anybody heard of its end, and an incident whose
 * alerts are all over.
 */
export function resolveIncidents(
  incidents: readonly Incident[],
  states: readonly AlertState[],
  nowMs: number,
): Incident[] {
  const firing = new Set(
    states.filter(({ phase }) => phase === 'firing').map(({ fingerprint }) => fingerprint),
  );
  return incidents.map((incident) => {
    if (incident.phase === 'resolved') return incident;
    const isStale = incident.alerts.some(
      (each) => each.resolvedAtMs === undefined && !firing.has(each.fingerprint),
    );
    const alerts = isStale
      ? incident.alerts.map((each) =>
          each.resolvedAtMs === undefined && !firing.has(each.fingerprint)
            ? { ...each, resolvedAtMs: nowMs }
            : each,
        )
      : incident.alerts;
    const isOver = alerts.every(({ resolvedAtMs }) => resolvedAtMs !== undefined);
    if (!isOver) return isStale ? { ...incident, alerts } : incident;
    const text = `resolved after ${Math.round((nowMs - incident.startedAtMs) / 1000)} s`;
    const noted = withEntry(incident, { atMs: nowMs, by: 'loadline', what: 'resolved', text });
    return { ...noted, alerts, phase: 'resolved', resolvedAtMs: nowMs };
  });
}

/** Passes on what nobody took in time: one level for each time that has passed. */
export function escalateIncidents(
  incidents: readonly Incident[],
  { escalateAfterMs }: Pick<AlertPolicy, 'escalateAfterMs'>,
  nowMs: number,
): Incident[] {
  return incidents.map((incident) => {
    if (incident.phase === 'resolved' || incident.taken !== undefined) return incident;
    const level = escalateAfterMs.filter((afterMs) => nowMs - incident.openedAtMs >= afterMs).length;
    if (level <= incident.level) return incident;
    const text = `nobody took it: level ${level}`;
    return { ...withEntry(incident, { atMs: nowMs, by: 'loadline', what: 'escalated', text }), level };
  });
}

/** Somebody has it now. Who takes it from somebody else is noted; when it was first taken stays. */
export function takeIncident(
  incident: Incident,
  { by, atMs }: { readonly by: string; readonly atMs: number },
): Incident {
  if (incident.taken?.by === by) return incident;
  const text = incident.taken === undefined ? 'taken' : `taken from ${incident.taken.by}`;
  return {
    ...withEntry(incident, { atMs, by, what: 'taken', text }),
    taken: { by, atMs: incident.taken?.atMs ?? atMs },
  };
}

/** What somebody has found or done, at most 2,000 letters of it. */
export function noteIncident(
  incident: Incident,
  { by, atMs, text }: { readonly by: string; readonly atMs: number; readonly text: string },
): Incident {
  return withEntry(incident, { atMs, by, what: 'note', text: text.slice(0, 2000) });
}

/** From its opening to its being taken; undefined where nobody has. */
export function timeToAcknowledgeMs({
  openedAtMs,
  taken,
}: Pick<Incident, 'openedAtMs' | 'taken'>): number | undefined {
  return taken === undefined ? undefined : taken.atMs - openedAtMs;
}

/** From the first sign of trouble to the last alert's end; undefined while it lasts. */
export function timeToRecoveryMs({
  startedAtMs,
  resolvedAtMs,
}: Pick<Incident, 'startedAtMs' | 'resolvedAtMs'>): number | undefined {
  return resolvedAtMs === undefined ? undefined : resolvedAtMs - startedAtMs;
}

/** An incident as a notification names it. */
export function nameIncident({ id, level, taken }: Incident): NotifiedIncident {
  return { id, level, takenBy: taken?.by };
}

function withEntry(incident: Incident, entry: TimelineEntry): Incident {
  const { timeline, timelineLeftOut } = incident;
  if (timeline.length < timelineMax) return { ...incident, timeline: [...timeline, entry] };
  return {
    ...incident,
    timeline: [timeline[0] as TimelineEntry, ...timeline.slice(2), entry],
    timelineLeftOut: timelineLeftOut + 1,
  };
}

const timelineMax = 500;
