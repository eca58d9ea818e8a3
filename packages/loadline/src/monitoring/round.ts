import { applySilences, evaluateAlerts, type Transition } from './alert-engine.ts';
import type { AlertState } from './alert-state.ts';
import type { EvaluationLimits } from './evaluation-limits.ts';
import {
  escalateIncidents,
  fingerprintsOf,
  type Incident,
  nameIncident,
  resolveIncidents,
} from './incident.ts';
import { joinIncidents } from './join-incidents.ts';
import {
  announcementsDue,
  composeNotification,
  describeAlert,
  groupAnnouncements,
  isTold,
  type Notification,
  type NotifiedIncident,
  noteAnnounced,
} from './notification.ts';
import { nothingSetAside, type Reading, type SetAside } from './reading.ts';
import { type AlertPolicy, rankOf } from './rule.ts';
import type { Silence } from './silence.ts';

/** All that a monitor knows; what it remembers across a restart. */
export interface MonitorState {
  readonly alerts: readonly AlertState[];
  /** Those that are open, and for an hour those that are not any more, at most 1,000 of them. */
  readonly incidents: readonly Incident[];
  readonly silences: readonly Silence[];
}

/** What one look has brought. */
export interface Round {
  readonly state: MonitorState;
  readonly transitions: readonly Transition[];
  readonly notifications: readonly Notification[];
  readonly setAside: SetAside;
}

/**
 * One round of the monitor, as values: hold readings against the rules, open and join incidents, and find out who has
 * to hear what. Pure.
 *
 * @param readings undefined where they could not be read: then nothing fires and nothing is resolved, but what fires
 *   is repeated and passed on as ever.
 */
export function takeRound(
  before: MonitorState,
  seen: {
    readonly policy: AlertPolicy;
    readonly readings: readonly Reading[] | undefined;
    readonly nowMs: number;
    readonly limits?: Partial<EvaluationLimits>;
  },
): Round {
  const { policy, readings, nowMs, limits = {} } = seen;
  const silences = before.silences.filter(({ untilMs }) => nowMs < untilMs);
  const { rules } = policy;
  const evaluated =
    readings === undefined
      ? { states: applySilences(before.alerts, silences, nowMs), transitions: [], setAside: nothingSetAside }
      : evaluateAlerts({ rules, readings, states: before.alerts, silences, nowMs, limits });
  const resolved = evaluated.transitions.filter(({ kind }) => kind === 'resolved').map(({ alert }) => alert);
  const announcements = announcementsDue({ states: evaluated.states, resolved }, policy, nowMs);
  const alerts = noteAnnounced(evaluated.states, announcements, nowMs);
  const told = new Map(alerts.filter(isTold).map((alert) => [alert.fingerprint, alert]));
  const joined = resolveIncidents(
    joinIncidents(before.incidents, announcements, policy, nowMs),
    alerts,
    nowMs,
  );
  const incidents = escalateIncidents(joined, (fingerprint) => told.has(fingerprint), policy, nowMs);
  const incidentOf = indexIncidents(incidents);
  const notifications = [
    ...groupAnnouncements(announcements, { states: alerts, groupBy: policy.groupBy, incidentOf, nowMs }),
    ...escalations(joined, incidents, told, nowMs),
  ];
  return {
    state: { alerts, incidents: ofUse(incidents, nowMs), silences },
    transitions: evaluated.transitions,
    notifications,
    setAside: evaluated.setAside,
  };
}

/** The incident of each alert: of several the one that lasts, or that has lasted longest. */
function indexIncidents(
  incidents: readonly Incident[],
): (fingerprint: string) => NotifiedIncident | undefined {
  const index = new Map<string, Incident>();
  const endOf = ({ resolvedAtMs = Number.MAX_VALUE }: Incident): number => resolvedAtMs;
  for (const incident of incidents.toSorted((a, b) => endOf(a) - endOf(b)))
    for (const fingerprint of fingerprintsOf(incident)) index.set(fingerprint, incident);
  return (fingerprint) => {
    const incident = index.get(fingerprint);
    return incident === undefined ? undefined : nameIncident(incident);
  };
}

/** A notification with all that fires, for each incident that was passed on in this round. */
function escalations(
  before: readonly Incident[],
  after: readonly Incident[],
  told: ReadonlyMap<string, AlertState>,
  nowMs: number,
): Notification[] {
  const levels = new Map(before.map(({ id, level }) => [id, level]));
  return after
    .filter(({ id, level }) => level > (levels.get(id) ?? 0))
    .map((incident) =>
      composeNotification({
        why: 'escalated',
        group: incident.group,
        incident: nameIncident(incident),
        alerts: fingerprintsOf(incident)
          .map((fingerprint) => told.get(fingerprint))
          .filter((alert) => alert !== undefined)
          .toSorted((a, b) => rankOf(b.severity) - rankOf(a.severity))
          .map((alert) => describeAlert(alert, 'none', nowMs)),
        nowMs,
      }),
    );
}

/**
 * The store keeps incidents for good; here they are kept for as long as somebody may still add a note. What comes and goes
 * all the time could be a million within that hour: of those that are over, the thousand newest are kept.
 */
function ofUse(incidents: readonly Incident[], nowMs: number): readonly Incident[] {
  const endOf = ({ resolvedAtMs = nowMs }: Incident): number => resolvedAtMs;
  const over = incidents.filter(
    (incident) => incident.phase === 'resolved' && nowMs - endOf(incident) < noteWithinMs,
  );
  const kept = new Set(over.toSorted((a, b) => endOf(b) - endOf(a)).slice(0, overMax));
  return incidents.filter((incident) => incident.phase === 'open' || kept.has(incident));
}

const noteWithinMs = 3_600_000;
const overMax = 1000;
