import { type AlertState, isWorseThan } from './alert-state.ts';
import {
  fingerprintsOf,
  type Incident,
  type IncidentAlert,
  newestWithin,
  type TimelineEntry,
  takeIncident,
  withEntries,
} from './incident.ts';
import { digest, labelOf, pickLabels } from './labels.ts';
import { type Announcement, groupKey } from './notification.ts';
import type { AlertPolicy } from './rule.ts';

type Joining = Pick<AlertPolicy, 'groupBy' | 'joinWithinMs'>;

/**
 * Every alert that is told opens an incident or joins one: the open one of its group, or else the open one of its
 * service to which something was added not long ago. Pure. Looks each of them up, since thousands may fire at once.
 */
export function joinIncidents(
  incidents: readonly Incident[],
  announcements: readonly Announcement[],
  policy: Joining,
  nowMs: number,
): Incident[] {
  const told = announcements.filter(({ change }) => change !== 'repeated');
  if (told.length === 0) return [...incidents];
  const open = new OpenIncidents(incidents, policy);
  const opened: Incident[] = [];
  const joining = new Map<string, Announcement[]>();
  for (const announcement of told) {
    const { alert, change } = announcement;
    let incident = open.ofAlert(alert) ?? (change === 'resolved' ? undefined : open.near(alert, nowMs));
    if (incident === undefined) {
      if (change === 'resolved') continue;
      incident = openIncident(alert, policy.groupBy, nowMs);
      opened.push(incident);
      open.add(incident);
    }
    open.join(incident, alert, change === 'fired' ? nowMs : undefined);
    const others = joining.get(incident.id);
    if (others === undefined) joining.set(incident.id, [announcement]);
    else others.push(announcement);
  }
  return [...incidents, ...opened].map((incident) =>
    withAlerts(incident, joining.get(incident.id) ?? [], nowMs),
  );
}

/** Where an alert may join. Of several incidents it is the newest. */
class OpenIncidents {
  readonly #groupBy: readonly string[];
  readonly #joinWithinMs: number;
  readonly #byAlert = new Map<string, Incident>();
  readonly #byGroup = new Map<string, Incident>();
  readonly #byService = new Map<string, Incident[]>();
  readonly #joinedAtMs = new Map<string, number>();

  constructor(incidents: readonly Incident[], { groupBy, joinWithinMs }: Joining) {
    this.#groupBy = groupBy;
    this.#joinWithinMs = joinWithinMs;
    for (const incident of incidents) if (incident.phase === 'open') this.add(incident);
  }

  add(incident: Incident): void {
    const { id, service, joinedAtMs, group } = incident;
    for (const fingerprint of fingerprintsOf(incident)) this.#byAlert.set(fingerprint, incident);
    this.#byGroup.set(groupKey({ labels: group }, this.#groupBy), incident);
    const others = this.#byService.get(service);
    if (others === undefined) this.#byService.set(service, [incident]);
    else others.push(incident);
    this.#joinedAtMs.set(id, joinedAtMs);
  }

  /** @param joinedAtMs undefined where the alert is none that it had not yet. */
  join(incident: Incident, alert: AlertState, joinedAtMs: number | undefined): void {
    this.#byAlert.set(alert.fingerprint, incident);
    if (joinedAtMs !== undefined) this.#joinedAtMs.set(incident.id, joinedAtMs);
  }

  ofAlert({ fingerprint }: AlertState): Incident | undefined {
    return this.#byAlert.get(fingerprint);
  }

  near(alert: AlertState, nowMs: number): Incident | undefined {
    const ofGroup = this.#byGroup.get(groupKey(alert, this.#groupBy));
    if (ofGroup !== undefined) return ofGroup;
    const service = labelOf(alert.labels, 'service');
    if (service === '') return undefined;
    return this.#byService
      .get(service)
      ?.findLast(({ id }) => nowMs - (this.#joinedAtMs.get(id) as number) <= this.#joinWithinMs);
  }
}

function openIncident(alert: AlertState, groupBy: readonly string[], nowMs: number): Incident {
  const { fingerprint, labels, severity, startedAtMs = nowMs } = alert;
  return {
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
    unlisted: [],
    alertsLeftOut: 0,
    runbooks: [],
    timeline: [{ atMs: nowMs, by: 'loadline', what: 'opened', text: alert.summary }],
    timelineLeftOut: 0,
  };
}

function withAlerts(incident: Incident, announcements: readonly Announcement[], nowMs: number): Incident {
  if (announcements.length === 0) return incident;
  const alerts = new Map(incident.alerts.map((alert) => [alert.fingerprint, alert]));
  const unlisted = new Set(incident.unlisted);
  const runbooks = new Set(incident.runbooks);
  const entries: TimelineEntry[] = [];
  let { severity, startedAtMs, joinedAtMs } = incident;
  for (const { alert, change } of announcements) {
    const { fingerprint, rule, labels, runbook } = alert;
    // Who has changed last stands last.
    alerts.delete(fingerprint);
    unlisted.delete(fingerprint);
    alerts.set(fingerprint, {
      fingerprint,
      rule,
      labels,
      resolvedAtMs: change === 'resolved' ? nowMs : undefined,
    });
    if (runbook !== undefined && runbooks.size < runbooksMax) runbooks.add(runbook);
    if (isWorseThan(alert.severity, severity)) severity = alert.severity;
    if (change === 'fired') joinedAtMs = nowMs;
    startedAtMs = Math.min(startedAtMs, alert.startedAtMs ?? nowMs);
    const text = `${change}, ${alert.severity}: ${alert.summary}`;
    entries.push({ atMs: nowMs, by: 'loadline', what: 'alert', text });
  }
  const joined: Incident = {
    ...withEntries(incident, entries),
    ...listed([...alerts.values()], { ...incident, unlisted: [...unlisted] }),
    severity,
    startedAtMs,
    joinedAtMs,
    runbooks: [...runbooks],
  };
  // Somebody may know of an alert before it is told: while it is pending, or silenced.
  const known = announcements.find(({ alert }) => alert.acknowledged !== undefined)?.alert.acknowledged;
  return joined.taken === undefined && known !== undefined ? takeIncident(joined, known) : joined;
}

/**
 * Gives alerts their room: first those that fire, in the order in which they came, then the newest of those that are over.
 * Those that fire beyond it are known by their fingerprints, since the incident lasts as long as they do.
 */
function listed(
  alerts: readonly IncidentAlert[],
  { unlisted, alertsLeftOut }: Pick<Incident, 'unlisted' | 'alertsLeftOut'>,
): Pick<Incident, 'alerts' | 'unlisted' | 'alertsLeftOut'> {
  const firing = alerts.filter(({ resolvedAtMs }) => resolvedAtMs === undefined);
  const over = alerts.filter(({ resolvedAtMs }) => resolvedAtMs !== undefined);
  // By age, and so that the first that came are the last to go.
  const kept = newestWithin([...over, ...firing.toReversed()], {
    countMax: alertsMax,
    lengthMax: alertsLengthMax,
    lengthOf: ({ rule, labels }) => rule.length + JSON.stringify(labels).length,
  });
  const isKept = new Set(kept);
  const surplus = firing.filter((alert) => !isKept.has(alert)).map(({ fingerprint }) => fingerprint);
  const overKept = over.filter((alert) => isKept.has(alert)).length;
  return {
    alerts: alerts.filter((alert) => isKept.has(alert)),
    unlisted: [...unlisted, ...surplus],
    alertsLeftOut: alertsLeftOut + over.length - overKept,
  };
}

const alertsMax = 500;
const alertsLengthMax = 80_000;
const runbooksMax = 20;
