import { type AlertState, isWorseThan } from './alert-state.ts';
import { digest, type Labels, labelsKey, pickLabels } from './labels.ts';
import { type AlertPolicy, type AlertUnit, rankOf, type Severity } from './rule.ts';

/** What is told to people and to other systems: alerts that belong together. A value, complete in itself. */
export interface Notification {
  /** The same for every attempt and every notifier: by it, a receiver knows what it has had already. */
  readonly id: string;
  readonly atMs: number;
  /** `changed`: an alert fired, changed or is over. `repeated`: nothing has changed. `escalated`: nobody took it. */
  readonly why: 'changed' | 'repeated' | 'escalated';
  /** `firing` as long as one of its group's alerts is. */
  readonly status: 'firing' | 'resolved';
  /** The worst of its alerts that fire, or that fired. */
  readonly severity: Severity;
  /** The labels that its alerts have in common by the policy's `groupBy`. */
  readonly group: Labels;
  readonly incident: NotifiedIncident | undefined;
  /** What has changed first, then what fires still; at most 100. */
  readonly alerts: readonly NotifiedAlert[];
  /** How many more there are. */
  readonly alertsLeftOut: number;
}

/** The incident that a notification belongs to. */
export interface NotifiedIncident {
  readonly id: string;
  /** 0, and one more each time that nobody took it for too long. */
  readonly level: number;
  readonly takenBy: string | undefined;
}

/** One alert of a notification. `change` is `none` where it only fires still; `value` and `limit` are in `unit`. */
export interface NotifiedAlert {
  readonly fingerprint: string;
  readonly rule: string;
  readonly labels: Labels;
  readonly status: 'firing' | 'resolved';
  readonly change: AlertChange | 'none';
  readonly severity: Severity;
  /** What was told before, where it was another. */
  readonly previousSeverity: Severity | undefined;
  readonly startedAtMs: number;
  readonly endedAtMs: number | undefined;
  readonly value: number | undefined;
  readonly limit: number;
  readonly unit: AlertUnit;
  readonly summary: string;
  readonly runbook: string | undefined;
  readonly acknowledgedBy: string | undefined;
}

/** `raised`, `eased`: it fires at another severity than was told. `repeated`: at the same one, and it is time to tell it again. */
export type AlertChange = 'fired' | 'raised' | 'eased' | 'repeated' | 'resolved';

/** What is to be told of one alert. */
export interface Announcement {
  readonly change: AlertChange;
  readonly alert: AlertState;
}

/**
 * What the outside must hear now: of each alert that fires and is not silenced, what it was not told yet, or was told
 * too long ago while nobody took it; and the end of what it was told, also in a silence.
 *
 * @param resolved alerts that are over since the last time. Pure.
 */
export function announcementsDue(
  { states, resolved }: { readonly states: readonly AlertState[]; readonly resolved: readonly AlertState[] },
  { repeatMs, groupBy }: Pick<AlertPolicy, 'repeatMs' | 'groupBy'>,
  nowMs: number,
): Announcement[] {
  const ended = resolved
    .filter(({ announced }) => announced !== undefined)
    .map((alert): Announcement => ({ change: 'resolved', alert }));
  const firing = states.filter(({ phase, silencedBy }) => phase === 'firing' && silencedBy === undefined);
  const changed = firing.flatMap((alert): Announcement[] => {
    const change = changeOf(alert);
    return change === undefined ? [] : [{ change, alert }];
  });
  const same = firing.filter((alert) => changeOf(alert) === undefined && alert.acknowledged === undefined);
  return [...ended, ...changed, ...repetitionsOf(same, { repeatMs, groupBy, nowMs })];
}

function changeOf({ announced, severity }: AlertState): AlertChange | undefined {
  if (announced === undefined) return 'fired';
  if (announced.severity === severity) return undefined;
  return isWorseThan(severity, announced.severity) ? 'raised' : 'eased';
}

/** A group is repeated as a whole: a time of its own for each alert would tell of the group as often as it has alerts. */
function repetitionsOf(
  same: readonly AlertState[],
  { repeatMs, groupBy, nowMs }: Pick<AlertPolicy, 'repeatMs' | 'groupBy'> & { readonly nowMs: number },
): Announcement[] {
  const isDue = ({ announced }: AlertState): boolean => nowMs - (announced?.atMs ?? nowMs) >= repeatMs;
  const groups = new Set(same.filter(isDue).map((alert) => groupKey(alert, groupBy)));
  if (groups.size === 0) return [];
  return same
    .filter((alert) => groups.has(groupKey(alert, groupBy)))
    .map((alert): Announcement => ({ change: 'repeated', alert }));
}

/** The states with what was announced noted in them. */
export function noteAnnounced(
  states: readonly AlertState[],
  announcements: readonly Announcement[],
  nowMs: number,
): AlertState[] {
  const told = new Set(announcements.map(({ alert }) => alert.fingerprint));
  return states.map((state) =>
    told.has(state.fingerprint) && state.phase === 'firing'
      ? { ...state, announced: { severity: state.severity, atMs: nowMs } }
      : state,
  );
}

/**
 * One notification for each group of which there is something to tell, with all of its alerts that fire.
 *
 * @param incidentOf the incident to which an alert belongs.
 */
export function groupAnnouncements(
  announcements: readonly Announcement[],
  context: {
    readonly states: readonly AlertState[];
    readonly groupBy: readonly string[];
    readonly incidentOf: (fingerprint: string) => NotifiedIncident | undefined;
    readonly nowMs: number;
  },
): Notification[] {
  const { states, groupBy, incidentOf, nowMs } = context;
  if (announcements.length === 0) return [];
  const groups = Map.groupBy(announcements, ({ alert }) => groupKey(alert, groupBy));
  const firing = Map.groupBy(states.filter(isTold), (state) => groupKey(state, groupBy));
  return [...groups.entries()]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, group]) => {
      const changed = group.toSorted(byUrgency);
      const told = new Set(changed.map(({ alert }) => alert.fingerprint));
      const still = (firing.get(key) ?? []).filter(({ fingerprint }) => !told.has(fingerprint));
      const first = (changed[0] as Announcement).alert;
      return composeNotification({
        why: changed.every(({ change }) => change === 'repeated') ? 'repeated' : 'changed',
        group: pickLabels(first.labels, groupBy),
        incident: incidentOf(first.fingerprint),
        alerts: [
          ...changed.map(({ alert, change }) => describeAlert(alert, change, nowMs)),
          ...still.map((alert) => describeAlert(alert, 'none', nowMs)),
        ],
        nowMs,
      });
    });
}

/** The worst first, since its summary stands for all of them, and what is over last. */
function byUrgency(a: Announcement, b: Announcement): number {
  const urgency = ({ change, alert }: Announcement): number =>
    change === 'resolved' ? -1 : rankOf(alert.severity);
  return urgency(b) - urgency(a) || (a.alert.rule < b.alert.rule ? -1 : Number(a.alert.rule > b.alert.rule));
}

/** Alerts that belong together have the same. */
export function groupKey({ labels }: Pick<AlertState, 'labels'>, groupBy: readonly string[]): string {
  return labelsKey(pickLabels(labels, groupBy));
}

/** Whether the outside knows of an alert and may hear of it. */
export function isTold({ phase, silencedBy, announced }: AlertState): boolean {
  return phase === 'firing' && silencedBy === undefined && announced !== undefined;
}

export function composeNotification(parts: {
  readonly why: Notification['why'];
  readonly group: Labels;
  readonly incident: NotifiedIncident | undefined;
  readonly alerts: readonly NotifiedAlert[];
  readonly nowMs: number;
}): Notification {
  const { why, group, incident, alerts, nowMs } = parts;
  const firing = alerts.filter(({ status }) => status === 'firing');
  const isCritical = (firing.length > 0 ? firing : alerts).some(({ severity }) => severity === 'critical');
  const content = alerts.map(({ fingerprint, change }) => `${fingerprint} ${change}`);
  return {
    id: digest([nowMs, why, labelsKey(group), incident?.id, incident?.level, ...content].join('\n'), 32),
    atMs: nowMs,
    why,
    status: firing.length > 0 ? 'firing' : 'resolved',
    severity: isCritical ? 'critical' : 'warning',
    group,
    incident,
    alerts: alerts.slice(0, alertsInNotificationMax),
    alertsLeftOut: Math.max(0, alerts.length - alertsInNotificationMax),
  };
}

const alertsInNotificationMax = 100;

/** An alert as it is told. */
export function describeAlert(
  alert: AlertState,
  change: NotifiedAlert['change'],
  nowMs: number,
): NotifiedAlert {
  const { announced, severity } = alert;
  const isOver = change === 'resolved';
  return {
    fingerprint: alert.fingerprint,
    rule: alert.rule,
    labels: alert.labels,
    status: isOver ? 'resolved' : 'firing',
    change,
    severity,
    previousSeverity:
      announced !== undefined && announced.severity !== severity ? announced.severity : undefined,
    startedAtMs: alert.startedAtMs ?? nowMs,
    endedAtMs: isOver ? nowMs : undefined,
    value: alert.value,
    limit: alert.limit,
    unit: alert.unit,
    summary: alert.summary,
    runbook: alert.runbook,
    acknowledgedBy: alert.acknowledged?.by,
  };
}
